/** How a server is named in a stage's config: the same keys wherever one is used. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const positive = Schema.Int.check(Schema.isGreaterThan(0));
/** Says how requests are made, never what comes back: no part of a key. */
const execution = (description: string) => ({ description, execution: true });

/** Fields of a config that names an OpenAI-compatible server. */
export const serverFields = {
  url: Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s?#]+$/)).annotate({
    description: "Base address of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1",
  }),
  model: Schema.String.check(Schema.isMinLength(1)).annotate({ description: "Model name that the server knows" }),
  apiKeyEnv: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]*$/)).annotate(
      execution("Environment variable that holds the key, e.g. OPENAI_API_KEY; without it no key is sent"),
    ),
  ),
  maxConcurrency: positive
    .annotate(execution("Requests in flight at once"))
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(16))),
  timeoutSeconds: Schema.Finite.check(Schema.isGreaterThan(0))
    .annotate(execution("Longest time for one request; then it counts as failed and is retried"))
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(600))),
  retries: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate(
      execution(
        "Tries after the first on 408, 409, 425, 429, 5xx, time-outs, cut connections, broken answers and replies without a normal end",
      ),
    )
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(6))),
  requestsPerMinute: Schema.optionalKey(
    positive.annotate(execution("Most requests begun in a minute, evenly spread; default: no limit")),
  ),
  tokensPerMinute: Schema.optionalKey(
    positive.annotate(execution("Most tokens in a minute, of prompts and answers together; default: no limit")),
  ),
  extraBody: Schema.Record(Schema.String, Schema.Unknown)
    .annotate({ description: "Fields added to each request body as they are, for what only this server knows" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
} as const;

const config = Schema.Struct(serverFields);

export type ServerConfig = typeof config.Type;
