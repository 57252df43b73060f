/** Every pipeline that ships can be planned as it stands: stages, configs, edges, layouts of tables. */
import { globSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { launch } from "../../packages/cli/src/fixtures/process.ts";
import { temporary } from "../support/on-disk.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const root = temporary();
const precipice = (...args: string[]) => launch(path("../../packages/cli/bin/precipice.mjs"), root, ...args).finished;

describe.each(globSync(path("../../pipelines/**/*.yaml")).map((file) => [basename(file, ".yaml"), file] as const))(
  "%s",
  (name, file) => {
    it("can be planned from an empty store", async () => {
      const { code, stdout, stderr } = await precipice("plan", file, "--root", name, "--json");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { nodes } = JSON.parse(stdout) as {
        nodes: ReadonlyArray<{ readonly node: string; readonly status: string }>;
      };
      expect(nodes.length).toBeGreaterThan(5);
      expect(nodes.filter(({ status }) => status === "blocked")).toEqual([]);
    });
  },
);

it("a table that asks for a column it does not have is told before anything runs", async () => {
  const { code, stderr } = await precipice(
    "plan",
    path("fixtures/tiny-study.yaml"),
    "--root",
    "wrong",
    "--set",
    "nodes.tables.config.tables=[{name: t, title: t, columns: [{name: asr, title: ASR}], rows: [{title: r, cells: {asd: {text: x}}}]}]",
  );
  expect(code).toBe(1);
  expect(stderr).toContain("E_TABLES_LAYOUT");
  expect(stderr).toContain('table t, row "r", asd: is not a column of the table; is "asr" meant?');
});
