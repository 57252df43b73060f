import type { PlannedNode } from "@precipice/runtime";
import { describe, expect, it } from "vitest";
import { planRows, sumOf } from "./plan-rows.ts";

const node = (template: string, seed: number | undefined, reason: string, rows?: number): PlannedNode =>
  ({
    node: {
      name: seed === undefined ? template : `${template}[seed=${seed}]`,
      template,
      ...(seed === undefined ? {} : { matrix: { seed } }),
    },
    status: reason === "stored" ? "cached" : "run",
    reason,
    estimate: rows === undefined ? undefined : { rows },
  }) as unknown as PlannedNode;

const many = [
  node("model", undefined, "never ran"),
  ...Array.from({ length: 500 }, (_, i) => node("traces", i, "never ran", 2)),
  ...Array.from({ length: 500 }, (_, i) => node("verdicts", i, `input traces changed: traces[seed=${i}] will run`)),
  ...Array.from({ length: 3 }, (_, i) => node("verdicts", 500 + i, "stored")),
  ...Array.from({ length: 9 }, (_, i) => node("scores", i, `config.seed changed: ${i} → ${i + 1}`)),
];

describe("the lines of a plan", () => {
  it("are one per matrix on a terminal: alike nodes are counted, single ones stay", () => {
    const rows = planRows(many, true);
    expect(rows.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      "model: never ran",
      "traces[*] × 500: never ran",
      "verdicts[*] × 500: input traces changed: traces[…] will run",
      "verdicts[seed=500]: stored",
      "verdicts[seed=501]: stored",
      "verdicts[seed=502]: stored",
      "scores[*] × 9: config.seed changed",
    ]);
    expect(rows.map(({ nodes }) => sumOf(nodes, ({ estimate }) => estimate?.rows))[1]).toBe(1000);
    expect(rows.reduce((sum, { nodes }) => sum + nodes.length, 0)).toBe(many.length);
  });

  it("are one per node in a pipe, and where they are few", () => {
    expect(planRows(many, false)).toHaveLength(many.length);
    expect(planRows(many.slice(0, 100), true)).toHaveLength(100);
  });
});
