/** Chat templates: where they come from, what they are given, and what happens when they are broken or never end. */
import { describe, expect, it } from "vitest";
import { type FileContent, tempFolder, writeFiles } from "../../../../tests/support/checkpoint-folder.ts";
import { CheckpointError } from "../errors.ts";
import { ChatTemplate } from "./chat-template.ts";

const open = (files: Readonly<Record<string, FileContent>>): ChatTemplate => {
  const folder = tempFolder();
  writeFiles(folder, files);
  return ChatTemplate.open(folder);
};
const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}";
const hello = [{ role: "user", content: "hello" }];
const refused = (run: () => unknown): CheckpointError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was refused");
};

describe("ChatTemplate", () => {
  const rendered = "<s><|system|>be brief<|user|>hello<|assistant|><think>\n";
  it.each<[where: string, files: Record<string, FileContent>]>([
    [
      "chat_template.jinja",
      { "chat_template.jinja": TEMPLATE, "tokenizer_config.json": { bos_token: "<s>", chat_template: "not this one" } },
    ],
    [
      "tokenizer_config.json",
      { "tokenizer_config.json": { bos_token: { content: "<s>", special: true }, chat_template: TEMPLATE } },
    ],
    [
      "a list of named templates",
      {
        "tokenizer_config.json": {
          bos_token: "<s>",
          chat_template: [
            { name: "tool_use", template: "no" },
            { name: "default", template: TEMPLATE },
          ],
        },
      },
    ],
  ])("comes from %s and renders up to where the model starts", (_, files) => {
    expect(open(files).render([{ role: "system", content: "be brief" }, ...hello])).toBe(rendered);
  });

  it("takes messages as data, not as template", () => {
    const content = "{{ bos_token }}{% for %}";
    expect(open({ "chat_template.jinja": "{{ messages[0].content }}" }).render([{ role: "user", content }])).toBe(
      content,
    );
  });

  it.each<[what: string, files: Record<string, FileContent>]>([
    ["nothing", {}],
    ["a tokenizer config without one", { "tokenizer_config.json": { chat_template: null } }],
    [
      "a list without a default",
      { "tokenizer_config.json": { chat_template: [{ name: "rag", template: "x" }, null] } },
    ],
  ])("says what to do when there is %s", (_, files) => {
    const error = refused(() => open(files));
    expect(error).toMatchObject({ place: "chat_template", problem: "the checkpoint has no chat template" });
    expect(error.remedy).toMatch(/raw prompts/);
  });

  it("refuses what is no Jinja when it is opened", () => {
    const error = refused(() => open({ "chat_template.jinja": "{% for m in %}" }));
    expect(error.problem).toMatch(/^is no valid Jinja: ./);
    expect(error.file).toMatch(/chat_template\.jinja$/);
  });

  it("reports what a template raises", () => {
    const template = open({ "chat_template.jinja": "{{ raise_exception('roles must alternate') }}" });
    expect(refused(() => template.render(hello)).message).toContain("roles must alternate");
  });

  it("stops a template that does not end", () => {
    const template = open({
      "chat_template.jinja": "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    });
    expect(refused(() => template.render(hello)).problem).toMatch(/makes more than|stopped$/);
    expect(open({ "chat_template.jinja": "still {{ 'here' }}" }).render([])).toBe("still here");
  });
});
