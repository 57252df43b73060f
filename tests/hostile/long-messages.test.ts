/** What is nested or long without end is told in few words, and before memory is gone. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDepth } from "@precipice/files";
import { describe, expect, it } from "vitest";
import { readAdapter } from "../../packages/finetune/src/peft-files.ts";
import { readConfig } from "../../packages/model/src/architecture/index.ts";
import { readHeader } from "../../packages/model/src/weights/safetensors.ts";
import { loadPrompts } from "../../packages/trace/src/data/load-prompts.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const file = (name: string, content: string | Uint8Array): string => {
  const folder = mkdtempSync(join(root, "f"));
  writeFileSync(join(folder, name), content);
  return folder;
};
const safetensors = (header: string): Uint8Array => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header)]);
};
const data = (folder: string, name: string, more: object = {}) =>
  loadPrompts({ source: name, labels: "harmless", label: "both", dedup: false, seed: 0, ...more }, { base: folder });
const many = 100_000;
const long = "x".repeat(many);
const deep = `${"[".repeat(many)}${"]".repeat(many)}`;

const CASES: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
  [
    "a shape of many dimensions",
    () => {
      const header = { t: { dtype: "F32", shape: Array(many).fill(1), data_offsets: [0, 8] } };
      return readHeader(join(file("m.safetensors", safetensors(JSON.stringify(header))), "m.safetensors"));
    },
    /\(t\): needs 4 bytes for F32\[1, 1, .* and 99,980 more\], the header gives 8/,
  ],
  [
    "a tensor of a long name",
    () =>
      readHeader(
        join(file("m.safetensors", safetensors(JSON.stringify({ [long]: { dtype: "F33" } }))), "m.safetensors"),
      ),
    /characters left out.*has element type F33/,
  ],
  [
    "an element type of a long name",
    () => readHeader(join(file("m.safetensors", safetensors(JSON.stringify({ t: { dtype: long } }))), "m.safetensors")),
    /has element type xxx/,
  ],
  [
    "a deep header",
    () => readHeader(join(file("m.safetensors", safetensors(`{"t":${deep}}`)), "m.safetensors")),
    /\(header\): is not a JSON object/,
  ],
  ["a deep config.json", () => readConfig(file("config.json", `{"a":${deep}}`)), /nested deeper than 1000 levels/],
  [
    "a deep adapter_config.json",
    () => readAdapter(file("adapter_config.json", `{"a":${deep}}`), {} as never),
    /nested deeper than 1000 levels/,
  ],
  [
    "a deep row",
    () => data(file("a.jsonl", `{"prompt":"a"}\n{"prompt":"b","n":${deep}}`), "a.jsonl"),
    /a\.jsonl:2 is not JSON: nested deeper than 1000 levels/,
  ],
  [
    "many columns, none of them the prompt",
    () => data(file("a.csv", `${Array.from({ length: many }, (_, i) => `c${i}`).join(",")}\n`), "a.csv"),
    /there is no column "prompt" among "c0", .* and 99,980 more/,
  ],
  ["a column of a long name", () => data(file("a.csv", `${long},b\n1,2\n`), "a.csv"), /characters left out/],
  ["a long column twice", () => data(file("a.csv", `${long},${long}\n1,2\n`), "a.csv"), /is there twice/],
  [
    "a long key twice",
    () => data(file("a.jsonl", `{"${long}":1,"${long}":2}`), "a.jsonl"),
    /characters left out.*twice/,
  ],
  [
    "a label of a long text",
    () => data(file("a.csv", `prompt,label\na,${long}\n`), "a.csv", { labels: undefined }),
    /the label \(column "label"\) is "x{60}"/,
  ],
  [
    "a row of a long text that is no object",
    () => data(file("a.jsonl", `"${long}"`), "a.jsonl"),
    /is no object but "xxx/,
  ],
];

describe("is told in few words", () => {
  it.each(CASES)("%s", async (_, read, message) => {
    const error = await (async () => read())().then(
      () => undefined,
      (cause: Error) => cause,
    );
    expect(error?.message).toMatch(message);
    expect(error?.message.length).toBeLessThan(6000);
  });
});

describe("depth", () => {
  it.each<[string, string, boolean]>([
    ["as deep as allowed", `${"[".repeat(1000)}${"]".repeat(1000)}${" ".repeat(1 << 16)}`, true],
    ["deeper", `${"[".repeat(1001)}${"]".repeat(1001)}${" ".repeat(1 << 16)}`, false],
    ["objects", `${'{"a":'.repeat(20_000)}`, false],
    ["brackets within a text", JSON.stringify("[".repeat(1 << 17)), true],
    ["quotes within a text", JSON.stringify('"[\\'.repeat(1 << 16)), true],
    ["one after the other", `[${"[],".repeat(1 << 16)}[]]`, true],
    ["a text that does not end", `"${"[".repeat(1 << 17)}`, true],
  ])("%s", (_, text, isFine) => {
    const check = () => checkDepth(text);
    if (isFine) expect(check).not.toThrow();
    else expect(check).toThrow(/nested deeper than 1000 levels at character \d+/);
  });
});
