/** From users' prompts to reasoning traces: render, generate, split at the close marker. */
import type { Checkpoint } from "../checkpoint.ts";
import type { DirectionEdit } from "../decoder/direction-edit.ts";
import { DecoderError } from "../errors.ts";
import type { ChatOptions } from "../text/chat-options.ts";
import { promptIds, reasoningOf } from "../text/render-prompt.ts";
import { splitTrace, type WrittenTrace } from "../text/split-trace.ts";
import type { AdapterWeights } from "./adapter-inputs.ts";
import type { Generator } from "./generator.ts";
import type { HeadScale } from "./request.ts";
import type { Sampling } from "./sampling.ts";
import { type TokenLimits, withinLimits } from "./token-limits.ts";

export interface TraceOptions extends TokenLimits {
  readonly sampling?: Sampling;
  readonly stopStrings?: ReadonlyArray<string> | undefined;
  readonly seed: number;
  readonly headScale?: HeadScale | undefined;
  readonly directionEdit?: DirectionEdit | undefined;
  readonly adapter?: AdapterWeights | undefined;
  /** System prompt, template variables, thinking markers; default: as the chat template has them. */
  readonly chat?: ChatOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A trace is done, in order of completion; `index` is that of its prompt. */
  readonly onTrace?: (index: number, trace: WrittenTrace) => void;
  /** Rows finished, tokens written, and how many of these are of finished rows. */
  readonly onProgress?: (rows: number, tokens: number, finished: number) => void;
}

/** What to write a trace for. */
export interface TracePrompt {
  readonly id: string;
  readonly prompt: string;
  /** Tokens the model is taken to have written already, say some thinking and its close marker: it goes on behind them. */
  readonly begun?: ReadonlyArray<number> | undefined;
}

/**
 * A trace per prompt, in their order; limits count new tokens. The seed of a row comes from `seed` and the prompt's `id` alone. Rejects with
 * `CheckpointError` where the chat template cannot be rendered or shows no thinking markers, with `DecoderError` for limits
 * that make no sense.
 */
export const writeTraces = async (
  checkpoint: Checkpoint,
  generator: Generator,
  prompts: ReadonlyArray<TracePrompt>,
  options: TraceOptions,
): Promise<ReadonlyArray<WrittenTrace>> => {
  const { sampling, stopStrings, seed, headScale, directionEdit, adapter, chat, signal, onTrace, onProgress } = options;
  const format = reasoningOf(checkpoint, chat);
  if (prompts.some(({ begun }) => begun !== undefined) && (options.maxThinkingTokens ?? options.maxAnswerTokens))
    throw new DecoderError({
      what: "maxThinkingTokens and maxAnswerTokens",
      problem: "cannot be counted where a trace has begun",
      remedy: "limit it by maxNewTokens",
    });
  const rendered = prompts.map(({ prompt }) => promptIds(checkpoint, prompt, chat));
  let rows = 0;
  let tokens = 0;
  let finished = 0;
  const traces: WrittenTrace[] = [];
  await generator.generate(
    rendered.map((ids, i) => ({
      ids: [...ids, ...(prompts[i]?.begun ?? [])],
      rendered: ids.length,
      seed: `${seed}/${prompts[i]?.id}`,
    })),
    {
      ...withinLimits(format, options),
      reasoning: format,
      headScale,
      directionEdit,
      adapter,
      signal,
      ...(sampling === undefined ? {} : { sampling }),
      ...(stopStrings === undefined ? {} : { stopStrings }),
      onRow: (row) => {
        const ids = [...(prompts[row.index]?.begun ?? []), ...row.ids];
        const trace = splitTrace(checkpoint, rendered[row.index] as number[], { ids, finish: row.finish }, format);
        traces[row.index] = trace;
        finished += row.ids.length;
        onProgress?.(++rows, tokens, finished);
        onTrace?.(row.index, trace);
      },
      onTokens: (count) => {
        tokens += count;
        onProgress?.(rows, tokens, finished);
      },
    },
  );
  return traces;
};
