/** Patterns of tokenizers and settings of adapters: none runs without end, and what does not fit the model is told with the file. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAdapter } from "../../packages/finetune/src/peft-files.ts";
import { CheckpointError } from "../../packages/model/src/errors.ts";
import { growthOf } from "../../packages/model/src/text/patterns.ts";
import { byteTokenizer } from "../../packages/model/src/text/testing/byte-tokenizer.ts";
import { TextTokenizer } from "../../packages/model/src/text/tokenizer.ts";
import { temporary } from "../support/on-disk.ts";
import { checkpoint } from "../support/small-model.ts";

const root = temporary();
const thrown = (work: () => unknown): CheckpointError => {
  try {
    work();
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("how the time of a pattern can grow", () => {
  it.each<[pattern: string, power: number]>([
    ["a", 1],
    ["\\p{N}{1,3}", 1],
    [" ?\\p{L}+", 2],
    ["(?:ab)+|[)\\]]*", 2],
    ["\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", 3],
    ["\\s*\\s*\\s*\\s*x", 5],
    ["(([a-z ])+)+\\d", Number.POSITIVE_INFINITY],
    ["(a|a)*b", Number.POSITIVE_INFINITY],
    ["(?:a?b?)*c", Number.POSITIVE_INFINITY],
    ["(?:a{1,50}){1,50}", Number.POSITIVE_INFINITY],
    ["(a?){30}a{30}", Number.POSITIVE_INFINITY],
    ["(.)\\1+", Number.POSITIVE_INFINITY],
    ["(?<n>a)\\k<n>", Number.POSITIVE_INFINITY],
    ["a)", Number.POSITIVE_INFINITY],
  ])("%s", (pattern, power) => {
    expect(growthOf(pattern)).toBe(power);
  });
});

describe("a tokenizer's pattern that does not end", () => {
  it("is stopped, with the file and the pattern", () => {
    const json = byteTokenizer({});
    const split = { type: "Split", pattern: { Regex: "(([a-z ])+)+\\d" }, behavior: "Isolated", invert: false };
    const folder = mkdtempSync(join(root, "t"));
    const file = join(folder, "tokenizer.json");
    writeFileSync(file, JSON.stringify({ ...json, pre_tokenizer: split }));
    const tokenizer = TextTokenizer.open(folder, { bosId: undefined });
    expect(tokenizer.encode("ab 1").length).toBeGreaterThan(0);
    const { file: named, message } = thrown(() => tokenizer.encode("a text that never comes to an end of itself"));
    expect(named).toBe(file);
    expect(message).toMatch(
      /text of 43 characters took longer than 2\.002 s, and was stopped; the pattern \(\(\[a-z \]/,
    );
  });
});

const adapter = (settings: object): string => {
  const folder = mkdtempSync(join(root, "a"));
  const source = join(checkpoint.folder, "lora_qv");
  const original = JSON.parse(readFileSync(join(source, "adapter_config.json"), "utf8")) as object;
  writeFileSync(join(folder, "adapter_config.json"), JSON.stringify({ ...original, ...settings }));
  writeFileSync(join(folder, "adapter_model.safetensors"), readFileSync(join(source, "adapter_model.safetensors")));
  return folder;
};

describe("an adapter", () => {
  it.each<[settings: object, file: string, message: RegExp]>([
    [
      { target_modules: "(([a-z._0-9]+)+)+Z" },
      "config.json",
      /took longer than 1 s, and was stopped; name the modules/,
    ],
    [{ rank_pattern: { "(([a-z._0-9]+)+)+Z": 2 } }, "config.json", /matching the patterns took longer than 1 s/],
    [{ target_modules: {} }, "config.json", /must be names or a regular expression, found \{\}/],
    [{ target_modules: 5 }, "config.json", /must be names or a regular expression, found 5/],
    [{ target_modules: true }, "config.json", /must be names or a regular expression, found true/],
    [{ target_modules: [5] }, "config.json", /must be names or a regular expression, found \[5\]/],
    [{ target_modules: null }, "config.json", /no linear map is named/],
    [{ target_modules: [] }, "config.json", /no linear map is named/],
    [{ target_modules: "(" }, "config.json", /is no regular expression/],
    [{ target_modules: ["x".repeat(100_000)] }, "config.json", /characters left out/],
    [{ target_modules: "x".repeat(100_000) }, "config.json", /characters left out/],
    [{ r: 1e300 }, "config.json", /is no rank/],
    [{ r: 2.5 }, "config.json", /2\.5 is no rank/],
    [{ r: "x".repeat(100_000) }, "config.json", /is no rank/],
    [{ r: 1e9 }, "model.safetensors", /has shape \[\d+, \d+\], expected \[1000000000, \d+\]/],
    [{ lora_alpha: 1e300 }, "config.json", /is no number/],
    [{ lora_alpha: "16" }, "config.json", /"16" is no number/],
    [{ alpha_pattern: { q_proj: 1e300 } }, "config.json", /is no map from patterns to numbers/],
    [{ target_modules: ["o_proj"] }, "model.safetensors", /is missing; expected/],
  ])("%#", (settings, file, message) => {
    const error = thrown(() => readAdapter(adapter(settings), checkpoint.config));
    expect(error.file.endsWith(`adapter_${file}`)).toBe(true);
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(2000);
  });
});
