/** The stage `report.tables`: metrics into tables that the pipeline lays out, as a paper would print them. */
import { writeFile } from "node:fs/promises";
import { Metrics, ResultTables } from "@precipice/artifacts";
import { attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { checkLayout, fillTables, tallyMetrics } from "./fill-tables.ts";
import { TableLayout } from "./table-layout.ts";
import { cellText, tablesMarkdown } from "./tables-markdown.ts";

/**
 * Codes: E_TABLES_LAYOUT, found while planning, and E_TABLES_METRIC. `tables.json` holds what `tables.md` shows, each cell with
 * the metric, node and interval behind it and the text as shown. What its columns tally is a metric of the run, too.
 */
export const reportTables = Stage.make("report.tables", {
  version: 2,
  description: "Lays metrics out as tables, with values from elsewhere beside them",
  config: TableLayout,
  inputs: { metrics: Stage.many(Metrics) },
  outputs: { tables: ResultTables, metrics: Metrics },
  estimate: (config) =>
    attempt(() => {
      checkLayout(config);
      return { rows: config.tables.reduce((sum, { rows }) => sum + rows.length, 0) };
    }),
  run: Effect.fn("report.tables")(function* ({ config, inputs, outputs, log }) {
    const metrics = yield* Effect.forEach(inputs.metrics, (reader) =>
      Effect.map(reader.rows("metrics"), (rows) => ({ node: reader.node, rows })),
    );
    const filled = yield* attempt(() => fillTables(config, metrics));
    yield* attempt(async () => {
      const shown = {
        ...filled,
        tables: filled.tables.map((table) => ({
          ...table,
          rows: table.rows.map(({ title, cells }) => ({
            title,
            cells: Object.fromEntries(
              Object.entries(cells).map(([name, cell]) => [name, { ...cell, shown: cellText(cell) }]),
            ),
          })),
        })),
      };
      await writeFile(outputs.tables.file("tables.json"), `${JSON.stringify(shown, null, 2)}\n`);
      await writeFile(outputs.tables.file("tables.md"), tablesMarkdown(filled));
    });
    const tallies = tallyMetrics(filled.tables, config.prefix);
    for (const { title, value, n } of tallies) yield* log(`${title}: ${value} of ${n}`);
    yield* outputs.metrics.writeRows(
      "metrics",
      tallies.map(({ title: _, ...metric }) => metric),
    );
  }),
});
