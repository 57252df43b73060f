/** Thinking markers as real templates, prompts and models have them: where the prompt leaves off, and what the model then writes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChatOptions,
  findSpans,
  KNOWN_FORMAT_NAMES,
  type KnownFormatName,
  type Reasoning,
  ReasoningStream,
  rawReasoning,
  reasoningOf,
  splitTrace,
} from "../../packages/model/src/index.ts";
import { MarkerScan, scanText } from "../../packages/model/src/text/marker-scan.ts";
import { byteTokenizer } from "../../packages/model/src/text/testing/byte-tokenizer.ts";
import * as templates from "../../packages/model/src/text/testing/templates.ts";
import { textFolder } from "../../packages/model/src/text/testing/text-folder.ts";

const THINK = { open: "<think>", close: "</think>" };
const im = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
const instructed = im.replace(
  "<|im_end|>",
  "{% if m.role == 'user' %}\nPut your reasoning inside <think> </think> tags.{% endif %}<|im_end|>",
);
const start = (more: string) => `{% if add_generation_prompt %}<|im_start|>assistant\n${more}{% endif %}`;
const NAMED = "{# <think> </think> #}{% if false %}<think></think>{% endif %}";
const stateOf = (format: Reasoning | undefined) =>
  format === "none" || format === undefined
    ? format
    : format.closed
      ? "closed"
      : format.opened
        ? "opened"
        : "model opens";

describe("where a prompt leaves off", () => {
  const tokenizer = byteTokenizer({});
  it.each<[what: string, source: string, options: ChatOptions, state: string]>([
    ["an instruction behind the user's words", instructed + start(""), {}, "model opens"],
    ["the same without a generation prompt of its own", `${instructed}<|im_start|>assistant\n`, {}, "model opens"],
    ["the same, opened by the prompt", instructed + start("<think>\n"), {}, "opened"],
    ["the same, opened as the user says", instructed + start(""), { reasoning: { ...THINK, opened: true } }, "opened"],
    ["the same, said without markers", instructed + start(""), { reasoning: { opened: true } }, "opened"],
    ["the same, closed as the user says", instructed + start(""), { reasoning: { closed: true } }, "closed"],
    ["a lone close marker", NAMED + im + start("</think>"), {}, "closed"],
    ["a lone close marker and blanks", NAMED + im + start("</think>\n\n"), {}, "closed"],
    ["a lone close marker, said to be open", NAMED + im + start("</think>"), { reasoning: { opened: true } }, "opened"],
    [
      "a lone close marker, said not to be closed",
      NAMED + im + start("</think>"),
      { reasoning: { closed: false } },
      "opened",
    ],
    ["an empty thinking", im + start("<think>\n\n</think>\n\n"), {}, "closed"],
    [
      "an empty thinking, said to be opened by the model",
      im + start("<think>\n\n</think>\n\n"),
      { reasoning: { opened: false } },
      "model opens",
    ],
    ["open marker and blanks", im + start("<think> \n \n"), { reasoning: THINK }, "opened"],
    ["a thinking that the prompt begins", `${im + start("<think>\nOkay, so")}${NAMED}`, {}, "opened"],
    [
      "a system prompt that names the markers",
      NAMED + im + start(""),
      { system: "Think inside <think> </think>." },
      "model opens",
    ],
    [
      "a system prompt that names the open one",
      NAMED + im + start(""),
      { system: "Begin with <think>" },
      "model opens",
    ],
  ])("%s", (_, source, options, state) => {
    expect(stateOf(reasoningOf(textFolder(source, tokenizer), options))).toBe(state);
  });

  it.each<[what: string, prompt: string, override: ChatOptions["reasoning"], state: string | undefined]>([
    [
      "a system prompt names both",
      "<|s|>Put thoughts inside <think> </think> tags.<|u|>hi<|a|>\n",
      THINK,
      "model opens",
    ],
    ["a user asks of the open one", "What does <think> mean?\nA:", THINK, "model opens"],
    ["a user asks of the close one", "Where does </think> go?", THINK, "model opens"],
    ["opened at the end", "hi<|a|><think>\n", THINK, "opened"],
    ["opened at the end, named before", "Use <think> </think>.<|a|><think>", THINK, "opened"],
    ["closed at the end", "hi<|a|><think>\n\n</think>\n\n", THINK, "closed"],
    ["a lone close marker at the end", "What is <think>?<|a|></think>", THINK, "closed"],
    ["begun, as the user says", "hi<|a|><think>\nOkay", { ...THINK, opened: true }, "opened"],
    ["by name", "hi<|im_start|>assistant\n", "s1", "model opens"],
    ["by name, opened", "hi<|a|>Here are my reasoning steps:\n", "apriel", "opened"],
    ["by name, said to be opened", "hi", { format: "s1", opened: true }, "opened"],
    ["no thinking", "hi <think>", "none", "none"],
    ["nothing said", "hi <think>", undefined, undefined],
  ])("raw: %s", (_, prompt, override, state) => {
    expect(stateOf(rawReasoning(prompt, override))).toBe(state);
  });

  it("a lone close marker leaves markers in the answer alone, and earlier turns out of the thinking", () => {
    const closed = { ...THINK, opened: true, closed: true, tail: undefined };
    const pieces = ["What is <think>?", "<|a|>", "</think>", "It ends with </think>", "."];
    const spans = findSpans(pieces, 3, closed);
    expect(spans).toMatchObject({ thinkingStart: 2, thinkingEnd: 2, responseStart: 3 });
    expect(pieces.join("").slice(...(spans.text.response as [number, number]))).toBe("It ends with </think>.");
  });
});

describe("known formats", () => {
  /** What such a model writes, thinking "Hm." and answering "Yes." */
  const texts: Readonly<Record<KnownFormatName, string>> = {
    think: "<think>\nHm.\n</think>\n\nYes.",
    "deepseek-r1": "<think>\nHm.\n</think>\n\nYes.",
    qwen3: "<think>\nHm.\n</think>\n\nYes.",
    "phi-4-reasoning": "<think>Hm.</think>Yes.",
    "phi-4-mini-reasoning": "<think>\nHm.\n</think>\n\nYes.",
    "hermes-4": "<think>\nHm.\n</think>\nYes.",
    "minimax-m1": "<think>\nHm.\n</think>\n\nYes.",
    "r1-zero": "<think> Hm. </think>\n<answer> Yes. </answer>",
    "hunyuan-a13b": "<think>\nHm.\n</think>\n<answer>\nYes.\n</answer>",
    "granite-3.3": "<think>Hm.</think><response>Yes.</response>",
    "granite-3.2": "Here is my thought process:\n\nHm.\n\nHere is my response:\n\nYes.",
    "seed-oss": "<seed:think>Hm.</seed:think>Yes.",
    "command-a": "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>",
    magistral: "[THINK]Hm.[/THINK]Yes.",
    openthinker:
      "<|begin_of_thought|>\n\nHm.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nYes.\n\n<|end_of_solution|>",
    "sky-t1":
      "<|begin_of_thought|>\n\nHm.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nYes.\n\n<|end_of_solution|>",
    s1: "<|im_start|>think\nHm.\n<|im_start|>answer\nYes.",
    "marco-o1": "<Thought>\nHm.\n</Thought>\n\n<Output>\nYes.\n</Output>",
    "exaone-deep": "<thought>\nHm.\n</thought>\n\nYes.",
    thinking: "<thinking>Hm.</thinking>\nYes.",
    reasoning: "<reasoning>Hm.</reasoning>\nYes.",
    "kimi-vl": "◁think▷Hm.◁/think▷Yes.",
    "gpt-oss": "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.",
    apriel: "Here are my reasoning steps:\nHm.\n[BEGIN FINAL RESPONSE]\nYes.\n[END FINAL RESPONSE]",
    apertus: "<|inner_prefix|>Hm.<|inner_suffix|>Yes.",
  };
  const open = () => textFolder(templates.PHI4_MINI, byteTokenizer({ added: [{ content: "<eos>", special: true }] }));

  it.each(KNOWN_FORMAT_NAMES)("%s", (name) => {
    const checkpoint = open();
    const format = reasoningOf(checkpoint, { reasoning: name });
    const ids = checkpoint.tokenizer.encode(`${texts[name]}<eos>`);
    const trace = splitTrace(checkpoint, [104], { ids, finish: "stop" }, format);
    expect(trace).toMatchObject({ thinking: "Hm.", response: "Yes.", state: "complete" });
    const stream = new ReasoningStream(checkpoint.tokenizer, format);
    const parts = [...ids.map((id) => stream.push(id)), stream.end()];
    expect(parts.map((part) => part.thinking).join("")).toBe("Hm.");
    expect(parts.map((part) => part.response).join("")).toBe("Yes.");
  });

  it("a template that shows none is an error with lines to write", () => {
    expect(() => reasoningOf(open())).toThrow(/reasoning: \{ open: "<think>", close: "<\/think>" \}/);
    expect(() => reasoningOf(open())).toThrow(/reasoning: phi-4-mini-reasoning .*openthinker.*s1.*reasoning: none/);
  });

  it.each<[what: string, text: string, format: object]>([
    [
      "Granite 3.2",
      "'Here is my thought process:' and 'Here is my response:'",
      { open: "Here is my thought process:" },
    ],
    [
      "Granite 3.3",
      "<think></think> and <response></response>",
      { ...THINK, tail: "<response>", answerClose: "</response>" },
    ],
    ["R1-Zero", "<think> </think> <answer> </answer>", { ...THINK, answerClose: "</answer>" }],
    ["Marco-o1", "<Thought>, <Output>", { open: "<Thought>", close: "</Thought>", answerClose: "</Output>" }],
    [
      "OpenThinker",
      "<|begin_of_thought|> <|end_of_thought|> <|begin_of_solution|> <|end_of_solution|>",
      { open: "<|begin_of_thought|>", answerClose: "<|end_of_solution|>" },
    ],
    [
      "gpt-oss",
      "<|channel|>analysis<|message|> <|channel|>final<|message|>",
      { open: "<|channel|>analysis<|message|>" },
    ],
    ["Apriel", "Here are my reasoning steps: [BEGIN FINAL RESPONSE]", { close: "[BEGIN FINAL RESPONSE]" }],
  ])("%s is found where the template's own words name it", (_, text, format) => {
    const source = `{{ ${JSON.stringify(text)} }}${im}${start("")}`;
    const found = reasoningOf(textFolder(source, byteTokenizer({})));
    expect(found).toMatchObject({ ...format, opened: false, closed: false, shownBy: "template source" });
  });
});

describe("a stored trace and a served stream", () => {
  const format = (opened: boolean, tail?: string, answerClose?: string) =>
    ({ ...THINK, opened, closed: false, tail, answerClose, stripsEarlierThinking: false, shownBy: "config" }) as const;
  const added = (special: boolean) => ["<think>", "</think>"].map((content) => ({ content, special }));
  const tokenizers = {
    plain: byteTokenizer({ added: [{ content: "<eos>", special: true }] }),
    tokens: byteTokenizer({ added: [{ content: "<eos>", special: true }, ...added(false)] }),
    specials: byteTokenizer({ added: [{ content: "<eos>", special: true }, ...added(true)] }),
  };
  const both = (kind: keyof typeof tokenizers, how: Exclude<Reasoning, "none">, text: string) => {
    const checkpoint = textFolder(templates.PHI4_MINI, tokenizers[kind]);
    const { tokenizer } = checkpoint;
    const ids = tokenizer.encode(text);
    const { thinking, response, state } = splitTrace(checkpoint, [104], { ids, finish: "stop" }, how);
    const stream = new ReasoningStream(tokenizer, how);
    const parts = [...ids.map((id) => stream.push(id)), stream.end()];
    const told = { thinking: parts.map((p) => p.thinking).join(""), response: parts.map((p) => p.response).join("") };
    expect(told).toEqual({ thinking, response });
    return [thinking, response, state];
  };

  it.each<[what: string, opened: boolean, text: string, thinking: string, response: string, state: string]>([
    ["opens and closes", false, "<think>\nhm\n</think>\n\nyes<eos>", "hm", "yes", "complete"],
    ["closes without opening", false, "I wonder, hm.\n</think>\n\nyes", "I wonder, hm.", "yes", "complete"],
    ["closes at once without opening", false, "</think>yes", "", "yes", "complete"],
    ["answers at once", false, "yes, of course, by all means", "", "yes, of course, by all means", "complete"],
    [
      "opens late, on a line of its own",
      false,
      "Let me see about it now.\n<think>\nhm\n</think>\nyes",
      "Let me see about it now.\n<think>\nhm",
      "yes",
      "complete",
    ],
    ["opens late and never closes", false, "Let me see.\n<think>\nhm", "Let me see.\n<think>\nhm", "", "unclosed"],
    [
      "mentions both in its answer",
      false,
      "Use <think> and </think> tags.",
      "",
      "Use <think> and </think> tags.",
      "complete",
    ],
    [
      "mentions both after thinking",
      false,
      "<think>hm</think>Use <think> and </think>.",
      "hm",
      "Use <think> and </think>.",
      "complete",
    ],
    ["never closes", false, "<think>hm", "hm", "", "unclosed"],
    ["is cut off in its open marker", false, "<thi", "<thi", "", "unclosed"],
    ["is cut off in its close marker", true, "hm</thi", "hm</thi", "", "unclosed"],
    ["writes nothing", false, "", "", "", "unclosed"],
    ["thinks twice", false, "<think>a</think>b<think>c</think>d", "a", "b<think>c</think>d", "complete"],
    ["opened by the prompt", true, "hm</think>yes", "hm", "yes", "complete"],
    ["opened by the prompt and again by the model", true, "<think>\nhm</think>yes", "hm", "yes", "complete"],
    ["opens within its thinking", true, "hm <think> hm</think>yes", "hm <think> hm", "yes", "complete"],
    ["opened by the prompt, never closed", true, "hm hm", "hm hm", "", "unclosed"],
    ["closes twice", true, "hm</think>a</think>b", "hm", "a</think>b", "complete"],
  ])("%s", (_, opened, text, thinking, response, state) => {
    for (const kind of ["plain", "tokens"] as const)
      expect(both(kind, format(opened), text)).toEqual([thinking, response, state]);
    both("specials", format(opened), text); // such markers are no text, in both alike
  });

  it("agree on any text", () => {
    const part = fc.constantFrom(
      "<think>",
      "</think>",
      "<thi",
      "</",
      "hm",
      " ",
      "\n",
      "é",
      "👩‍🚀",
      "<r>",
      "</r>",
      "</r",
      ".",
      "<eos>",
    );
    const text = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(""));
    const kinds = fc.constantFrom("plain", "tokens", "specials") as fc.Arbitrary<keyof typeof tokenizers>;
    fc.assert(
      fc.property(text, kinds, fc.boolean(), fc.boolean(), (written, kind, opened, tagged) => {
        both(kind, tagged ? format(opened, "\n<r>\n", "</r>") : format(opened), written);
      }),
      { numRuns: 400, seed: 3 },
    );
  });

  it("is cut anywhere", () => {
    const text = "Well.\n<think>\nhm</think>\n\n<r>\nyes</r>";
    for (const written of [text, text.slice(6), "a </think> b", "a <think> b</think>", "a <think>\nb"])
      for (const opened of [true, false]) {
        const how = format(opened, "<r>");
        const whole = scanText(written, how);
        for (let at = 0; at <= written.length; at++)
          for (let to = at; to <= written.length; to++) {
            const scan = new MarkerScan(how);
            for (const piece of [written.slice(0, at), written.slice(at, to), written.slice(to)]) scan.push(piece);
            scan.end();
            expect([scan.phase, scan.from, scan.close]).toEqual([whole.phase, whole.from, whole.close]);
          }
      }
  });
});
