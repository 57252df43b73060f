/** Chat completions: the part of the interface that all servers share, and what reasoning servers add. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { OpenAiClient } from "./client.ts";
import { postStream } from "./events.ts";
import { joined, type Reply, text, tokenIds, unfiltered, usage } from "./reply.ts";
import type { ServerError } from "./server-error.ts";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

const message = Schema.Struct({ content: text, reasoning_content: text, reasoning: text, refusal: text });

/** `POST chat/completions`, as far as it is read. */
export const ChatAnswer = Schema.Struct({
  choices: Schema.Array(Schema.Struct({ message, finish_reason: text, token_ids: tokenIds })).check(
    Schema.isMinLength(1),
  ),
  usage,
  prompt_token_ids: tokenIds,
});

const ChatChunk = Schema.Struct({
  choices: Schema.Array(Schema.Struct({ delta: message, finish_reason: text, token_ids: tokenIds })),
  usage,
  prompt_token_ids: tokenIds,
});

type Said = typeof message.Type;
// a hosted model's structured refusal comes in place of content
const said = ({ content, refusal, reasoning_content, reasoning }: Said) => ({
  content: content ?? refusal,
  reasoning: reasoning_content ?? reasoning,
});

export interface AskOptions {
  /** Let the answer come in pieces: a server that is cut off in between is found out sooner. */
  readonly stream?: boolean;
}

/** One whole chat completion. `fields` go into the body: `temperature`, `max_tokens`, `response_format` … */
export const chat = (
  client: OpenAiClient,
  messages: readonly ChatMessage[],
  fields: Readonly<Record<string, unknown>> = {},
  { stream = false }: AskOptions = {},
): Effect.Effect<Reply, ServerError> => {
  const body = { messages, ...fields };
  const tokens = about(JSON.stringify(messages).length, fields);
  const pieces = stream
    ? Effect.map(postStream(client, "chat/completions", body, ChatChunk, tokens), (chunks) =>
        chunks.map(({ choices: [choice], usage, prompt_token_ids: promptIds }) => ({
          ...(choice === undefined ? {} : said(choice.delta)),
          finish: choice?.finish_reason,
          ids: choice?.token_ids,
          usage,
          promptIds,
        })),
      )
    : Effect.map(
        client.post("chat/completions", body, ChatAnswer, tokens),
        ({ choices: [choice], usage, prompt_token_ids: promptIds }) => [
          {
            ...(choice === undefined ? {} : said(choice.message)),
            finish: choice?.finish_reason,
            ids: choice?.token_ids,
            usage,
            promptIds,
          },
        ],
      );
  return settled(client, tokens, Effect.map(pieces, joined));
};

/** Tokens a request may take: of its text, some three characters each, and all that the answer may have. */
export const about = (characters: number, fields: Readonly<Record<string, unknown>>): number =>
  Math.ceil(characters / 3) + (typeof fields["max_tokens"] === "number" ? fields["max_tokens"] : 0);

/** Tells the rate limit what it took in the end. */
export const settled = (
  client: OpenAiClient,
  reserved: number,
  reply: Effect.Effect<Reply, ServerError>,
): Effect.Effect<Reply, ServerError> =>
  reply.pipe(
    Effect.tap(({ promptTokens, completionTokens }) =>
      Effect.sync(() => {
        if (promptTokens !== null && completionTokens !== null)
          client.settle(reserved, promptTokens + completionTokens);
      }),
    ),
    Effect.flatMap(unfiltered),
  );
