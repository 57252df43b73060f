/** What a decoder is made of, independent of how its checkpoint spells it. */
export interface DecoderConfig {
  readonly modelType: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly rmsEpsilon: number;
  /** Does lm_head share the embedding table? */
  readonly tied: boolean;
  /** Biases on q, k, v; on o; on the MLP. */
  readonly bias: { readonly qkv: boolean; readonly o: boolean; readonly mlp: boolean };
  /** RMS normalisation of every query and key head before rotation (qwen3). */
  readonly headNorm: boolean;
  /** q, k, v in one tensor, gate and up in another (phi3). */
  readonly fused: boolean;
  /** Leading dimensions of each head that are rotated. */
  readonly rotaryDim: number;
  /** Per layer: how many keys a query sees, itself included; null sees all before it. */
  readonly windows: ReadonlyArray<number | null>;
  /** Sparse MLPs: every block routes each token to a few of its experts (qwen3_moe); null where the MLP is dense. */
  readonly experts: ExpertConfig | null;
  readonly rope: RopeConfig;
  readonly maxPositions: number;
  readonly bosId: number | undefined;
  readonly eosIds: ReadonlyArray<number>;
}

export interface ExpertConfig {
  readonly count: number;
  readonly perToken: number;
  /** Width of one expert. */
  readonly intermediate: number;
  /** Do the chosen experts' probabilities get divided by their sum? */
  readonly normalised: boolean;
}

export interface RopeConfig {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

export type RopeScaling =
  | { readonly type: "default" }
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalMaxPositions: number;
      /** Are the ends of the ramp rounded to whole pairs? */
      readonly truncate: boolean;
      /** Multiplies cos and sin. */
      readonly attentionFactor: number;
    }
  | {
      readonly type: "longrope";
      /** Divisors of the frequencies: for sequences up to `originalMaxPositions` tokens, and for longer ones. */
      readonly shortFactor: ReadonlyArray<number>;
      readonly longFactor: ReadonlyArray<number>;
      readonly originalMaxPositions: number;
      readonly attentionFactor: number;
    };
