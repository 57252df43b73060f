/** The stage on a disk: what it writes, and that a layout is checked while planning. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mapRowsInMemory } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { afterAll, describe, expect, it } from "vitest";
import { TableLayout } from "./table-layout.ts";
import { reportTables } from "./tables-stage.ts";

const folder = mkdtempSync(join(tmpdir(), "tables-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = Schema.decodeUnknownSync(TableLayout)({
  title: "Page",
  tables: [
    {
      name: "rates",
      title: "Rates",
      head: "model",
      columns: [
        { name: "asr", title: "ASR", cell: { metric: "asr.base" } },
        { name: "low", title: "low", tally: true, cell: { metric: "asr.base", below: 0.5 } },
      ],
      rows: [{ title: "cliff" }],
    },
  ],
});

type Context = Parameters<typeof reportTables.run>[0];

const run = (rows: ReadonlyArray<object>) => {
  const written: unknown[] = [];
  const logs: string[] = [];
  const effect = reportTables.run({
    config,
    inputs: { metrics: [{ node: "rates", rows: () => Effect.succeed(rows) }] } as unknown as Context["inputs"],
    outputs: {
      tables: { file: (name: string) => join(folder, name) },
      metrics: { writeRows: (_: string, all: ReadonlyArray<unknown>) => Effect.sync(() => written.push(...all)) },
    } as unknown as Context["outputs"],
    pipelineDir: folder,
    progress: () => {},
    mapRows: mapRowsInMemory(),
    streamRows: () => Effect.die("streams need a folder"),
    scratch: "/nowhere",
    log: (line: string) => Effect.sync(() => void logs.push(line)),
    note: (line: string) => Effect.sync(() => void logs.push(line)),
  });
  return Effect.runPromise(Effect.scoped(effect).pipe(Effect.result)).then((result) => ({ result, written, logs }));
};

describe("stage report.tables", () => {
  it("writes the tables to read, the same with all that is behind them, and what was counted", async () => {
    const { result, written, logs } = await run([{ key: "asr.base", value: 0.9, lo: 0.8, hi: 0.95, n: 20 }]);
    expect(result._tag).toBe("Success");
    expect(readFileSync(join(folder, "tables.md"), "utf8")).toMatch(
      /\| cliff +\| 0\.90 \[0\.80, 0\.95\], n 20 \| +no \|/,
    );
    const metric = { key: "asr.base", value: 0.9, lo: 0.8, hi: 0.95, n: 20, node: "rates" };
    expect(JSON.parse(readFileSync(join(folder, "tables.json"), "utf8")).tables[0].rows[0].cells).toEqual({
      asr: { kind: "measured", format: "score", metric, shown: "0.90 [0.80, 0.95], n 20" },
      low: { kind: "answer", answer: false, value: 0.9, metric, below: 0.5, shown: "no" },
    });
    expect(written).toEqual([{ key: "tables.rates.low.yes", value: 0, lo: null, hi: null, n: 1 }]);
    expect(logs).toEqual(["low: 0 of 1"]);
  });

  it("fails with what is missing", async () => {
    const { result } = await run([]);
    expect(result).toMatchObject({ _tag: "Failure", failure: { code: "E_TABLES_METRIC" } });
  });

  it("counts its rows while planning, and refuses a layout that does not fit together", async () => {
    const forecast = (given: TableLayout) =>
      Effect.runPromise(
        Effect.result(reportTables.estimate?.(given, { metrics: [] }, { pipelineDir: folder }) ?? Effect.undefined),
      );
    expect(await forecast(config)).toMatchObject({ _tag: "Success", success: { rows: 1 } });
    const twice = { ...config, tables: [config.tables[0], config.tables[0]] } as unknown as TableLayout;
    expect(await forecast(twice)).toMatchObject({ _tag: "Failure", failure: { code: "E_TABLES_LAYOUT" } });
  });
});
