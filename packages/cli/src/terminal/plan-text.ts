/** A plan for people (a table, then one line of totals) and for programs (JSON). */
import { type Plan, type Sum, totals } from "@precipice/runtime";
import { labelsOf } from "./node-labels.ts";
import { planRows, sumOf } from "./plan-rows.ts";
import { collapsed, groupText } from "./skipped-text.ts";
import { type Cells, table } from "./table.ts";
import { bytes, duration, outputWidth, printable, short } from "./text.ts";

export function printPlan(plan: Plan, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(planJson(plan), null, 2)}\n` : `${planText(plan)}\n`);
}

/** What a node that would run makes, where neither its stage nor its inputs tell. */
const unknown = "unknown";

/** Columns about what is expected are there when anything is known for them; `~` marks an estimate. */
function planText(plan: Plan): string {
  const width = outputWidth();
  const groups = collapsed(plan.nodes.map(({ node, status, reason }) => ({ node: node.name, status, reason })));
  const listed = groups.length === 0 ? plan.nodes : plan.nodes.filter(({ status }) => status !== "skipped");
  const lines = planRows(listed, process.stdout.isTTY === true);
  const labels = labelsOf(
    lines.map(({ name }) => name),
    width,
  );
  const rows = lines.map(({ name, nodes: [first, ...others], reason }) => {
    const nodes = [first, ...others];
    const { node, status } = first;
    const about = status === "run" ? "~" : "";
    const none = status === "run" ? unknown : "";
    const text = (value: number | undefined, say: (value: number) => string, otherwise: string): string =>
      value === undefined ? otherwise : `${about}${say(value)}`;
    const took = sumOf(nodes, ({ lastDurationMs }) => lastDurationMs);
    return {
      node: labels.of(name),
      stage: node.stage.id,
      status,
      reason,
      rows: text(
        sumOf(nodes, ({ estimate }) => estimate?.rows),
        short,
        none,
      ),
      bytes: text(
        sumOf(nodes, ({ estimate }) => estimate?.bytes),
        bytes,
        none,
      ),
      memory: text(
        nodes.reduce<number | undefined>(
          (most, { estimate }) =>
            estimate?.memoryBytes === undefined ? most : Math.max(most ?? 0, estimate.memoryBytes),
          undefined,
        ),
        bytes,
        "",
      ),
      "last took": took === undefined ? "" : duration(took),
    };
  });
  const empty = (["rows", "bytes", "memory", "last took"] as const).filter((column) =>
    rows.every((row) => row[column] === "" || row[column] === unknown),
  );
  const shown = rows.map(
    (row): Cells => Object.fromEntries(Object.entries(row).filter(([column]) => !empty.some((it) => it === column))),
  );
  const notes = lines.flatMap(({ name, nodes }) => {
    const said = new Set(nodes.flatMap(({ status, estimate }) => (status === "run" && estimate?.note) || []));
    const [note, ...others] = said;
    if (note === undefined) return [];
    const more = others.length === 0 ? "" : ` (${others.length} others)`;
    return [`${printable(name)}: ${printable(note)}${more}`];
  });
  const skipped = groups.map((group) => `· ${groupText(group)}`);
  if (skipped.length > 0) skipped.push("  --json lists them");
  else if (lines.length < listed.length) skipped.push("  a line with × sums up nodes of a matrix; --json lists them");
  return [...table(shown, width, { wrap: ["reason"] }), ...notes, ...skipped, totalsText(plan)].join("\n");
}

function totalsText(plan: Plan): string {
  const { run, cached, blocked, skipped, bytes: written, durationMs, memoryBytes } = totals(plan);
  const counts = [`${run} to run`, `${cached} cached`, `${blocked} blocked`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  const expected = [
    sumText(written, run, bytes, "to write"),
    memoryBytes === null ? "" : `~${bytes(memoryBytes)} of memory`,
    sumText(durationMs, run, duration, "by earlier runs"),
  ].filter((text) => text !== "");
  if (run > 0 && durationMs.unknown === run) expected.push("time unknown before a first run");
  return [counts.join(", "), ...expected].join("; ");
}

/** Nothing when nothing is known; says how many nodes are left out. */
function sumText({ sum, unknown }: Sum, of: number, text: (value: number) => string, what: string): string {
  if (unknown === of) return "";
  return `~${text(sum)} ${what}${unknown === 0 ? "" : ` (${unknown} unknown)`}`;
}

const planJson = (plan: Plan) => ({
  pipeline: plan.pipeline.name,
  root: plan.store.root,
  nodes: plan.nodes.map(({ node, status, reason, digests, estimate, lastDurationMs }) => ({
    node: node.name,
    stage: node.stage.id,
    ...(node.matrix === undefined ? {} : { matrix: node.matrix }),
    status,
    reason,
    outputs: digests,
    rows: estimate?.rows ?? null,
    bytes: estimate?.bytes ?? null,
    memoryBytes: estimate?.memoryBytes ?? null,
    note: estimate?.note ?? null,
    lastDurationMs,
  })),
  totals: totals(plan),
});
