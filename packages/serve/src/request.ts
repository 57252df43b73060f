/** What a request may say: OpenAI's fields as far as a decoder can keep them, vLLM's names for what goes beyond, and interventions. */
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import { ApiError } from "./api-error.ts";
import { type BodyLimits, checkShape } from "./body-shape.ts";

/** Clients send null for what they leave out. */
const maybe = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema));
const positive = Schema.Int.check(Schema.isGreaterThan(0));
const between = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }));

export const TOKEN_SCOPE = Schema.Literals(["all", "generated", "template", "response"]);

/** `heads`: by the name of a set, or one by one; factor 0 ablates, above 1 enhances. `direction`: by name, or its numbers. */
export const Interventions = Schema.Struct({
  heads: maybe(
    Schema.Union([
      Schema.String,
      Schema.Array(
        Schema.Struct({ layer: Schema.Int, head: Schema.Int, scale: Schema.optionalKey(Schema.Finite) }),
      ).check(Schema.isMinLength(1)),
    ]),
  ),
  renorm: maybe(Schema.Literals(["none", "token"])),
  direction: maybe(
    Schema.Struct({
      vector: Schema.Union([Schema.String, Schema.Array(Schema.Finite).check(Schema.isMinLength(1))]),
      remove: maybe(Schema.Finite),
      add: maybe(Schema.Finite),
      layer: maybe(Schema.Int),
    }),
  ),
  scope: maybe(TOKEN_SCOPE),
});
export type Interventions = typeof Interventions.Type;

/** How text is written: both interfaces have these. */
const common = {
  model: Schema.String,
  stream: maybe(Schema.Boolean),
  stream_options: maybe(Schema.Struct({ include_usage: maybe(Schema.Boolean) })),
  max_tokens: maybe(positive),
  n: maybe(positive.check(Schema.isLessThanOrEqualTo(16))),
  seed: maybe(Schema.Int),
  stop: maybe(Schema.Union([Schema.String, Schema.Array(Schema.String).check(Schema.isMaxLength(16))])),
  temperature: maybe(between(0, 100)),
  top_p: maybe(between(0, 1)),
  top_k: maybe(Schema.Int),
  min_p: maybe(between(0, 1)),
  repetition_penalty: maybe(Schema.Finite.check(Schema.isGreaterThan(0))),
  return_token_ids: maybe(Schema.Boolean),
  interventions: maybe(Interventions),
  adapter: maybe(Schema.String),
  // taken only with the value that changes nothing
  frequency_penalty: maybe(Schema.Literal(0)),
  presence_penalty: maybe(Schema.Literal(0)),
  // what they say is of no use here
  user: maybe(Schema.String),
};

const textPart = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String });
const content = Schema.Union([Schema.String, Schema.Array(textPart)]);

const Message = Schema.Struct({
  role: Schema.Literals(["system", "developer", "user", "assistant"]),
  content: maybe(content),
  name: maybe(Schema.String),
  reasoning_content: maybe(Schema.String),
  refusal: maybe(Schema.String),
});

export const ChatBody = Schema.Struct({
  ...common,
  messages: Schema.Array(Message).check(Schema.isMinLength(1)),
  max_completion_tokens: maybe(positive),
  max_thinking_tokens: maybe(positive),
  chat_template_kwargs: maybe(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
  ),
  logprobs: maybe(Schema.Literal(false)),
  response_format: maybe(Schema.Struct({ type: Schema.Literal("text") })),
  store: maybe(Schema.Boolean),
  metadata: maybe(Schema.Record(Schema.String, Schema.String)),
});
export type ChatBody = typeof ChatBody.Type;

const ids = Schema.Array(Schema.Int);

export const CompletionBody = Schema.Struct({
  ...common,
  prompt: Schema.Union([Schema.String, ids, Schema.Array(Schema.String), Schema.Array(ids)]),
  echo: maybe(Schema.Boolean),
  /** Whether the tokenizer's own beginning-of-sequence token goes in front of a text; default true. */
  add_special_tokens: maybe(Schema.Boolean),
  skip_special_tokens: maybe(Schema.Boolean),
  best_of: maybe(Schema.Literal(1)),
  suffix: maybe(Schema.Literal("")),
  logprobs: Schema.optionalKey(Schema.Null),
});
export type CompletionBody = typeof CompletionBody.Type;

/** Throws a 400 that names what does not fit; unknown fields are errors, so that none is thought to act. */
export const decodeBody = <A>(schema: Schema.Codec<A, unknown>, text: string, most: BodyLimits): A => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ApiError({ status: 400, message: "The body is no JSON" });
  }
  checkShape(json, most);
  const decoded = Schema.decodeUnknownExit(schema)(json, { onExcessProperty: "error" });
  if (Exit.isSuccess(decoded)) return decoded.value;
  const error = Exit.findErrorOption(decoded);
  const message = error._tag === "Some" ? (error.value as Error).message : "The body has another shape";
  const param = /at \["([^"]+)"\]/.exec(message)?.[1];
  const told = message.replace(/\s+/g, " ").replace("Expected no excess property at", "There is no field");
  throw new ApiError({ status: 400, message: told, ...(param === undefined ? {} : { param }) });
};

type Common = Omit<CompletionBody, "prompt" | "logprobs">;

export const stopsOf = ({ stop }: Pick<Common, "stop">): ReadonlyArray<string> =>
  stop === undefined || stop === null ? [] : typeof stop === "string" ? [stop] : stop;

/** OpenAI's defaults: temperature 1, all of the distribution. */
export const samplingOf = ({ temperature, top_p, top_k, min_p, repetition_penalty }: Common) => ({
  temperature: temperature ?? 1,
  ...(top_p === undefined || top_p === null ? {} : { topP: top_p }),
  // vLLM's clients say -1 or 0 for "all of them"
  ...(top_k === undefined || top_k === null || top_k <= 0 ? {} : { topK: top_k }),
  ...(min_p === undefined || min_p === null ? {} : { minP: min_p }),
  ...(repetition_penalty === undefined || repetition_penalty === null ? {} : { repetitionPenalty: repetition_penalty }),
});
