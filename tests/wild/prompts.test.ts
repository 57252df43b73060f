/** Prompts and tokens as transformers makes them: beginning and end tokens, words that a template drops, tokens that are whole words. */
import { describe, expect, it } from "vitest";
import { chatIds, promptIds, turnEnd } from "../../packages/model/src/index.ts";
import { type ByteTokenizerOptions, byteTokenizer } from "../../packages/model/src/text/testing/byte-tokenizer.ts";
import * as templates from "../../packages/model/src/text/testing/templates.ts";
import { textFolder } from "../../packages/model/src/text/testing/text-folder.ts";

const special = (content: string) => ({ content, special: true });

describe("the beginning-of-sequence token of a rendered prompt", () => {
  const BOS = 256;
  const first = (source: string, adds: boolean, bos?: "auto" | "asis" | "once") => {
    const tokenizer = byteTokenizer({ added: [special("<s>")], ...(adds ? { prefix: "<s>" } : {}) });
    const checkpoint = textFolder(source, tokenizer, { bos_token: "<s>" });
    const ids = promptIds(checkpoint, "hi", bos === undefined ? {} : { bos });
    return { count: ids.filter((id) => id === BOS).length, raw: checkpoint.tokenizer.encode("hi", "auto")[0] === BOS };
  };
  // apply_chat_template(tokenize=True) tokenizes with add_special_tokens=False
  it.each<[what: string, source: string, adds: boolean, bos: "auto" | "asis" | "once", count: number]>([
    ["written by the template, added by the tokenizer", templates.LLAMA3, true, "auto", 1],
    ["written by the template alone", templates.LLAMA3, false, "auto", 1],
    ["ChatML on a tokenizer that adds one to raw text", templates.QWEN3, true, "auto", 0],
    ["ChatML, asis", templates.QWEN3, true, "asis", 0],
    ["ChatML, once", templates.QWEN3, true, "once", 1],
    ["written by the template, once", templates.LLAMA3, true, "once", 1],
    ["written twice by the template", `{{ bos_token }}${templates.LLAMA3}`, true, "auto", 2],
  ])("%s", (_, source, adds, bos, count) => {
    expect(first(source, adds, bos)).toEqual({ count, raw: adds });
  });
});

describe("the token that ends a model's own turns", () => {
  const chatml = templates.QWEN3;
  const turn = (end: string, more = "") =>
    `{% for m in messages %}<|{{ m.role }}|>{{ m.content }}${end}{% endfor %}${more}`;
  const LISTED = ["<eos>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|user|>", "<|a_end|>", "<|t_end|>"];
  const id = (token: string) => 256 + LISTED.indexOf(token);
  const end = (source: string, eos: ReadonlyArray<string>, eosToken: string | null = "<eos>") => {
    const checkpoint = textFolder(source, byteTokenizer({ added: LISTED.map(special) }), { eos_token: eosToken });
    const config = { eosIds: eos.map(id) } as never;
    const { text, shownBy, stops } = turnEnd({ ...checkpoint, config });
    return [text, shownBy, stops];
  };
  const answerless = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}";
  const middleOnly =
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if not loop.last %}<|eot_id|>{% endif %}{% endfor %}";
  it.each<[what: string, source: string, eos: string[], eosToken: string | null, end: [string, string, boolean]]>([
    [
      "Llama 3: the list begins with another",
      templates.LLAMA3,
      ["<eos>", "<|eom_id|>", "<|eot_id|>"],
      "<|eot_id|>",
      ["<|eot_id|>", "chat template", true],
    ],
    ["Qwen", chatml, ["<|im_end|>", "<eos>"], "<|im_end|>", ["<|im_end|>", "chat template", true]],
    [
      "Qwen with the ids the other way round",
      chatml,
      ["<eos>", "<|im_end|>"],
      "<|im_end|>",
      ["<|im_end|>", "chat template", true],
    ],
    ["Phi-4-mini", templates.PHI4_MINI, ["<|end|>", "<eos>"], "<eos>", ["<|end|>", "chat template", true]],
    [
      "Phi with the end of the document behind the last turn",
      turn("<|end|>", "{{ eos_token }}"),
      ["<eos>", "<|end|>"],
      "<eos>",
      ["<|end|>", "chat template", true],
    ],
    [
      "the same where the config does not name it",
      turn("<|end|>", "{{ eos_token }}"),
      ["<eos>"],
      "<eos>",
      ["<|end|>", "chat template", false],
    ],
    [
      "DeepSeek-R1's template, another end token",
      templates.DEEPSEEK_R1.replace("'<｜end▁of▁sentence｜>'", "eos_token"),
      ["<eos>"],
      "<eos>",
      ["<eos>", "chat template", true],
    ],
    [
      "a line break behind the token",
      turn("<|im_end|>\\n"),
      ["<eos>", "<|im_end|>"],
      "<eos>",
      ["<|im_end|>", "chat template", true],
    ],
    [
      "a line break before the token",
      turn("\n<|im_end|>\n"),
      ["<eos>", "<|im_end|>"],
      "<eos>",
      ["<|im_end|>", "chat template", true],
    ],
    [
      "ChatML on a base model that ends documents only",
      chatml,
      ["<eos>"],
      "<eos>",
      ["<|im_end|>", "chat template", false],
    ],
    [
      "an answer and a turn that end apart",
      turn("<|a_end|><|t_end|>"),
      ["<|t_end|>"],
      "<|t_end|>",
      ["<|a_end|><|t_end|>", "chat template", true],
    ],
    ["none behind the last turn", middleOnly, ["<eos>", "<|eot_id|>"], "<eos>", ["<|eot_id|>", "chat template", true]],
    ["none at all", turn("\n"), ["<|eot_id|>", "<eos>"], "<eos>", ["<eos>", "tokenizer", true]],
    ["a template without assistants", answerless, ["<|eot_id|>", "<eos>"], "<eos>", ["<eos>", "tokenizer", true]],
    [
      "a template that refuses such turns",
      `{{ raise_exception('no') }}`,
      ["<eos>"],
      null,
      ["<eos>", "generation config", true],
    ],
    ["nothing known", turn(""), [], null, ["", "nothing", false]],
  ])("%s", (_, source, eos, eosToken, expected) => {
    expect(end(source, eos, eosToken)).toEqual(expected);
  });
});

describe("words that a template leaves out", () => {
  const open = (source: string) => textFolder(source, byteTokenizer({}), {});
  const user = { role: "user", content: "hi" };
  const system = { role: "system", content: "be brief" };
  const ignoring = templates.PHI4_REASONING;
  const lastOnly = "{{ messages[-1].content }}";
  it.each([
    ["a system message", ignoring, [system, user], /leaves out the system message; take out system/],
    ["an empty system message", ignoring, [{ ...system, content: "" }, user], /leaves out the system message/],
    ["a system message in the middle", ignoring, [user, system, user], /leaves out the system message/],
    [
      "an earlier user's message",
      lastOnly,
      [user, { role: "assistant", content: "yes" }, user],
      /leaves out the user's message/,
    ],
    [
      "a heading without the words",
      "{% for m in messages %}<{{ m.role }}>{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}",
      [system, user],
      /leaves out the system message/,
    ],
  ])("%s is refused", (_, source, messages, error) => {
    expect(() => chatIds(open(source), messages)).toThrow(error);
  });

  it("what is written, trimmed or in capitals, is not refused", () => {
    expect(chatIds(open(templates.QWEN3), [system, user]).length).toBeGreaterThan(10);
    expect(chatIds(open("{% for m in messages %}{{ m.content | trim | upper }}{% endfor %}"), [user])).toEqual([
      72, 73,
    ]);
  });
});

describe("added tokens that are whole words", () => {
  const token = (content: string, more: object = {}) => ({ content, special: false, single_word: true, ...more });
  const sets: Readonly<Record<string, ByteTokenizerOptions>> = {
    marker: { added: [token("<think>"), special("<end>")] },
    word: { added: [token("cat"), special("<end>")] },
    stripping: { added: [token("<m>", { lstrip: true, rstrip: true })] },
    normalised: { added: [token("Cat", { normalized: true })], normalizer: { type: "Lowercase" } },
  };
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  const T = 256;
  // recorded from the tokenizers library in Python, 0.23
  it.each<[set: string, text: string, ids: number[]]>([
    ["marker", "a<think>a", bytes("a<think>a")],
    ["marker", "a <think> a", [97, 32, T, 32, 97]],
    ["marker", "<think>", [T]],
    ["marker", "<think>a", bytes("<think>a")],
    ["marker", "a<think>", bytes("a<think>")],
    ["marker", "_<think>", bytes("_<think>")],
    ["marker", "-<think>-", [45, T, 45]],
    ["marker", "é<think>", bytes("é<think>")],
    ["marker", "1<think>", bytes("1<think>")],
    ["marker", "<think>\u0301", bytes("<think>\u0301")],
    ["marker", "<think>\u200d", bytes("<think>\u200d")],
    ["marker", "中<think>", bytes("中<think>")],
    ["marker", "<think><think>", [T, T]],
    ["marker", "<end><think><end>", [257, T, 257]],
    ["marker", "²<think>", [194, 178, T]],
    ["marker", "𝟘<think>", bytes("𝟘<think>")],
    ["marker", "😀<think>😀", [...bytes("😀"), T, ...bytes("😀")]],
    ["marker", "<think>\u203f", bytes("<think>\u203f")],
    ["marker", "a<think> <think>b <think>", [...bytes("a<think> <think>b "), T]],
    ["word", "cat", [T]],
    ["word", "cats", bytes("cats")],
    ["word", "a cat.", [97, 32, T, 46]],
    ["word", "concat cat", [...bytes("concat "), T]],
    ["word", "catcat", bytes("catcat")],
    ["word", "<end>cat<end>", [257, T, 257]],
    ["word", "cat's", [T, 39, 115]],
    ["word", "cat\ncat", [T, 10, T]],
    ["word", "écat caté", bytes("écat caté")],
    ["stripping", "a <m> b", [97, T, 98]],
    ["stripping", "a <m>b", bytes("a <m>b")],
    ["stripping", "a<m> b", bytes("a<m> b")],
    ["stripping", " <m> ", [T]],
    ["stripping", "x. <m> .y", [120, 46, T, 46, 121]],
    ["normalised", "CAT sat", [T, 32, 115, 97, 116]],
    ["normalised", "cats", bytes("cats")],
    ["normalised", "concat Cat.", [...bytes("concat "), T, 46]],
  ])("%s: %j", (set, text, ids) => {
    const { tokenizer } = textFolder("", byteTokenizer(sets[set] as ByteTokenizerOptions));
    expect(tokenizer.encode(text)).toEqual(ids);
  });
});
