/** A model of rules instead of weights, say a judge: it answers chats like any other, at once. */
import { randomUUID } from "node:crypto";
import type { Answer } from "./answer.ts";
import type { ChatBody } from "./request.ts";
import { usageOf } from "./writing.ts";

export interface RuleModel {
  /** What requests call it. */
  readonly id: string;
  /** The whole answer to a conversation. */
  readonly reply: (messages: ReadonlyArray<{ readonly role: string; readonly content: string }>) => string;
}

/** Sampling, stops and limits have nothing to act on: rules say what they say. Its tokens are not counted. */
export const ruleAnswer = ({ id, reply }: RuleModel, body: ChatBody): Answer => {
  const content = reply(
    body.messages.map((message) => ({
      role: message.role,
      content:
        typeof message.content === "string"
          ? message.content
          : (message.content ?? []).map(({ text }) => text).join(""),
    })),
  );
  const usage = usageOf(0, []);
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: id };
  const choice = { index: 0, logprobs: null };
  return {
    promptTokens: 0,
    streams: body.stream === true,
    whole: async () => {
      const message = { role: "assistant", content, refusal: null };
      const choices = [{ ...choice, message, finish_reason: "stop" }];
      return { body: { ...head, object: "chat.completion", choices, usage }, usage };
    },
    events: async function* () {
      const chunk = (delta: object, finish: string | null) => ({
        ...head,
        object: "chat.completion.chunk",
        choices: [{ ...choice, delta, finish_reason: finish }],
      });
      yield chunk({ role: "assistant", content }, null);
      yield chunk({}, "stop");
      if (body.stream_options?.include_usage === true)
        yield { ...head, object: "chat.completion.chunk", choices: [], usage };
      return usage;
    },
  };
};
