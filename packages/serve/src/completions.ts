/** `POST /v1/completions`: the prompt as it is, as text or as token ids, with everything the model writes in one text. */
import { randomUUID } from "node:crypto";
import { type LiveRequest, type Reasoning, rawReasoning, reasoningAt, TextStream } from "@precipice/model";
import type { Answer } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { checkPrompt } from "./check-prompt.ts";
import { interventionsOf } from "./interventions.ts";
import { type CompletionBody, samplingOf, stopsOf } from "./request.ts";
import type { ServedModel } from "./served-model.ts";
import { anySeed, type Delta, seedOf, usageOf, type Writing, write } from "./writing.ts";

/** OpenAI's own default: short. */
const MAX_TOKENS = 16;

/** Throws `ApiError` and `DecoderError` for what cannot be written, before any work. */
export const completionAnswer = (model: ServedModel, adapter: string | undefined, body: CompletionBody): Answer => {
  const { checkpoint, live } = model;
  const { tokenizer } = checkpoint;
  const special = body.skip_special_tokens === false;
  const decode = (ids: ReadonlyArray<number>) => tokenizer.decode(ids, { special });
  const prompts = promptsOf(model, body);
  for (const ids of prompts) checkPrompt(live, ids);
  const stops = stopsOf(body);
  const seed = body.seed ?? anySeed();
  const copies = body.n ?? 1;
  const changes = interventionsOf(model, body.interventions);
  const requests = prompts.flatMap((ids) =>
    Array.from(
      { length: copies },
      (_, i): LiveRequest => ({
        ids,
        seed: seedOf(seed, i),
        maxNewTokens: Math.min(live.maxTokens - ids.length, body.max_tokens ?? MAX_TOKENS),
        ...changes,
        reasoning: reasoningAfter(model, ids),
        sampling: samplingOf(body),
        stopStrings: stops,
        adapter,
      }),
    ),
  );
  for (const request of requests) live.check(request);
  const writing: Writing = {
    live,
    requests,
    split: () => {
      const stream = new TextStream(decode, stops);
      return {
        push: (id) => ({ thinking: "", text: stream.push(id) }),
        end: () => ({ thinking: "", text: stream.end(false) }),
        thinkingTokens: () => 0,
      };
    },
  };
  const head = {
    id: `cmpl-${randomUUID()}`,
    object: "text_completion",
    created: Math.floor(Date.now() / 1000),
    model: body.model,
  };
  const promptTokens = prompts.reduce((sum, ids) => sum + ids.length, 0);
  const tokenIds = body.return_token_ids === true;
  const promptOf = (choice: number) => prompts[Math.floor(choice / copies)] as ReadonlyArray<number>;
  const echo = (choice: number) => (body.echo === true ? decode(promptOf(choice)) : "");
  const usage = (ends: ReadonlyArray<Ended>) =>
    usageOf(
      promptTokens,
      ends.reduce((sum, { ids }) => sum + ids.length, 0),
      0,
    );

  return {
    rows: requests.length,
    streams: body.stream === true,
    whole: async (signal) => {
      const texts = requests.map((_, choice) => echo(choice));
      const ends: Ended[] = [];
      for await (const delta of write(writing, signal)) {
        if (delta.type === "end") ends[delta.choice] = delta;
        else texts[delta.choice] += delta.text;
      }
      const choices = ends.map(({ choice, finish, ids }) => ({
        index: choice,
        text: texts[choice],
        logprobs: null,
        finish_reason: finish,
        ...(tokenIds ? { token_ids: ids, prompt_token_ids: promptOf(choice) } : {}),
      }));
      const told = usage(ends);
      return { body: { ...head, choices, usage: told }, usage: told };
    },
    events: async function* (signal) {
      const chunk = (index: number, text: string, finish: string | null, more: object = {}) => ({
        ...head,
        choices: [{ index, text, logprobs: null, finish_reason: finish, ...more }],
      });
      if (body.echo === true) for (const [choice] of requests.entries()) yield chunk(choice, echo(choice), null);
      const ends: Ended[] = [];
      for await (const delta of write(writing, signal)) {
        if (delta.type === "end") {
          ends.push(delta);
          yield chunk(delta.choice, "", delta.finish);
        } else if (delta.text !== "" || tokenIds)
          yield chunk(delta.choice, delta.text, null, tokenIds ? { token_ids: delta.ids } : {});
      }
      const told = usage(ends);
      if (body.stream_options?.include_usage === true) yield { ...head, choices: [], usage: told };
      return told;
    },
  };
};

type Ended = Extract<Delta, { readonly type: "end" }>;

const promptsOf = (
  { checkpoint: { tokenizer, config } }: ServedModel,
  { prompt, add_special_tokens }: CompletionBody,
): ReadonlyArray<ReadonlyArray<number>> => {
  const encode = (text: string) => tokenizer.encode(text, add_special_tokens === false ? "asis" : "auto");
  const known = (ids: ReadonlyArray<number>) => {
    const strange = ids.find((id) => id < 0 || id >= config.vocab);
    if (strange === undefined) return ids;
    throw new ApiError({ status: 400, param: "prompt", message: `There is no token ${strange} of ${config.vocab}` });
  };
  if (typeof prompt === "string") return [encode(prompt)];
  if (prompt.length === 0) throw new ApiError({ status: 400, param: "prompt", message: "There is no prompt" });
  if (typeof prompt[0] === "number") return [known(prompt as ReadonlyArray<number>)];
  return (prompt as ReadonlyArray<string | ReadonlyArray<number>>).map((one) =>
    typeof one === "string" ? encode(one) : known(one),
  );
};

/** Where thinking stands at the end of a raw prompt: what scopes of interventions go by. */
const reasoningAfter = (
  { checkpoint, reasoningWith, templateVars, reasoning }: ServedModel,
  ids: ReadonlyArray<number>,
): Reasoning => {
  const prompt = checkpoint.tokenizer.decode(ids, { special: true });
  const said = rawReasoning(prompt, reasoning);
  return (
    said ??
    reasoningAt(
      prompt,
      safely(() => reasoningWith(templateVars)),
      reasoning,
    )
  );
};

/** A checkpoint without a chat template still completes. */
const safely = (work: () => Reasoning): Reasoning => {
  try {
    return work();
  } catch {
    return "none";
  }
};
