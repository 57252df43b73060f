/** Chat completions: the part of the interface that all servers share, and what reasoning servers add. */
import type * as Effect from "effect/Effect";
import type { OpenAiClient } from "./client.ts";
import type { Reply } from "./reply.ts";
import type { ServerError } from "./server-error.ts";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface AskOptions {
  /** Let the answer come in pieces: a server that is cut off in between is found out sooner. */
  readonly stream?: boolean;
}

/**
 * One whole chat completion, ended by the model or the limit of tokens (`finishReason` tells which). `fields` go into the body:
 * `temperature`, `max_tokens`, `response_format` …
 */
export const chat = (
  client: OpenAiClient,
  messages: readonly ChatMessage[],
  fields: Readonly<Record<string, unknown>> = {},
  options: AskOptions = {},
): Effect.Effect<Reply, ServerError> =>
  client.ask("chat", { messages, ...fields }, { ...options, tokens: about(JSON.stringify(messages).length, fields) });

/** Tokens a request may take: of its text, some three characters each, and all that the answer may have. */
export const about = (characters: number, fields: Readonly<Record<string, unknown>>): number =>
  Math.ceil(characters / 3) + (typeof fields["max_tokens"] === "number" ? fields["max_tokens"] : 0);
