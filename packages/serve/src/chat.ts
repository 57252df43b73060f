/** `POST /v1/chat/completions`: messages through the chat template; thinking comes back as `reasoning_content`. */
import { randomUUID } from "node:crypto";
import { type LiveRequest, type Message, ReasoningStream, withinLimits } from "@precipice/model";
import type { Answer } from "./answer.ts";
import { checkPrompt } from "./check-prompt.ts";
import { interventionsOf } from "./interventions.ts";
import { type ChatBody, samplingOf, stopsOf } from "./request.ts";
import type { ServedModel } from "./served-model.ts";
import { anySeed, type Caller, type Ended, seedOf, usageOf, type Writing, write } from "./writing.ts";

/** Rejects with `ApiError`, `DecoderError` and `CheckpointError` for what cannot be written, before anything is. */
export const chatAnswer = async (
  model: ServedModel,
  adapter: string | undefined,
  body: ChatBody,
  { client, signal }: Caller,
): Promise<Answer> => {
  const { checkpoint, live, slots } = model;
  const changes = interventionsOf(model, body.interventions);
  const vars = { ...model.templateVars, ...body.chat_template_kwargs };
  const templateVars = Object.keys(vars).length === 0 ? undefined : vars;
  const messages = body.messages.map(messageOf);
  const prepared = await model.preparer.prepare({ kind: "chat", messages, templateVars }, client, signal);
  const { ids: prompt, reasoning: format } = prepared;
  checkPrompt(live, prepared.tokens);
  const stops = stopsOf(body);
  const room = live.maxTokens - prompt.length;
  const limits = withinLimits(format, {
    maxNewTokens: Math.min(room, body.max_completion_tokens ?? body.max_tokens ?? room),
    maxThinkingTokens: body.max_thinking_tokens ?? undefined,
  });
  const seed = body.seed ?? anySeed();
  const request: Omit<LiveRequest, "seed"> = {
    ids: prompt,
    ...limits,
    ...changes,
    reasoning: format,
    sampling: samplingOf(body),
    stopStrings: stops,
    adapter,
  };
  const requests = Array.from({ length: body.n ?? 1 }, (_, i) => ({ ...request, seed: seedOf(seed, i) }));
  for (const row of requests.slice(0, 1)) live.check(row);
  const writing: Writing = {
    live,
    slots,
    requests,
    split: () => {
      const stream = new ReasoningStream(checkpoint.tokenizer, format, stops);
      const told = ({ thinking, response }: { readonly thinking: string; readonly response: string }) => ({
        thinking,
        text: response,
      });
      return {
        push: (id) => told(stream.push(id)),
        end: () => told(stream.end()),
        thinkingTokens: () => stream.thinkingTokens,
      };
    },
  };
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: body.model };
  const tokenIds = body.return_token_ids === true;

  return {
    promptTokens: prompt.length * requests.length,
    streams: body.stream === true,
    whole: async (caller) => {
      const texts = requests.map(() => ({ thinking: "", text: "" }));
      const ends: Ended[] = [];
      for await (const delta of write(writing, caller)) {
        const text = texts[delta.choice] as { thinking: string; text: string };
        if (delta.type === "end") ends[delta.choice] = delta;
        else {
          text.thinking += delta.thinking;
          text.text += delta.text;
        }
      }
      const choices = ends.map(({ choice, finish, ids }) => {
        const { thinking, text } = texts[choice] as { readonly thinking: string; readonly text: string };
        return {
          index: choice,
          message: {
            role: "assistant",
            content: text,
            ...(format === "none" ? {} : { reasoning_content: thinking }),
            refusal: null,
          },
          logprobs: null,
          finish_reason: finish,
          ...(tokenIds ? { token_ids: ids } : {}),
        };
      });
      const told = usageOf(prompt.length, ends);
      const prompts = tokenIds ? { prompt_token_ids: prompt } : {};
      return { body: { ...head, object: "chat.completion", choices, usage: told, ...prompts }, usage: told };
    },
    events: async function* (caller) {
      const chunk = (choices: ReadonlyArray<object>, more: object = {}) => ({
        ...head,
        object: "chat.completion.chunk",
        choices,
        ...more,
      });
      const choice = (index: number, delta: object, finish: string | null = null, more: object = {}) => ({
        index,
        delta,
        logprobs: null,
        finish_reason: finish,
        ...more,
      });
      const first = tokenIds ? { prompt_token_ids: prompt } : {};
      yield chunk(
        requests.map((_, index) => choice(index, { role: "assistant", content: "" })),
        first,
      );
      const ends: Ended[] = [];
      for await (const delta of write(writing, caller)) {
        if (delta.type === "end") {
          ends.push(delta);
          yield chunk([choice(delta.choice, {}, delta.finish)]);
          continue;
        }
        const { thinking, text, ids } = delta;
        if (thinking === "" && text === "" && !tokenIds) continue;
        const said = {
          ...(thinking === "" ? {} : { reasoning_content: thinking }),
          ...(text === "" ? {} : { content: text }),
        };
        yield chunk([choice(delta.choice, said, null, tokenIds ? { token_ids: ids } : {})]);
      }
      const told = usageOf(prompt.length, ends);
      if (body.stream_options?.include_usage === true) yield chunk([], { usage: told });
      return told;
    },
  };
};

/** A message as templates read it: text instead of parts, and the older name of a developer's. */
const messageOf = ({ role, content, name, reasoning_content }: ChatBody["messages"][number]): Message => ({
  role: role === "developer" ? "system" : role,
  content: typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join(""),
  ...(name === undefined || name === null ? {} : { name }),
  ...(reasoning_content === undefined || reasoning_content === null ? {} : { reasoning_content }),
});
