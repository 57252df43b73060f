/** Thinking markers as templates show them: in the prompt, in an assistant turn, in their source, or not at all. */
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../errors.ts";
import type { ChatOptions } from "./chat-options.ts";
import { promptIds, reasoningOf } from "./render-prompt.ts";
import { byteTokenizer } from "./testing/byte-tokenizer.ts";
import * as templates from "./testing/templates.ts";
import { textFolder } from "./testing/text-folder.ts";

const special = (content: string) => ({ content, special: true });
const open = (source: string, added: ReadonlyArray<string> = []) =>
  textFolder(source, byteTokenizer({ added: ["<bos>", "<eos>", ...added].map(special) }), {
    bos_token: "<bos>",
    eos_token: "<eos>",
  });
const of = (source: string, options: ChatOptions = {}) => reasoningOf(open(source), options);

describe("reasoningFormat", () => {
  const think = { open: "<think>", close: "</think>" };
  const sources = new Map(Object.entries(templates));
  it.each<[name: string, options: ChatOptions, format: object]>([
    [
      "DEEPSEEK_R1",
      {},
      {
        ...think,
        opened: true,
        closed: false,
        tail: undefined,
        stripsEarlierThinking: true,
        shownBy: "generation prompt",
      },
    ],
    [
      "QWEN3",
      {},
      {
        ...think,
        opened: false,
        closed: false,
        tail: "\n\n",
        stripsEarlierThinking: true,
        shownBy: "assistant turn",
      },
    ],
    [
      "QWEN3",
      { templateVars: { enable_thinking: true } },
      { ...think, opened: false, closed: false, shownBy: "assistant turn" },
    ],
    [
      "QWEN3",
      { templateVars: { enable_thinking: false } },
      { ...think, opened: true, closed: true, tail: "\n\n", shownBy: "generation prompt" },
    ],
    [
      "QWEN3_THINKING",
      { system: "be brief" },
      {
        ...think,
        opened: true,
        closed: false,
        tail: "\n\n",
        stripsEarlierThinking: true,
        shownBy: "generation prompt",
      },
    ],
    [
      "PHI4_REASONING",
      {},
      {
        ...think,
        opened: false,
        closed: false,
        tail: undefined,
        stripsEarlierThinking: false,
        shownBy: "template source",
      },
    ],
    [
      "SEED",
      {},
      { open: "<seed:think>", close: "</seed:think>", opened: false, tail: "\n", stripsEarlierThinking: false },
    ],
    [
      "COMMAND",
      {},
      { open: "<|START_THINKING|>", close: "<|END_THINKING|>", opened: false, tail: "<|START_RESPONSE|>" },
    ],
    ["MAGISTRAL", {}, { open: "[THINK]", close: "[/THINK]", opened: false, tail: "" }],
    ["HOMEMADE", {}, { open: "<deep_thought>", close: "</deep_thought>", opened: true, shownBy: "generation prompt" }],
  ])("%s with %j", (name, options, format) => {
    expect(of(sources.get(name) as string, options)).toMatchObject(format);
  });

  it.each([
    ["PHI4_MINI", templates.PHI4_MINI],
    ["LLAMA3", templates.LLAMA3],
  ])("%s shows none: an error that says what to set", (_, source) => {
    expect(() => of(source)).toThrow(CheckpointError);
    expect(() => of(source)).toThrow(/shows no thinking markers; set reasoning: \{ open: "<think>"/);
  });

  it("falls back on markers that are tokens", () => {
    expect(reasoningOf(open(templates.PHI4_MINI, ["<think>", "</think>"]))).toMatchObject({
      ...think,
      opened: false,
      shownBy: "vocabulary",
    });
  });

  it("does not take the markers of turns for thinking", () => {
    // <|im_start|> and <|im_end|> pair up like START and END
    const source = templates.QWEN3.replaceAll("<think>", "").replaceAll("</think>", "");
    expect(() => of(source)).toThrow(/no thinking markers/);
  });

  it("takes the user's setting, and looks in the prompt whether it is opened", () => {
    const reasoning = { open: "<r>", close: "</r>" };
    expect(of(templates.PHI4_MINI, { reasoning })).toMatchObject({ ...reasoning, opened: false, shownBy: "config" });
    const opening = templates.PHI4_MINI.replace("<|assistant|>", "<|assistant|><r>");
    expect(of(opening, { reasoning })).toMatchObject({ opened: true, closed: false });
    expect(of(opening, { reasoning: { ...reasoning, opened: false } })).toMatchObject({ opened: false });
    expect(of(templates.LLAMA3, { reasoning: "none" })).toBe("none");
  });

  it("refuses a template that leaves out what the user says", () => {
    expect(() => of("{% for m in messages %}<think>{% endfor %}")).toThrow(/leaves out the user's message/);
  });
});

describe("promptIds", () => {
  /** [template writes BOS, tokenizer adds BOS] */
  const ways = [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const;
  const BOS = 256;
  const render = (source: string, writes: boolean, adds: boolean, options: ChatOptions = {}, config: object = {}) => {
    const body = source.replaceAll("{{ bos_token }}", "");
    const checkpoint = textFolder(
      writes ? `{{ bos_token }}${body}` : body,
      byteTokenizer({ added: [special("<bos>"), special("<eos>")], ...(adds ? { prefix: "<bos>" } : {}) }),
      { bos_token: "<bos>", eos_token: "<eos>", ...config },
      7, // config.json of some checkpoints names another token than their tokenizer
    );
    const ids = promptIds(checkpoint, "hi there", options);
    return { first: ids[0], count: ids.filter((id) => id === BOS).length, text: checkpoint.tokenizer.decode(ids), ids };
  };
  const { DEEPSEEK_R1, QWEN3, QWEN3_THINKING, PHI4_REASONING, PHI4_MINI, LLAMA3 } = templates;
  const sources = Object.entries({ DEEPSEEK_R1, QWEN3, QWEN3_THINKING, PHI4_REASONING, PHI4_MINI, LLAMA3 });

  it.each(sources)("%s: a BOS where the template writes one, whatever the tokenizer adds to raw text", (_, source) => {
    const plain = render(source, false, false);
    for (const [writes, adds] of ways) {
      const { count, text } = render(source, writes, adds);
      expect(count).toBe(writes ? 1 : 0); // apply_chat_template adds none to a rendered prompt
      expect(text).toBe(plain.text);
      expect(render(source, writes, adds, { bos: "asis" }).count).toBe(count);
    }
  });

  it.each(sources)("%s: exactly one in all four ways with bos: once", (_, source) => {
    for (const [writes, adds] of ways) {
      const { first, count } = render(source, writes, adds, { bos: "once" });
      expect({ first, count }).toEqual({ first: BOS, count: 1 });
    }
  });

  it("knows add_bos_token, a tokenizer without BOS, and asis", () => {
    expect(render(QWEN3, false, false, {}, { add_bos_token: true }).count).toBe(0);
    expect(render(QWEN3, false, true, {}, { add_bos_token: false }).count).toBe(0);
    expect(render(QWEN3, false, false, { bos: "once" }, { bos_token: null }).first).not.toBe(7);
    expect(render(QWEN3, false, true, { bos: "asis" }).count).toBe(0);
    expect(render("{{ bos_token }}{{ messages[0].content }}", true, true).count).toBe(1); // twice in the text
  });

  it("passes system prompt and variables, and refuses what would get lost", () => {
    expect(render(QWEN3, false, false, { system: "be brief" }).text).toContain(
      "<|im_start|>system\nbe brief<|im_end|>",
    );
    expect(render(QWEN3, false, false, { templateVars: { enable_thinking: false } }).text).toMatch(/<\/think>\n\n$/);
    expect(() => render(PHI4_REASONING, false, false, { system: "be brief" })).toThrow(/leaves out .* system message/);
    expect(() => render(QWEN3, false, false, { templateVars: { enable_thinkin: false } })).toThrow(
      /has no variable "enable_thinkin"/,
    );
    expect(() => render(QWEN3, false, false, { templateVars: { messages: "x" } })).toThrow(/no variable "messages"/);
  });

  it("gives templates that print a date always the same one", () => {
    expect(render(LLAMA3, true, false).text).toContain("Date: 26 Jul 2024\n");
  });
});
