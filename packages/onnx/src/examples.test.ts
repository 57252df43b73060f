/** The examples run, and the README shows them as they are. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const lines: unknown[][] = [];
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation((...line) => void lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  lines.length = 0;
});

it("gradient.ts prints value and slope", async () => {
  await import("../examples/gradient.ts");
  expect(lines).toEqual([[Float32Array.of(36), Float32Array.of(3, 12, 27)]]);
});

it("mlp.ts learns XOR", async () => {
  await import("../examples/mlp.ts");
  expect(lines).toHaveLength(4);
  expect(lines[3]?.[0]).toMatch(/^step 200: loss 0\.0\d+, accuracy 1$/);
});

it.each(["gradient", "mlp"])("the README shows %s.ts", (name) => {
  const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
  const code = read(`../examples/${name}.ts`).replace(/^\/\*\*.*\*\/\n/, "");
  expect(read("../README.md")).toContain(code);
});
