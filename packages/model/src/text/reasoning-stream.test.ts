/** Told piece by piece or split at the end: the same thinking and the same answer, wherever tokens cut. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatOptions } from "./chat-options.ts";
import { ReasoningStream } from "./reasoning-stream.ts";
import { promptIds, reasoningOf } from "./render-prompt.ts";
import { splitTrace } from "./split-trace.ts";
import { byteTokenizer, spelled } from "./testing/byte-tokenizer.ts";
import * as templates from "./testing/templates.ts";
import { textFolder } from "./testing/text-folder.ts";

const formats: ReadonlyArray<[name: string, source: string, options: ChatOptions]> = [
  ["DeepSeek-R1", templates.DEEPSEEK_R1, {}],
  ["Qwen3", templates.QWEN3, {}],
  ["Qwen3 told not to think", templates.QWEN3, { templateVars: { enable_thinking: false } }],
  ["Llama", templates.LLAMA3, { reasoning: "none" }],
  ["Command", templates.COMMAND, {}],
  ["Magistral", templates.MAGISTRAL, {}],
  ["multi-byte markers", templates.PHI4_MINI, { reasoning: { open: "◁think▷", close: "◁/think▷" } }],
];
const SPECIALS = { bos_token: null, eos_token: "<end>" };
const part = fc.constantFrom(
  "ok",
  "é",
  "日本",
  "👩‍🚀",
  " ",
  "\n",
  "\n\n",
  "<",
  "</",
  "think",
  ">",
  "[",
  ".",
  "▷",
  "sure ",
);
const words = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });

const cutBytes = (text: string, lengths: ReadonlyArray<number>): string[] => {
  const bytes = new TextEncoder().encode(text);
  const tokens: string[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    tokens.push(spelled(bytes.subarray(at, at + length)));
    at += length;
  }
  return tokens;
};

const streamed = (stream: ReasoningStream, ids: ReadonlyArray<number>) => {
  const parts = [...ids.map((id) => stream.push(id)), stream.end()];
  return {
    parts,
    thinking: parts.map((part) => part.thinking).join(""),
    response: parts.map((part) => part.response).join(""),
  };
};

describe("ReasoningStream", () => {
  it.each(formats)("%s: tells what splitTrace finds", (_, source, options) => {
    const plain = textFolder(source, byteTokenizer({}), SPECIALS);
    const format = reasoningOf(plain, options);
    fc.assert(
      fc.property(words, words, cuts, fc.boolean(), (thinking, response, lengths, closes) => {
        const markers = format === "none" ? [] : [format.open, format.close];
        fc.pre(markers.every((marker) => !`${thinking}${response}`.includes(marker)));
        const atOnce = format === "none" || format.closed;
        const open = atOnce || format.opened ? "" : `${format.open}\n`;
        const end = closes && !atOnce ? `${format.close}${format.tail ?? "\n\n"}${response}` : "";
        const output = atOnce ? response : `${open}${thinking}${end}`;
        fc.pre(markers.length === 0 || output.split(markers[1] as string).length <= 2);
        const tokens = cutBytes(output, lengths);
        const { tokenizer } = textFolder(source, byteTokenizer({ tokens }), SPECIALS);
        const ids = tokens.map((token) => tokenizer.id(token) as number);
        const trace = splitTrace(
          { ...plain, tokenizer },
          promptIds(plain, "who?", options),
          { ids, finish: "stop" },
          format,
        );
        const told = streamed(new ReasoningStream(tokenizer, format), ids);
        expect({ thinking: told.thinking, response: told.response }).toEqual({
          thinking: trace.thinking,
          response: trace.response,
        });
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it("tells text before the end, leaves out special tokens, counts the thinking's tokens", () => {
    const added = [
      { content: "<think>", special: true },
      { content: "</think>", special: true },
      { content: "<end>", special: true },
    ];
    const checkpoint = textFolder(templates.DEEPSEEK_R1, byteTokenizer({ added }), SPECIALS);
    const ids = checkpoint.tokenizer.encode("Hm ok.\n</think>\n\nIt is <think>ok.<end>");
    const stream = new ReasoningStream(checkpoint.tokenizer, reasoningOf(checkpoint));
    const told = streamed(stream, ids);
    expect(told).toMatchObject({ thinking: "Hm ok.", response: "It is ok." });
    expect(told.parts.slice(0, 3).map((part) => part.thinking)).toEqual(["H", "m", ""]);
    expect(stream.thinkingTokens).toBe(8);
  });

  it("ends before a stop string, in answer and thinking", () => {
    const { tokenizer } = textFolder(templates.DEEPSEEK_R1, byteTokenizer({}), SPECIALS);
    const format = reasoningOf(textFolder(templates.DEEPSEEK_R1, byteTokenizer({}), SPECIALS));
    const ids = tokenizer.encode("one two</think>three STOP four");
    expect(streamed(new ReasoningStream(tokenizer, format, ["STOP"]), ids)).toMatchObject({
      thinking: "one two",
      response: "three",
    });
    expect(streamed(new ReasoningStream(tokenizer, format, ["two<", "two"]), ids)).toMatchObject({
      thinking: "one",
      response: "",
    });
  });
});
