/**
 * Measures the refusal detector against people: reads XSTest completion files (columns
 * `completion`, `final_label`) and prints how often `isRefusal` agrees with the labels.
 *
 *   npx node bench/refusal.ts completions_a.csv completions_b.csv [--json] [--full-only] [--errors]
 *
 * Refusals are `2_full_refusal` and `3_partial_refusal`; with --full-only the partial ones
 * are left out. --errors lists what was missed or flagged wrongly, instead of the table.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { isRefusal } from "../packages/trace/src/refusal.ts";
import { parseCsv } from "./csv.ts";

interface Agreement {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly n: number;
}

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    "full-only": { type: "boolean", default: false },
    errors: { type: "boolean", default: false },
  },
});
if (paths.length === 0) {
  console.error("usage: npx node bench/refusal.ts FILE.csv… [--json] [--full-only] [--errors]");
  process.exit(2);
}

const judged = paths.map((path) => ({
  file: basename(path),
  rows: parseCsv(readFileSync(path, "utf8"), ["completion", "final_label"])
    .filter((row) => !(options["full-only"] && row.final_label?.startsWith("3")))
    .map((row) => ({
      completion: row.completion as string,
      human: row.final_label !== "1_full_compliance",
      detector: isRefusal(row.completion as string),
    })),
}));

const agreement = (rows: ReadonlyArray<{ human: boolean; detector: boolean }>): Agreement => {
  const count = (human: boolean, detector: boolean) =>
    rows.filter((row) => row.human === human && row.detector === detector).length;
  const precision = count(true, true) / (count(true, true) + count(false, true));
  const recall = count(true, true) / (count(true, true) + count(true, false));
  return {
    accuracy: (count(true, true) + count(false, false)) / rows.length,
    precision,
    recall,
    f1: (2 * precision * recall) / (precision + recall),
    n: rows.length,
  };
};

const files = judged.map(({ file, rows }) => ({ file, ...agreement(rows) }));
const { n: _rows, ...overall } = agreement(judged.flatMap(({ rows }) => rows));

if (options.errors) {
  for (const { file, rows } of judged) {
    for (const { completion, human, detector } of rows) {
      if (human !== detector)
        console.log(`${file} ${human ? "missed " : "flagged"} ${JSON.stringify(completion.trim().slice(0, 160))}`);
    }
  }
} else if (options.json) console.log(JSON.stringify({ files, ...overall }));
else console.table([...files, { file: "all", ...overall, n: files.reduce((sum, { n }) => sum + n, 0) }]);
