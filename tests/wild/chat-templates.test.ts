/**
 * Chat templates as transformers renders them: constructs of Jinja2 with the text that it makes of them, recorded with
 * `tools/record-chat-templates.py`. What is not supported is refused by its name.
 */
import { readFileSync } from "node:fs";
import { ChatTemplate, CheckpointError, type Message } from "@precipice/model";
import { describe, expect, it } from "vitest";
import { JinjaTemplate } from "../../packages/model/src/text/jinja/index.ts";
import { type FileContent, tempFolder, writeFiles } from "../support/checkpoint-folder.ts";

interface Row {
  readonly kind: string;
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What Jinja2 writes. */
  readonly expected?: string;
  /** Jinja2 raises an error. */
  readonly raises?: true;
  /** Jinja2 renders it, this project does not: a word of the message. */
  readonly refused?: string;
}
const rows: readonly Row[] = JSON.parse(readFileSync(new URL("data/chat-templates.json", import.meta.url), "utf8"));

const outcome = ({ source, variables }: Row): Pick<Row, "expected"> & { readonly error?: string } => {
  try {
    return { expected: new JinjaTemplate(source).render({ tools: null, documents: null, ...variables }) };
  } catch (error) {
    return { error: (error as Error).message };
  }
};
const wrong = (chosen: readonly Row[]): readonly unknown[] =>
  chosen.flatMap((row): readonly unknown[] => {
    const { expected, error } = outcome(row);
    if (row.refused !== undefined) return error?.includes(row.refused) === true ? [] : [{ ...row, expected, error }];
    if (row.raises === true) return error === undefined ? [{ ...row, got: expected }] : [];
    return expected === row.expected ? [] : [{ ...row, got: expected ?? error }];
  });
const countOf = (test: (row: Row) => boolean): number => rows.filter(test).length;

describe("constructs of Jinja2", () => {
  const rendered = countOf((row) => row.expected !== undefined);
  const raising = countOf((row) => row.raises === true);
  const refused = countOf((row) => row.refused !== undefined);

  it(`${rows.length}: ${rendered} render as Jinja2 does, ${raising} are errors there too, ${refused} are refused by name`, () => {
    expect(rendered + raising + refused).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(250);
    expect(refused).toBeLessThanOrEqual(10);
  });

  it.each(Array.from(Map.groupBy(rows, (row) => row.kind)))("%s", (_, chosen) => {
    expect(wrong(chosen)).toEqual([]);
  });
});

const open = (template: string, files: Readonly<Record<string, FileContent>> = {}): ChatTemplate => {
  const folder = tempFolder();
  writeFiles(folder, { "chat_template.jinja": template, ...files });
  return ChatTemplate.open(folder);
};
const hi: readonly Message[] = [{ role: "user", content: "hi" }];
const refusal = (run: () => unknown): string => {
  try {
    return JSON.stringify(run());
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
};

describe("special tokens", () => {
  const all =
    "{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ sep_token }}{{ pad_token }}{{ cls_token }}{{ mask_token }}";
  const decoder = { "1": { content: "<s>", special: true } };
  it.each<[what: string, template: string, files: Readonly<Record<string, FileContent>>, text: string]>([
    ["from the map alone", "{{ bos_token }}", { "special_tokens_map.json": { bos_token: "<s>" } }, "<s>"],
    [
      "as objects",
      "{{ bos_token }}",
      { "special_tokens_map.json": { bos_token: { content: "<s>", lstrip: false } } },
      "<s>",
    ],
    [
      "all seven",
      all,
      {
        "special_tokens_map.json": {
          bos_token: "1",
          eos_token: "2",
          unk_token: "3",
          sep_token: "4",
          pad_token: "5",
          cls_token: "6",
          mask_token: { content: "7" },
        },
      },
      "1234567",
    ],
    [
      "the map over the config",
      "{{ bos_token }}",
      { "tokenizer_config.json": { bos_token: "<c>" }, "special_tokens_map.json": { bos_token: "<m>" } },
      "<m>",
    ],
    [
      "the config where it has decoded tokens",
      "{{ bos_token }}",
      {
        "tokenizer_config.json": { bos_token: "<c>", added_tokens_decoder: decoder },
        "special_tokens_map.json": { bos_token: "<m>" },
      },
      "<c>",
    ],
    [
      "what the config does not name",
      "{{ bos_token }}",
      { "tokenizer_config.json": { added_tokens_decoder: decoder }, "special_tokens_map.json": { bos_token: "<m>" } },
      "<m>",
    ],
    [
      "further named ones",
      "{{ image_token }}{{ boi_token }}",
      { "tokenizer_config.json": { image_token: "<i>", extra_special_tokens: { boi_token: "<b>" } } },
      "<i><b>",
    ],
    ["none", "[{{ bos_token }}]", { "tokenizer_config.json": { bos_token: null } }, "[]"],
  ])("%s", (_, template, files, text) => {
    expect(open(template, files).render(hi)).toBe(text);
  });
});

describe("templateVars", () => {
  it.each<[what: string, template: string, name: string]>([
    ["stands in text only", "your thinking: {{ messages[0].content }}", "thinking"],
    ["stands in a quoted text", "{{ 'thinking' }}", "thinking"],
    ["is the name of a field", "{{ messages[0].thinking }}", "thinking"],
    ["is a keyword of a call", "{{ dict(thinking=1) }}", "thinking"],
    ["is set before it is read", "{% set thinking = true %}{{ thinking }}", "thinking"],
    ["is the name of a loop", "{% for thinking in messages %}{{ thinking.role }}{% endfor %}", "thinking"],
    ["is a parameter", "{% macro m(thinking) %}{{ thinking }}{% endmacro %}{{ m(1) }}", "thinking"],
    ["stands in a comment", "{# thinking #}x", "thinking"],
  ])("a name that %s is refused", (_, template, name) => {
    expect(refusal(() => open(template).render(hi, { [name]: false }))).toContain(`has no variable "${name}" to set`);
  });

  it.each<[template: string, text: string]>([
    ["{% if thinking is defined and not thinking %}off{% endif %}", "off"],
    ["{% set thinking = thinking | default(true) %}{{ thinking }}", "False"],
    ["{% if thinking is not defined %}{% set thinking = true %}{% endif %}{{ thinking }}", "False"],
    ["{% macro m() %}{{ thinking }}{% endmacro %}{{ m() }}", "False"],
    ["{% for m in messages if not thinking %}{{ m.role }}{% endfor %}", "user"],
  ])("%s reads one", (template, text) => {
    expect(open(template).render(hi, { thinking: false })).toBe(text);
  });
});

describe("messages of errors", () => {
  it.each<[template: string, message: RegExp]>([
    ["a\n{% include 'other' %}", /is no valid Jinja: line 2: \{% include %\} is not supported/],
    ["{% for m in messages %}", /line 1: \{% for %\} is never closed/],
    ["{{ messages[0].nothing.more }}", /failed on these messages: 'dict object' has no attribute 'nothing'/],
    ["{{ nothing + 'a' }}", /'nothing' is undefined/],
    ["{{ 'a' | urlize }}", /the filter "urlize" is not supported/],
    ["{{ 'a'.encode() }}", /str\.encode is not supported/],
    ["{{ 'a' * 999999999 }}", /makes more than 33,\d{3},\d{3} characters of text and bytes of lists/],
    [
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      /failed on these messages: calls itself deeper than 200 levels/,
    ],
  ])("%s", (template, message) => {
    expect(refusal(() => open(template).render(hi))).toMatch(message);
  });
});
