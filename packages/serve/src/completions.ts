/** `POST /v1/completions`: the prompt as it is, as text or as token ids, with everything the model writes in one text. */
import { randomUUID } from "node:crypto";
import { type LiveRequest, TextStream } from "@precipice/model";
import type { Answer } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { checkPrompt } from "./check-prompt.ts";
import { interventionsOf } from "./interventions.ts";
import type { PrepareArgs, Prepared } from "./preparer.ts";
import { type CompletionBody, samplingOf, stopsOf } from "./request.ts";
import type { ServedModel } from "./served-model.ts";
import { anySeed, type Caller, type Ended, seedOf, usageOf, type Writing, write } from "./writing.ts";

/** OpenAI's own default: short. */
const MAX_TOKENS = 16;

/** Rejects with `ApiError` and `DecoderError` for what cannot be written, before anything is. */
export const completionAnswer = async (
  model: ServedModel,
  adapter: string | undefined,
  body: CompletionBody,
  { client, signal }: Caller,
): Promise<Answer> => {
  const { checkpoint, live, slots } = model;
  const { tokenizer } = checkpoint;
  const special = body.skip_special_tokens === false;
  const decode = (ids: ReadonlyArray<number>) => tokenizer.decode(ids, { special });
  const changes = interventionsOf(model, body.interventions);
  const asked = promptsOf(model, body);
  const prompts: Prepared[] = [];
  for (const args of asked) {
    const prepared = await model.preparer.prepare(args, client, signal);
    checkPrompt(live, prepared.tokens);
    prompts.push(prepared);
  }
  const stops = stopsOf(body);
  const seed = body.seed ?? anySeed();
  const copies = body.n ?? 1;
  const requests = prompts.flatMap(({ ids, reasoning }) =>
    Array.from(
      { length: copies },
      (_, i): LiveRequest => ({
        ids,
        seed: seedOf(seed, i),
        maxNewTokens: Math.min(live.maxTokens - ids.length, body.max_tokens ?? MAX_TOKENS),
        ...changes,
        reasoning,
        sampling: samplingOf(body),
        stopStrings: stops,
        adapter,
      }),
    ),
  );
  for (const [i, request] of requests.entries()) if (i % copies === 0) live.check(request);
  const writing: Writing = {
    live,
    slots,
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
  const promptTokens = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  const tokenIds = body.return_token_ids === true;
  const promptOf = (choice: number) => prompts[Math.floor(choice / copies)];
  const echo = (choice: number) => promptOf(choice)?.text ?? "";

  return {
    promptTokens: promptTokens * copies,
    streams: body.stream === true,
    whole: async (caller) => {
      const texts = requests.map((_, choice) => echo(choice));
      const ends: Ended[] = [];
      for await (const delta of write(writing, caller)) {
        if (delta.type === "end") ends[delta.choice] = delta;
        else texts[delta.choice] += delta.text;
      }
      const choices = ends.map(({ choice, finish, ids }) => ({
        index: choice,
        text: texts[choice],
        logprobs: null,
        finish_reason: finish,
        ...(tokenIds ? { token_ids: ids, prompt_token_ids: promptOf(choice)?.ids } : {}),
      }));
      const told = usageOf(promptTokens, ends);
      return { body: { ...head, choices, usage: told }, usage: told };
    },
    events: async function* (caller) {
      const chunk = (index: number, text: string, finish: string | null, more: object = {}) => ({
        ...head,
        choices: [{ index, text, logprobs: null, finish_reason: finish, ...more }],
      });
      if (body.echo === true) for (const [choice] of requests.entries()) yield chunk(choice, echo(choice), null);
      const ends: Ended[] = [];
      for await (const delta of write(writing, caller)) {
        if (delta.type === "end") {
          ends.push(delta);
          yield chunk(delta.choice, "", delta.finish);
        } else if (delta.text !== "" || tokenIds)
          yield chunk(delta.choice, delta.text, null, tokenIds ? { token_ids: delta.ids } : {});
      }
      const told = usageOf(promptTokens, ends);
      if (body.stream_options?.include_usage === true) yield { ...head, choices: [], usage: told };
      return told;
    },
  };
};

/** What `requests` of each prompt are made from. Throws a 400 for ids that are none, or too many. */
const promptsOf = (
  { checkpoint: { config }, live }: ServedModel,
  { prompt, add_special_tokens, echo: echoes, skip_special_tokens }: CompletionBody,
): ReadonlyArray<PrepareArgs> => {
  const bos = add_special_tokens === false ? "asis" : "auto";
  const echo = echoes !== true ? undefined : skip_special_tokens === false ? "special" : "plain";
  const argsOf = (one: string | ReadonlyArray<number>): PrepareArgs => {
    if (typeof one === "string") return { kind: "text", text: one, bos, echo };
    checkPrompt(live, one.length);
    const strange = one.find((id) => id < 0 || id >= config.vocab);
    if (strange === undefined) return { kind: "ids", ids: one, echo };
    throw new ApiError({ status: 400, param: "prompt", message: `There is no token ${strange} of ${config.vocab}` });
  };
  if (typeof prompt === "string") return [argsOf(prompt)];
  if (prompt.length === 0) throw new ApiError({ status: 400, param: "prompt", message: "There is no prompt" });
  if (typeof prompt[0] === "number") return [argsOf(prompt as ReadonlyArray<number>)];
  return (prompt as ReadonlyArray<string | ReadonlyArray<number>>).map(argsOf);
};
