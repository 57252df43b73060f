/** What is asked of a generation and what comes back: plain data that crosses the worker border. */
import type { RenormMode } from "../decoder/head-scale.ts";
import type { SpanFormat } from "../text/spans.ts";
import type { TokenScope } from "../text/token-scope.ts";
import type { Sampling } from "./sampling.ts";

export interface GenerationRow {
  readonly ids: ReadonlyArray<number>;
  /** Tokens of `ids` that are the rendered prompt; the rest counts as written where markers are looked for. Default: all. */
  readonly rendered?: number | undefined;
  /** Names the row's random stream: its text does not depend on its batch-mates or on the number of workers. */
  readonly seed: number | string;
}

/** Scale heads while generating. */
export interface HeadScale {
  /** `[layers * heads]`, row-major: gamma of each head, 1 leaves it alone. */
  readonly scale: Float32Array;
  readonly renorm: RenormMode;
  /** Tokens it acts on; `template` and `response` need the call's `reasoning`. */
  readonly scope: TokenScope;
}

/**
 * Limits for thinking and answer apart. Everything before the close marker is thinking; the marker is searched in the text of
 * the new tokens, special ones included. Both limits lie within `maxNewTokens`.
 */
export interface ThinkingBudget {
  /** Text of the close marker, e.g. `</think>`. */
  readonly close: string;
  /** Does the prompt end inside the thinking? If not, the model writes `open` first; its tokens are not counted. */
  readonly openedByPrompt: boolean;
  /** Text of the open marker, looked for among the first new tokens when the prompt does not hold it. */
  readonly open?: string | undefined;
  /** Most tokens of thinking, those of the model's own close marker included. A row that reaches it unclosed ends as "length". */
  readonly maxThinkingTokens?: number | undefined;
  /** Most tokens after the close marker. */
  readonly maxAnswerTokens?: number | undefined;
  /** At the thinking limit write the close marker's tokens and let the answer follow (budget forcing, Muennighoff et al., 2025). */
  readonly forceClose?: boolean | undefined;
}

export interface GenerationOptions {
  readonly maxNewTokens: number;
  readonly budget?: ThinkingBudget | undefined;
  /** How the model delimits its thinking: tells the regions that an intervention's scope names. */
  readonly reasoning?: SpanFormat | undefined;
  readonly sampling?: Sampling;
  /** Token ids that end a row; the checkpoint's own when absent. */
  readonly stopIds?: ReadonlyArray<number>;
  /** Texts that end a row as soon as the new text contains one. */
  readonly stopStrings?: ReadonlyArray<string>;
  /** Tell text as it is written. */
  readonly stream?: boolean;
  /** Tell token ids as they are written. */
  readonly streamIds?: boolean;
  /** Also return the logits of every step (`[steps * vocab]` per row). */
  readonly recordLogits?: boolean;
}

export interface GeneratedRow {
  readonly index: number;
  /** New tokens, the ending one included. */
  readonly ids: ReadonlyArray<number>;
  readonly finish: "stop" | "length";
  /** The close marker was written by the budget, not by the model. */
  readonly forcedClose?: true;
  readonly logits?: Float32Array;
}
