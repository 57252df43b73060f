/** What a server wrote, whichever of its interfaces was asked, whole or from a stream. */
import type { Answer } from "./answer.ts";
import { FieldError, idsAt, type Said, saidAt, textAt, thinkingAt, type Usage, usageAt } from "./fields.ts";
import { decidingReason, unusable } from "./finish.ts";
import { serverError } from "./server-error.ts";
import { isRecord } from "./told-error.ts";

export interface Reply {
  readonly content: string;
  /** `reasoning_content` (vLLM, SGLang, DeepSeek) or `reasoning` (OpenRouter, newer vLLM); null when the server sends none. */
  readonly reasoning: string | null;
  readonly finishReason: string | null;
  /** A stop text ended it and not the model, as far as the server tells. */
  readonly stopText?: boolean;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** New tokens, where the server tells them (vLLM's `return_token_ids`). */
  readonly ids: readonly number[] | null;
  readonly promptIds: readonly number[] | null;
}

export type Api = "chat" | "completions";

/** One answer, or a piece of one. */
interface Piece extends Said {
  readonly finish: string | null;
  readonly stopText: boolean;
  readonly usage: Usage | null;
  readonly ids: readonly number[] | null;
  readonly promptIds: readonly number[] | null;
}

type Json = Readonly<Record<string, unknown>>;

/** Throws `ServerError` where a field cannot be read, or where the reply ended otherwise than a whole one does. */
export const readReply = (api: Api, answer: Answer, where: string): Reply => {
  try {
    const wanted = wantedIndex(answer.chunks);
    if (wanted === Number.POSITIVE_INFINITY)
      throw serverError("E_SERVER_ANSWER", `${where} answered JSON of another shape: it has no choices`);
    const reply = joined(answer.chunks.map((chunk) => pieceOf(api, answer.streamed, chunk, wanted)));
    const error = unusable(reply.finishReason);
    if (error !== null) throw error;
    return reply;
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    // the next answer would have the same field
    throw serverError("E_SERVER_ANSWER", `${where}: ${error.message}`, { retry: false });
  }
};

const choicesOf = (chunk: Json): readonly Json[] => {
  const { choices = null } = chunk;
  if (choices === null) return [];
  if (!Array.isArray(choices)) throw new FieldError("choices is no list");
  return choices.filter(isRecord);
};

const indexOf = ({ index = 0 }: Json): number => Number(index ?? 0);

/** One answer was asked for; of several the first counts, by its index and not by its place. */
const wantedIndex = (chunks: readonly Json[]): number =>
  chunks.flatMap(choicesOf).reduce((lowest, choice) => Math.min(lowest, indexOf(choice)), Number.POSITIVE_INFINITY);

const pieceOf = (api: Api, streamed: boolean, chunk: Json, wanted: number): Piece => {
  const choice = choicesOf(chunk).find((one) => indexOf(one) === wanted);
  const place = "choices[0]";
  const said =
    choice === undefined ? NOTHING : api === "chat" ? chatSaid(choice, streamed) : completionSaid(choice, streamed);
  const stopped = choice?.["stop_reason"] ?? choice?.["matched_stop"] ?? choice?.["stopping_word"];
  const finish = choice === undefined ? null : finishOf(choice, said.calls);
  return {
    text: said.text,
    thinking: said.thinking,
    finish,
    stopText: (typeof stopped === "string" && stopped !== "" && stopped !== finish) || finish === "stop_sequence",
    usage: usageAt(chunk["usage"], "usage"),
    ids: idsAt(choice?.["token_ids"], `${place}.token_ids`),
    promptIds:
      idsAt(chunk["prompt_token_ids"], "prompt_token_ids") ??
      idsAt(choice?.["prompt_token_ids"], `${place}.prompt_token_ids`),
  };
};

interface ChoiceSaid extends Said {
  /** A tool was called. */
  readonly calls: boolean;
}
const NOTHING: ChoiceSaid = { text: null, thinking: null, calls: false };

const chatSaid = (choice: Json, streamed: boolean): ChoiceSaid => {
  const name = streamed ? "delta" : "message";
  const message = choice[name] ?? null;
  const place = `choices[0].${name}`;
  if (message === null) {
    const other = streamed ? "message" : "delta";
    if (!streamed || isRecord(choice[other]))
      throw new FieldError(`${place} is missing${isRecord(choice[other]) ? `, there is ${other} instead` : ""}`);
    return NOTHING;
  }
  if (!isRecord(message)) throw new FieldError(`${place} is no object`);
  const content = saidAt(message["content"], `${place}.content`);
  const refusal = textAt(message["refusal"], `${place}.refusal`);
  // servers that know both names send the thinking under each, or leave one empty
  const fields = ["reasoning_content", "reasoning", "thinking"].map((field) =>
    thinkingAt(message[field], `${place}.${field}`),
  );
  const thinking = [...fields, content.thinking];
  const calls = Array.isArray(message["tool_calls"])
    ? message["tool_calls"].length > 0
    : isRecord(message["function_call"]);
  return {
    // a hosted model's structured refusal comes in place of content
    text: (content.text ?? "") === "" ? (refusal ?? content.text) : content.text,
    thinking: thinking.find((text) => text !== null && text !== "") ?? thinking.find((text) => text !== null) ?? null,
    calls,
  };
};

const completionSaid = (choice: Json, streamed: boolean): ChoiceSaid => {
  if (!streamed && choice["text"] === undefined) throw new FieldError("choices[0].text is missing");
  return { ...NOTHING, text: textAt(choice["text"], "choices[0].text") };
};

/** Some servers say `stop` behind a tool call; some give an object with a type. */
const finishOf = (choice: Json, calls: boolean): string | null => {
  const value = choice["finish_reason"];
  const told = textAt(isRecord(value) ? value["type"] : value, "choices[0].finish_reason");
  return calls && told !== null ? "tool_calls" : told;
};

const joined = (pieces: readonly Piece[]): Reply => {
  const last = <A>(read: (piece: Piece) => A | null): A | null =>
    pieces.map(read).findLast((value) => value !== null) ?? null;
  const texts = (read: (piece: Piece) => string | null): string | null => {
    const parts = pieces.map(read).filter((part) => part !== null);
    return parts.length === 0 ? null : parts.join("");
  };
  const ids = pieces.map((piece) => piece.ids).filter((part) => part !== null);
  return {
    content: texts((piece) => piece.text) ?? "",
    reasoning: texts((piece) => piece.thinking),
    finishReason: decidingReason(pieces.map((piece) => piece.finish)),
    ...(pieces.some((piece) => piece.stopText) ? { stopText: true } : {}),
    promptTokens: last(({ usage }) => usage?.prompt ?? null),
    completionTokens: last(({ usage }) => usage?.completion ?? null),
    ids: ids.length === 0 ? null : ids.flat(),
    promptIds: last((piece) => piece.promptIds),
  };
};
