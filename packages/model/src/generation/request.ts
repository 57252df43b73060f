/** What is asked of a generation and what comes back: plain data that crosses the worker border. */
import type { RenormMode } from "../decoder/head-scale.ts";
import type { Sampling } from "./sampling.ts";

export interface GenerationRow {
  readonly ids: ReadonlyArray<number>;
  /** Names the row's random stream: its text does not depend on its batch-mates or on the number of workers. */
  readonly seed: number | string;
}

/** Scale heads while generating. */
export interface HeadScale {
  /** `[layers * heads]`, row-major: gamma of each head, 1 leaves it alone. */
  readonly scale: Float32Array;
  readonly renorm: RenormMode;
  /** Tokens it acts on: all, or only those after the prompt. */
  readonly scope: "all" | "generated";
}

export interface GenerationOptions {
  readonly maxNewTokens: number;
  readonly sampling?: Sampling;
  /** Token ids that end a row; the checkpoint's own when absent. */
  readonly stopIds?: ReadonlyArray<number>;
  /** Texts that end a row as soon as the new text contains one. */
  readonly stopStrings?: ReadonlyArray<string>;
  /** Also return the logits of every step (`[steps * vocab]` per row). */
  readonly recordLogits?: boolean;
}

export interface GeneratedRow {
  readonly index: number;
  /** New tokens, the ending one included. */
  readonly ids: ReadonlyArray<number>;
  readonly finish: "stop" | "length";
  readonly logits?: Float32Array;
}
