/** A plan for people (a table, then one line of totals) and for programs (JSON). */
import { type Plan, type Sum, totals } from "@precipice/runtime";
import { labelsOf } from "./node-labels.ts";
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
  const labels = labelsOf(
    listed.map(({ node }) => node.name),
    width,
  );
  const rows = listed.map(({ node, status, reason, estimate, lastDurationMs }) => {
    const about = status === "run" ? "~" : "";
    const none = status === "run" ? unknown : "";
    return {
      node: labels.of(node.name),
      stage: node.stage.id,
      status,
      reason,
      rows: estimate?.rows === undefined ? none : `${about}${short(estimate.rows)}`,
      bytes: estimate?.bytes === undefined ? none : `${about}${bytes(estimate.bytes)}`,
      memory: estimate?.memoryBytes === undefined ? "" : `${about}${bytes(estimate.memoryBytes)}`,
      "last took": lastDurationMs === null ? "" : duration(lastDurationMs),
    };
  });
  const empty = (["rows", "bytes", "memory", "last took"] as const).filter((column) =>
    rows.every((row) => row[column] === "" || row[column] === unknown),
  );
  const shown = rows.map(
    (row): Cells => Object.fromEntries(Object.entries(row).filter(([column]) => !empty.some((it) => it === column))),
  );
  const notes = plan.nodes.flatMap(({ node, status, estimate }) =>
    status === "run" && estimate?.note !== undefined ? [`${printable(node.name)}: ${printable(estimate.note)}`] : [],
  );
  const skipped = groups.map((group) => `· ${groupText(group)}`);
  if (skipped.length > 0) skipped.push("  --json lists them");
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
