/**
 * A server's reply as a trace. Where the server tells its tokens these are the trace. Else its text is put together as the model
 * must have written it and cut by the checkpoint's own tokenizer, so that the spans are those of a trace written here.
 */
import { type Checkpoint, type Reasoning, splitTrace, turnEnd, type WrittenTrace } from "@precipice/model";
import * as Effect from "effect/Effect";
import { endOf, type Reply, type ServerError, serverError, unusable } from "../openai/index.ts";
import type { Backend } from "./backend-config.ts";

export interface RemoteTrace {
  readonly trace: WrittenTrace;
  /** Tokens of prompt and reply by the checkpoint's own tokenizer. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface ReplyContext {
  readonly checkpoint: Pick<Checkpoint, "template" | "tokenizer" | "config">;
  readonly format: Reasoning;
  readonly api: Backend["api"];
  /** Texts that may have ended the reply, instead of the model itself. */
  readonly stop: readonly string[];
}

/**
 * Fails with `E_SERVER_ANSWER` for tokens that the checkpoint does not have, and as the client does (`E_SERVER_FINISH`,
 * `E_SERVER_FILTERED`) for a reply that ended neither normally nor by the limit of tokens.
 */
export const remoteTrace = (
  { checkpoint, format, api, stop }: ReplyContext,
  prompt: readonly number[],
  reply: Reply,
): Effect.Effect<RemoteTrace, ServerError> =>
  Effect.suspend(() => {
    const { tokenizer, config } = checkpoint;
    const error = unusable(reply.finishReason);
    if (error !== null) return Effect.fail(error);
    const finish = endOf(reply.finishReason) === "length" ? "length" : "stop";
    const told = reply.ids !== null;
    const seen = reply.promptIds ?? prompt;
    const strange = [...seen, ...(reply.ids ?? [])].find((id) => id < 0 || id >= config.vocab);
    if (strange !== undefined)
      return Effect.fail(
        serverError("E_SERVER_ANSWER", `The server told of token ${strange}; this checkpoint has ${config.vocab}`),
      );
    const derived = () => continued(tokenizer, prompt, writtenText(format, api, reply));
    const ids = reply.ids ?? derived();
    const byModel = finish === "stop" && stop.length === 0 && reply.stopText !== true;
    const ends = !told && byModel && !config.eosIds.includes(ids.at(-1) ?? -1);
    const end = ends ? turnEnd(checkpoint).ids : [];
    const all = [...ids, ...end.slice(end.indexOf(ids.at(-1) ?? -1) + 1)];
    return Effect.succeed({
      trace: splitTrace(checkpoint, seen, { ids: all, finish }, format),
      promptTokens: prompt.length,
      completionTokens: all.length,
    });
  });

/** Tokens of `text` behind a prompt: cut together where that leaves the prompt as it is, else apart. */
const continued = (tokenizer: Checkpoint["tokenizer"], prompt: readonly number[], text: string): readonly number[] => {
  const whole = tokenizer.encode(`${tokenizer.decode(prompt, { special: true })}${text}`);
  return prompt.every((id, i) => id === whole[i]) ? whole.slice(prompt.length) : tokenizer.encode(text);
};

/** What the model wrote behind the prompt, markers included. */
const writtenText = (format: Reasoning, api: Backend["api"], { content, reasoning, finishReason }: Reply): string => {
  if (api === "completions" || format === "none" || format.closed) return content;
  const { open, close, opened } = format;
  const opening = opened ? "" : `${open}\n`;
  const closing = `\n${close}${format.tail ?? "\n\n"}`;
  if (reasoning !== null && reasoning !== "")
    // thinking without an answer: the answer never began
    return `${opening}${reasoning.trim()}${content === "" ? "" : `${closing}${content.trimStart()}`}`;
  if (content.includes(close)) {
    // some servers give back the marker that the prompt ends with
    const begun = content.trimStart();
    return opened && begun.startsWith(open) ? begun.slice(open.length).trimStart() : content;
  }
  // cut off while it thought; else the server keeps the thinking to itself
  return endOf(finishReason) === "length" ? content : `${opening}${closing.trimStart()}${content.trimStart()}`;
};
