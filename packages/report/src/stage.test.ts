import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mapRowsInMemory } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { renderReport } from "./page.ts";
import { reportHtml } from "./stage.ts";
import { smallRun } from "./testing/small-run.ts";

const folder = mkdtempSync(join(tmpdir(), "report-"));
afterEach(() => rmSync(join(folder, "report.html"), { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Context = Parameters<typeof reportHtml.run>[0];

/** An artifact in memory: tables by name, and no record of its making. */
const reader = (node: string, tables: Record<string, ReadonlyArray<unknown>>) => ({
  node,
  digest: `digest-of-${node}`,
  path: join(folder, "nowhere"),
  rows: (table: string) => Effect.succeed(tables[table]),
});

/** As a writer does: the folders of a file's path exist. */
const pathIn = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  return path;
};

const run = (config: unknown, inputs: object) =>
  Effect.runPromise(
    Effect.scoped(
      reportHtml.run({
        config: Schema.decodeUnknownSync(reportHtml.config)(config),
        inputs: {
          scores: [],
          traces: [],
          verdicts: [],
          heads: undefined,
          patterns: undefined,
          benchmark: undefined,
          metrics: [],
          selections: [],
          studies: [],
          adapters: [],
          ...inputs,
        } as Context["inputs"],
        outputs: { report: { file: pathIn } } as unknown as Context["outputs"],
        pipelineDir: folder,
        progress: () => {},
        mapRows: mapRowsInMemory(),
        streamRows: () => Effect.die("streams need a folder"),
        scratch: "/nowhere",
        log: () => Effect.void,
        note: () => Effect.void,
      }),
    ),
  ).then(() => readFileSync(join(folder, "report.html"), "utf8"));

describe("stage report.html", () => {
  it("writes what renderReport gives for the same rows", async () => {
    const { heads, metrics = [], scores = [], selections = [], adapters = [], labels } = smallRun;
    const html = await run(
      { title: "A small run", labels },
      {
        scores: scores.map(({ node, traces, tokens, curves, summary = [] }) =>
          reader(node, { traces, tokens, curves, summary }),
        ),
        heads: reader("heads", { heads: heads?.rows ?? [] }),
        metrics: metrics.map(({ node, rows }) => reader(node, { metrics: rows })),
        selections: selections.map(({ node, rows }) => reader(node, { selection: rows })),
        adapters: adapters.map(({ node, rows }) => reader(node, { steps: rows })),
      },
    );
    const source = (port: string) => (node: string) => ({ port, node, digest: `digest-of-${node}` });
    const sources = [
      ...["scores_aligned", "scores_cliff"].map(source("scores")),
      source("heads")("heads"),
      ...["ablated", "eval_cliff", "eval_random"].map(source("metrics")),
      ...["select_cliff", "select_random"].map(source("selections")),
      ...["lora_cliff", "lora_random"].map(source("adapters")),
    ];
    expect(html).toBe(renderReport({ ...smallRun, traces: [], sources }));
    expect(readdirSync(join(folder, "figures")).sort()).toEqual([
      "ablation.svg",
      "curves.svg",
      "heads.svg",
      "selection.svg",
    ]);
  });

  it("tells the stage, config and versions that an artifact's record names", async () => {
    const origin = {
      stage: "ablate.attribute",
      stageVersion: 3,
      output: "heads",
      inputs: {},
      numerics: {},
      durationMs: 1,
    };
    const record = {
      format: 1,
      kind: "heads",
      kindVersion: 1,
      digest: "d",
      contents: { tables: {}, vectors: {}, files: [], bytes: 0 },
      origin: { ...origin, config: { seed: 77, site: "blocks.5.hook_resid_post" } },
      versions: { node: "24.21.0" },
      createdAt: "2026-01-01T00:00:00Z",
    };
    writeFileSync(join(folder, "artifact.json"), JSON.stringify(record));
    const html = await run({ title: "t" }, { heads: { ...reader("heads", { heads: [] }), path: folder } });
    for (const told of ["ablate.attribute@3", "Seed 77 in heads", "blocks.5.hook_resid_post", "node 24.21.0"]) {
      expect(html).toContain(told);
    }
    expect(html).not.toContain("2026-01-01");
  });

  it("draws a page from nothing but a title", async () => {
    expect(await run({ title: "Bare" }, {})).toContain("<h1>Bare</h1>");
  });

  it("refuses a config without a title", () => {
    expect(() => Schema.decodeUnknownSync(reportHtml.config)({})).toThrow(/title/);
  });
});
