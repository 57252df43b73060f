/** The example runs, the README shows it as it is, and lists every architecture there is. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tempFolder, writeFiles } from "../../../tests/support/checkpoint-folder.ts";
import { readConfig } from "./index.ts";

const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
const lines: unknown[][] = [];
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation((...line) => void lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("look-inside.ts writes on and captures", async () => {
  await import("../examples/look-inside.ts");
  expect(lines).toHaveLength(2);
  expect(lines[0]?.[0]).toMatch(/^Once upon a time\W.{40,}/s);
  expect(lines[1]?.[0]).toBeInstanceOf(Float32Array);
  expect(lines[1]?.[0]).toHaveLength(64);
});

it("the README shows look-inside.ts", () => {
  expect(read("../README.md")).toContain(read("../examples/look-inside.ts").replace(/^\/\*\*.*\*\/\n/, ""));
});

it("the README names every supported model_type", () => {
  const folder = tempFolder();
  writeFiles(folder, { "config.json": { model_type: "nonsense" } });
  expect(() => readConfig(folder)).toThrow(/supported: /);
  const [, list = ""] = /"model_type": (.*)\n/.exec(read("../README.md")) ?? [];
  try {
    readConfig(folder);
  } catch (error) {
    const supported = /supported: (.*)$/.exec((error as Error).message)?.[1]?.split(", ");
    expect([...list.matchAll(/`(\w+)`/g)].map((m) => m[1])).toEqual(supported);
  }
});
