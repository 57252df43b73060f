/** docs/reference/ is what the Schemas and flags say now, and the help's own examples use flags that there are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../tools/docs/cli-page.ts";
import { root } from "../../tools/docs/pages.ts";
import { referencePages } from "../../tools/docs/reference.ts";

describe("docs/reference", () => {
  it.each(["stages", "artifacts", "cli"])("%s.md is up to date", async (name) => {
    const path = `docs/reference/${name}.md`;
    const wanted = (await referencePages()).get(path);
    expect(readFileSync(join(root, path), "utf8") === wanted, `${path} is old: npm run docs:reference`).toBe(true);
  });

  it("describes every config key, every flag and every argument", async () => {
    const stages = readFileSync(join(root, "docs/reference/stages.md"), "utf8");
    const tables = stages.split("\n\n").filter((part) => part.startsWith("| config"));
    const rows = tables.flatMap((table) => table.split("\n").slice(2));
    expect(rows.length).toBeGreaterThan(150);
    expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
    const silent = (await commands()).flatMap(({ path, help }) =>
      [...help.flags, ...(help.args ?? [])]
        .filter(({ description }) => description._tag === "None")
        .map(({ name }) => `${path.join(" ")} ${name}`),
    );
    expect(silent).toEqual([]);
  });

  it("every command has examples, with flags that it has", async () => {
    const wrong = (await commands()).flatMap(({ path, help }) => {
      if ((help.subcommands ?? []).length > 0) return []; // its commands have their own
      const known = [...help.flags, ...(help.globalFlags ?? [])].map(({ name }) => `--${name}`);
      const examples = help.examples ?? [];
      const own = examples
        .map(({ command }) => command)
        .filter((command) => command.startsWith(`precipice ${path.join(" ")}`));
      if (own.length === 0) return [`${path.join(" ")}: no example`];
      return own.flatMap((command) =>
        (command.split("|")[0]?.match(/--[a-z-]+/g) ?? [])
          .filter((flag) => !known.includes(flag))
          .map((flag) => `${command}: ${flag}`),
      );
    });
    expect(wrong).toEqual([]);
  });
});
