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
  readonly rope: RopeConfig;
  readonly maxPositions: number;
  readonly bosId: number | undefined;
  readonly eosIds: ReadonlyArray<number>;
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
    };
