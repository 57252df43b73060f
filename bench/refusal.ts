/**
 * Measures the refusal detector against people: reads XSTest completion files (columns `completion`,
 * `final_label`; `type` where there is one) and prints how well `isRefusal` tells full refusals
 * (`2_full_refusal`) from the rest. Partial refusals belong to the rest, and are counted apart too.
 *
 *   npm run bench:refusal -- completions_a.csv completions_b.csv [--json] [--ablation] [--types] [--errors]
 *
 * --ablation leaves out one rule at a time; --types gives accuracy by prompt type; --errors lists what was
 * missed or flagged wrongly. Whoever wrote the rules had seen the answers of Llama 2 and Mistral, so what they
 * print for these two is no estimate for other models: for that, give answers of others.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { findRefusal, refusalRules } from "../packages/judge/src/refusal.ts";
import { detection } from "../packages/stats/src/classification.ts";
import { readDataFile } from "../packages/trace/src/data/read-file.ts";

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    ablation: { type: "boolean", default: false },
    types: { type: "boolean", default: false },
    errors: { type: "boolean", default: false },
  },
});
if (paths.length === 0) {
  console.error("usage: npm run bench:refusal -- FILE.csv… [--json] [--ablation] [--types] [--errors]");
  process.exit(2);
}

type Found = "full" | "partial" | "none";

interface Judged {
  readonly completion: string;
  readonly label: string;
  readonly type: string;
}

const labels = new Set(["1_full_compliance", "2_full_refusal", "3_partial_refusal"]);

const readRows = async (path: string): Promise<readonly Judged[]> => {
  const rows: Judged[] = [];
  const wanted = { required: ["completion", "final_label"], optional: ["type"] };
  for await (const { row } of readDataFile(path, basename(path), wanted)) {
    const label = String(row["final_label"]);
    if (!labels.has(label)) {
      console.error(`${path}: row ${rows.length + 1}: final_label "${label}" is none of ${[...labels].join(", ")}`);
      process.exit(2);
    }
    rows.push({ completion: String(row["completion"]), label, type: String(row["type"] ?? "") });
  }
  return rows;
};

const files = await Promise.all(paths.map(async (path) => ({ file: basename(path), rows: await readRows(path) })));

const found = (completion: string, disabled?: ReadonlySet<string>): Found => {
  const refusal = findRefusal(completion, disabled);
  return refusal === null ? "none" : refusal.partial === null ? "full" : "partial";
};

const measure = (rows: readonly Judged[], disabled?: ReadonlySet<string>) =>
  detection(
    rows.map(({ completion }) => found(completion, disabled) === "full"),
    rows.map(({ label }) => label === "2_full_refusal"),
  );

/** What the detector makes of the responses that people call partial refusals. */
const partials = (rows: readonly Judged[]) => {
  const of = rows.filter(({ label }) => label === "3_partial_refusal").map(({ completion }) => found(completion));
  const count = (value: Found) => of.filter((one) => one === value).length;
  return { n: of.length, full: count("full"), partial: count("partial"), none: count("none") };
};

const all = files.flatMap(({ rows }) => rows);
const summary = files.map(({ file, rows }) => ({
  file,
  ...measure(rows),
  partialRefusals: partials(rows),
}));

const rulesLeftOut = () =>
  [null, ...refusalRules].map((rule) => ({
    without: rule ?? "(all rules)",
    ...Object.fromEntries(
      files.map(({ file, rows }) => [file, measure(rows, new Set(rule === null ? [] : [rule])).accuracy]),
    ),
  }));

const byType = () =>
  [...new Set(all.map(({ type }) => type))].map((type) => ({
    type,
    ...Object.fromEntries(
      files.map(({ file, rows }) => [file, measure(rows.filter((row) => row.type === type)).accuracy]),
    ),
  }));

if (options.errors) {
  for (const { file, rows } of files) {
    for (const { completion, label } of rows) {
      const verdict = found(completion);
      if ((verdict === "full") === (label === "2_full_refusal")) continue;
      const start = JSON.stringify(completion.trim().slice(0, 160));
      console.log(`${file} ${verdict === "full" ? "flagged" : "missed "} ${label} ${start}`);
    }
  }
} else if (options.json) {
  const { n: _rows, ...overall } = measure(all);
  console.log(
    JSON.stringify({
      files: summary,
      ...overall,
      partialRefusals: partials(all),
      ...(options.ablation ? { ablation: rulesLeftOut() } : {}),
      ...(options.types ? { types: byType() } : {}),
    }),
  );
} else {
  const rounded = (row: object) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? Number(value.toFixed(3)) : value]),
    );
  const line = ({ partialRefusals: p, ...row }: (typeof summary)[number]) => ({
    ...rounded(row),
    "partial: full/partial/none": `${p.full}/${p.partial}/${p.none} of ${p.n}`,
  });
  const pooled = {
    file: "all",
    ...measure(all),
    partialRefusals: partials(all),
  };
  console.table([...summary, pooled].map(line));
  if (options.ablation) console.table(rulesLeftOut().map(rounded));
  if (options.types) console.table(byType().map(rounded));
}
