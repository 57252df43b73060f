/** Whatever text a user gives that is not UTF-8 is refused with file and place; a byte-order mark of UTF-8 is no text. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "@precipice/serve";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAdapter } from "../../packages/finetune/src/peft-files.ts";
import { readConfig } from "../../packages/model/src/architecture/index.ts";
import { ChatTemplate } from "../../packages/model/src/text/chat-template.ts";
import { findPackage } from "../../packages/runtime/src/plugins/locate.ts";
import { readTemplate } from "../../packages/trace/src/judge-template.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const write = (name: string, content: string | Uint8Array): string => {
  const folder = join(root, `f${Math.random().toString(36).slice(2)}`);
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), content);
  return folder;
};
const latin1 = (text: string) => Buffer.from(text, "latin1");

describe("files that are not UTF-8", () => {
  it.each([
    [
      "config.json",
      '{\n"a": "\xe9"}',
      (folder: string) => readConfig(folder),
      /config\.json \(line 2\): is not UTF-8 from byte 8/,
    ],
    [
      "chat_template.jinja",
      "{{ bos_token }}\n\n\xfc",
      ChatTemplate.open,
      /chat_template\.jinja \(line 3\): is not UTF-8/,
    ],
    [
      "adapter_config.json",
      '{"r": "\xe9"}',
      (folder: string) => readAdapter(folder, {} as never),
      /adapter_config\.json \(line 1\)/,
    ],
    [
      "judge.txt",
      "Judge:\nna\xefve {{response}}",
      (folder: string) => readTemplate("judge.txt", folder),
      /judge\.txt:2:3: the file is not UTF-8/,
    ],
  ])("%s", (name, text, read, message) => {
    expect(() => read(write(name, latin1(text)))).toThrow(message);
  });

  it("a plugin's package.json", async () => {
    const folder = write("node_modules/lab/package.json", latin1('{"name":"lab","main":"\xe9.js"}'));
    await expect(findPackage("lab", folder)).rejects.toThrow(/not UTF-8 from here on \(line 1, column 23\)/);
  });

  it("a judge's template may have a byte-order mark, which is no part of it", () => {
    expect(readTemplate("judge.txt", write("judge.txt", "\uFEFFJudge {{response}}"))).toBe("Judge {{response}}");
    expect(() => readTemplate("judge.txt", write("judge.txt", Buffer.from("\uFEFF{{response}}", "utf16le")))).toThrow(
      /judge\.txt:1:1: the file is UTF-16/,
    );
  });
});

describe("a served body", () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    server = await startServer({ models: [], rules: [{ id: "echo", reply: (m) => m[0]?.content ?? "" }], port: 0 });
  });
  afterAll(() => server.close());
  const post = async (body: Uint8Array) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers,
      body: Buffer.from(body),
    });
    return { status: response.status, body: await response.text() };
  };
  const chat = (content: string) => JSON.stringify({ model: "echo", messages: [{ role: "user", content }] });

  it("is UTF-8 or refused with the place", async () => {
    const whole = await post(Buffer.from(chat("café")));
    expect(whole).toMatchObject({ status: 200, body: expect.stringContaining("café") });
    const text = chat("caf\xe9");
    const refused = await post(latin1(text));
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.body)).toMatchObject({
      error: { message: expect.stringContaining(`not UTF-8 from byte ${text.indexOf("\xe9")} on`) },
    });
  });
});
