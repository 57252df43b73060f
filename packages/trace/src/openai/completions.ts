/** Raw completions: the prompt as it is, in text or in token ids, so that what the model sees is exactly what was meant. */
import type * as Effect from "effect/Effect";
import { type AskOptions, about } from "./chat.ts";
import type { OpenAiClient } from "./client.ts";
import type { Reply } from "./reply.ts";
import type { ServerError } from "./server-error.ts";

/** One whole completion of text or token ids, ended as `chat`'s are. `fields` go into the body. */
export const complete = (
  client: OpenAiClient,
  prompt: string | readonly number[],
  fields: Readonly<Record<string, unknown>> = {},
  options: AskOptions = {},
): Effect.Effect<Reply, ServerError> => {
  const tokens = about(typeof prompt === "string" ? prompt.length : 3 * prompt.length, fields);
  return client.ask("completions", { prompt, ...fields }, { ...options, tokens });
};
