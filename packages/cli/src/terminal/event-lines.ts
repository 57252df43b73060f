/** Events as lines that stay: shared by the live view (above its block) and the plain one. */
import type { RunEvent } from "@precipice/runtime";
import { infoLines } from "./errors.ts";
import type { NodeLabels } from "./node-labels.ts";
import { collapsed, groupText } from "./skipped-text.ts";
import { duration, type Painter, printable } from "./text.ts";

/** The lines of an event, none for progress. */
export function eventLines(event: RunEvent, labels: NodeLabels, paint: Painter): ReadonlyArray<string> {
  const { width } = labels;
  const name = "node" in event ? labels.of(event.node).padEnd(width) : "";
  switch (event.type) {
    case "run.started": {
      const count = (status: string) => event.nodes.filter((node) => node.status === status).length;
      const parts = [`${count("run")} to run`, `${count("cached")} cached`];
      for (const status of ["blocked", "skipped"]) {
        if (count(status) > 0) parts.push(`${count(status)} ${status}`);
      }
      const groups = collapsed(event.nodes).map((group) => `${paint("dim", `· ${groupText(group)}`)}`);
      return [`${paint("bold", printable(event.pipeline))}  ${parts.join(", ")}`, ...groups];
    }
    case "node.cached":
      return [`${paint("cyan", "=")} ${name}  ${paint("dim", "cached")}${failed(event, paint)}`];
    case "node.started":
      return [`${paint("dim", "→")} ${name}  ${printable(event.stage)}  ${paint("dim", printable(event.reason))}`];
    case "node.log":
      return [`  ${name}  ${printable(event.message)}`];
    case "node.done":
      return [`${paint("green", "✓")} ${name}  ${duration(event.durationMs)}${failed(event, paint)}`];
    case "node.failed": {
      const [first = "", ...rest] = infoLines(event.error, paint);
      return [`${paint("red", "✗")} ${name}  ${first}`, ...rest.map((line) => `  ${" ".repeat(width)}${line}`)];
    }
    case "node.blocked":
      return [`${paint("yellow", "–")} ${name}  ${paint("dim", `blocked: ${printable(event.reason)}`)}`];
    case "node.skipped":
      return [`${paint("dim", "·")} ${name}  ${paint("dim", `skipped: ${printable(event.reason)}`)}`];
    case "node.interrupted":
      return [`${paint("yellow", "!")} ${name}  interrupted`];
    case "run.finished": {
      const style = event.status === "ok" ? "green" : event.status === "failed" ? "red" : "yellow";
      const problem = event.error === undefined ? [] : infoLines(event.error, paint);
      return [
        ...problem,
        `${paint(style, event.status)} in ${duration(event.wallSeconds * 1000)}  ${printable(event.path)}`,
      ];
    }
    case "node.waiting":
      return [`${paint("yellow", "…")} ${name}  ${printable(event.holder)} is making it: waiting`];
    case "node.progress":
    case "node.shard":
      return [];
  }
}

/** Rows that have no result are said where the node is said to be done. */
const failed = ({ failures }: { readonly failures?: number }, paint: Painter): string =>
  failures === undefined ? "" : `  ${paint("red", `${failures} row${failures === 1 ? "" : "s"} failed`)}`;
