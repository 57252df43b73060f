/** One prompt as a request, and its reply. */
import { createHash } from "node:crypto";
import type { Prompt } from "@precipice/artifacts";
import { type Checkpoint, promptIds, type Reasoning } from "@precipice/model";
import type * as Effect from "effect/Effect";
import { chat, complete, type OpenAiClient, type Reply, type ServerError } from "../openai/index.ts";
import type { Backend, RemoteConfig } from "./backend-config.ts";

export interface Asked {
  /** The prompt as this checkpoint's template has it. */
  readonly prompt: readonly number[];
  readonly reply: Effect.Effect<Reply, ServerError>;
}

/** Throws `CheckpointError` where the template cannot be rendered. */
export const ask = (
  client: OpenAiClient,
  checkpoint: Pick<Checkpoint, "template" | "tokenizer">,
  format: Reasoning,
  { prompt: text, id }: Pick<Prompt, "id" | "prompt">,
  config: RemoteConfig,
  backend: Backend,
): Asked => {
  const prompt = promptIds(checkpoint, text, config);
  const fields = requestFields(config, seedOf(config.seed, id));
  const options = { stream: backend.stream };
  if (backend.api === "completions") {
    const more = hidesMarkers(checkpoint, format) ? { skip_special_tokens: false } : {};
    return { prompt, reply: complete(client, prompt, { ...fields, ...more }, options) };
  }
  const { system, templateVars } = config;
  const messages = [
    ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
    { role: "user" as const, content: text },
  ];
  const vars = templateVars === undefined ? {} : { chat_template_kwargs: templateVars };
  return { prompt, reply: chat(client, messages, { ...fields, ...vars }, options) };
};

const requestFields = (
  { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, stop }: RemoteConfig,
  seed: number,
): Readonly<Record<string, unknown>> => ({
  max_tokens: maxNewTokens,
  temperature,
  ...(temperature === 0 ? {} : { seed }),
  ...(topK === undefined ? {} : { top_k: topK }),
  ...(topP === undefined ? {} : { top_p: topP }),
  ...(minP === undefined ? {} : { min_p: minP }),
  ...(repetitionPenalty === undefined ? {} : { repetition_penalty: repetitionPenalty }),
  ...(stop === undefined ? {} : { stop }),
});

/** Servers leave special tokens out of the text; where markers are such, nothing would tell thinking from answer. */
const hidesMarkers = ({ tokenizer }: Pick<Checkpoint, "tokenizer">, format: Reasoning): boolean => {
  if (format === "none") return false;
  return [format.open, format.close].some((marker) => {
    const id = tokenizer.id(marker);
    return id !== undefined && tokenizer.isSpecial(id);
  });
};

/** A row's own seed, by the stage's seed and the prompt's id alone; servers take 31 bits. */
const seedOf = (seed: number, id: string): number =>
  createHash("sha256").update(`${seed}/${id}`).digest().readUInt32BE(0) >>> 1;
