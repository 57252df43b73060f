import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { tempFolder, writeFiles } from "../../../tests/support/checkpoint-folder.ts";
import { readConfig } from "./index.ts";

it("the README names every supported model_type", () => {
  const folder = tempFolder();
  writeFiles(folder, { "config.json": { model_type: "nonsense" } });
  expect(() => readConfig(folder)).toThrow(/supported: /);
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, list = ""] = /"model_type": (.*)\n/.exec(readme) ?? [];
  try {
    readConfig(folder);
  } catch (error) {
    const supported = /supported: (.*)$/.exec((error as Error).message)?.[1]?.split(", ");
    expect([...list.matchAll(/`(\w+)`/g)].map((m) => m[1])).toEqual(supported);
  }
});
