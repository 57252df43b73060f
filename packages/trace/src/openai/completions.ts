/** Raw completions: the prompt as it is, in text or in token ids, so that what the model sees is exactly what was meant. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { type AskOptions, about, settled } from "./chat.ts";
import type { OpenAiClient } from "./client.ts";
import { postStream } from "./events.ts";
import { joined, type Reply, text, tokenIds, usage } from "./reply.ts";
import type { ServerError } from "./server-error.ts";

const choice = Schema.Struct({ text, finish_reason: text, token_ids: tokenIds, prompt_token_ids: tokenIds });
const CompletionAnswer = Schema.Struct({ choices: Schema.Array(choice).check(Schema.isMinLength(1)), usage });
const CompletionChunk = Schema.Struct({ choices: Schema.Array(choice), usage });

/** One whole completion of text or token ids. `fields` go into the body. */
export const complete = (
  client: OpenAiClient,
  prompt: string | readonly number[],
  fields: Readonly<Record<string, unknown>> = {},
  { stream = false }: AskOptions = {},
): Effect.Effect<Reply, ServerError> => {
  const body = { prompt, ...fields };
  const tokens = about(typeof prompt === "string" ? prompt.length : 3 * prompt.length, fields);
  const chunks = stream
    ? postStream(client, "completions", body, CompletionChunk, tokens)
    : Effect.map(client.post("completions", body, CompletionAnswer, tokens), (answer) => [answer]);
  const pieces = Effect.map(chunks, (all) =>
    all.map(({ choices: [first], usage }) => ({
      content: first?.text,
      finish: first?.finish_reason,
      ids: first?.token_ids,
      promptIds: first?.prompt_token_ids,
      usage,
    })),
  );
  return settled(client, tokens, Effect.map(pieces, joined));
};
