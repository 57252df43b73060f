/** What a server wrote, whichever of its interfaces was asked, whole or from a stream. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { type ServerError, serverError } from "./server-error.ts";

export interface Reply {
  readonly content: string;
  /** `reasoning_content` (vLLM, SGLang, DeepSeek) or `reasoning` (OpenRouter, newer vLLM); null when the server sends none. */
  readonly reasoning: string | null;
  readonly finishReason: string | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** New tokens, where the server tells them (vLLM's `return_token_ids`). */
  readonly ids: readonly number[] | null;
  readonly promptIds: readonly number[] | null;
}

export const text = Schema.optionalKey(Schema.NullOr(Schema.String));
const count = Schema.optionalKey(Schema.NullOr(Schema.Int));
export const tokenIds = Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Int)));

export const usage = Schema.optionalKey(
  Schema.NullOr(Schema.Struct({ prompt_tokens: count, completion_tokens: count })),
);

/** One answer, or the pieces of one in their order. */
export interface Piece {
  readonly content?: string | null | undefined;
  readonly reasoning?: string | null | undefined;
  readonly finish?: string | null | undefined;
  readonly usage?: typeof usage.Type | undefined;
  readonly ids?: readonly number[] | null | undefined;
  readonly promptIds?: readonly number[] | null | undefined;
}

export const joined = (pieces: readonly Piece[]): Reply => {
  const last = <A>(read: (piece: Piece) => A | null | undefined): A | null =>
    pieces.map(read).findLast((value) => value !== null && value !== undefined) ?? null;
  const texts = (read: (piece: Piece) => string | null | undefined): string | null => {
    const parts = pieces.map(read).filter((part) => typeof part === "string");
    return parts.length === 0 ? null : parts.join("");
  };
  const ids = pieces.map((piece) => piece.ids).filter((part) => part !== null && part !== undefined);
  const counts = last((piece) => piece.usage);
  return {
    content: texts((piece) => piece.content) ?? "",
    reasoning: texts((piece) => piece.reasoning),
    finishReason: last((piece) => piece.finish),
    promptTokens: counts?.prompt_tokens ?? null,
    completionTokens: counts?.completion_tokens ?? null,
    ids: ids.length === 0 ? null : ids.flat(),
    promptIds: last((piece) => piece.promptIds),
  };
};

/** A reply whose text was withheld is none. */
export const unfiltered = (reply: Reply): Effect.Effect<Reply, ServerError> =>
  reply.finishReason === "content_filter"
    ? Effect.fail(serverError("E_SERVER_FILTERED", "The server's content filter withheld the answer"))
    : Effect.succeed(reply);
