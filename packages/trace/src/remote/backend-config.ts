/** Where traces are written when not in this process: a server, and how it is asked. */
import type { GenerationConfig } from "@precipice/artifacts";
import type { ChatOptions, TokenLimits } from "@precipice/model";
import { StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { serverFields } from "../openai/index.ts";

const price = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0));

export const Backend = Schema.Struct({
  ...serverFields,
  api: Schema.Literals(["chat", "completions"])
    .annotate({
      description:
        "chat: the server applies its own template; completions: it continues exactly the tokens of the checkpoint's template",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("chat" as const))),
  stream: Schema.Boolean.annotate({
    description: "Let answers come in pieces; an answer that was cut off is tried again either way",
    execution: true,
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  pricePerMillion: Schema.optionalKey(
    Schema.Struct({ prompt: price, completion: price }).annotate({
      description: "Price of a million tokens, in any currency: the metric cost",
      execution: true,
    }),
  ),
});
export type Backend = typeof Backend.Type;

/** What a backend is asked with, of the stage's config. */
export interface RemoteConfig extends GenerationConfig, TokenLimits, ChatOptions {}

/** Throws for settings that only a generator in this process can keep: none is silently dropped. */
export const checkBackend = (config: RemoteConfig): void => {
  const here = (["maxThinkingTokens", "maxAnswerTokens", "weights"] as const).find((key) => config[key] !== undefined);
  if (here === undefined) return;
  throw new StageError({
    code: "E_BACKEND",
    message: `${here} has no meaning with a backend: servers have no common name for it`,
    remedy: "Take it out; put what your server knows into backend.extraBody, e.g. { max_thinking_tokens: 512 }",
  });
};

/** What the reply to a prompt depends on: not how many requests are in flight or what they cost. */
export const repliesDependOn = (config: RemoteConfig, backend: Backend): unknown => {
  const { url, model, api, extraBody } = backend;
  const { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, stop, seed } = config;
  const { system, templateVars, reasoning, bos } = config;
  const sampling = { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, stop, seed };
  return { url, model, api, extraBody, ...sampling, system, templateVars, reasoning, bos };
};
