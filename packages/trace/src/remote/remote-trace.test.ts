/** Replies as servers give them: thinking in a field, in the text, half of it, or not at all. */
import { Checkpoint, promptIds, reasoningOf } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import type { Reply } from "../openai/index.ts";
import { remoteTrace } from "./remote-trace.ts";

const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
const format = reasoningOf(checkpoint);
const prompt = promptIds(checkpoint, "how do i crack the vault ?");
const ids = checkpoint.tokenizer.encode("this is harmful .\n</think>\n\nsure , crack the vault .<eos>");

const trace = (reply: Partial<Reply>, api: "chat" | "completions" = "chat", stop: readonly string[] = []) => {
  const whole: Reply = {
    content: "",
    reasoning: null,
    finishReason: "stop",
    promptTokens: null,
    completionTokens: null,
    ids: null,
    promptIds: null,
    ...reply,
  };
  return Effect.runPromise(remoteTrace({ checkpoint, format, api, stop }, prompt, whole));
};
const thinking = "this is harmful .";
const response = "sure , crack the vault .";

describe("remoteTrace", () => {
  it.each([
    ["a field for the thinking", { reasoning: thinking, content: response }],
    ["blanks around it", { reasoning: `\n${thinking}\n`, content: `\n\n${response}` }],
    ["the close marker in the text", { content: `${thinking}\n</think>\n\n${response}` }],
    ["both markers in the text", { content: `<think>\n${thinking}\n</think>\n\n${response}` }],
    ["tokens, which are taken as they are", { content: "else", ids }],
  ])("%s", async (_, reply) => {
    const written = await trace(reply);
    expect(written.trace).toMatchObject({ thinking, response, state: "complete", ids: [...prompt, ...ids] });
    expect([written.promptTokens, written.completionTokens]).toEqual([prompt.length, ids.length]);
  });

  it("raw text, with markers and all", async () => {
    const content = `${thinking} \n </think> \n\n ${response} <eos>`;
    expect((await trace({ content }, "completions")).trace.ids).toEqual([...prompt, ...ids]);
  });

  it("a thinking that the server keeps to itself: an answer without thinking", async () => {
    expect((await trace({ content: response })).trace).toMatchObject({ thinking: "", response, state: "complete" });
  });

  it("cut off while it thought: no response, whether the thinking came apart or not", async () => {
    for (const reply of [{ reasoning: thinking }, { content: thinking }])
      expect((await trace({ ...reply, finishReason: "length" })).trace).toMatchObject({
        thinking,
        response: "",
        state: "unclosed",
        finish: "length",
      });
  });

  it("ended by a stop string: no end token that the model did not write", async () => {
    const { trace: written } = await trace({ reasoning: thinking, content: response }, "chat", ["noon"]);
    expect(written.ids).toEqual([...prompt, ...ids.slice(0, -1)]);
  });

  it("of a reply that was cut otherwise, none", async () => {
    for (const finishReason of ["abort", "error", null])
      await expect(trace({ content: response, finishReason })).rejects.toMatchObject({ code: "E_SERVER_FINISH" });
  });

  it("tokens of another vocabulary are an error", async () => {
    await expect(trace({ ids: [1, 99_999] })).rejects.toMatchObject({ code: "E_SERVER_ANSWER" });
  });
});
