import { describe, expect, it } from "vitest";
import { failureOf, runStage } from "../../../tests/support/run-stage.ts";
import { selectRank } from "./rank-stage.ts";

const score = (trace_id: string, label: string, cliff: number | null, site = "blocks.1.hook_resid_post") => ({
  trace_id,
  prompt_id: `p-${trace_id}`,
  label,
  family: null,
  site,
  plateau: cliff === null ? null : 1,
  final: cliff === null ? null : 1 - cliff,
  cliff,
  fall_index: null,
  fall_token: null,
  n_tokens: 10,
});

const scores = {
  traces: [
    score("t1", "harmful", 0.2),
    score("t2", "harmful", 0.9),
    score("t3", "harmless", 0.95),
    score("t4", "harmful", null),
  ],
};

describe("select.rank", () => {
  it("lists every row, picks within the label and reports the budget", async () => {
    const { outputs, exit } = await runStage(selectRank, { label: "harmful", count: 1 }, { scores });
    expect(exit._tag).toBe("Success");
    const rows = outputs.selection?.selection as unknown as Array<Record<string, unknown>>;
    expect(rows.map((row) => [row.trace_id, row.rank, row.selected])).toEqual([
      ["t2", 1, true],
      ["t1", 2, false],
      ["t4", 3, false],
      ["t3", 4, false],
    ]);
    expect(rows[0]).toMatchObject({ prompt_id: "p-t2", method: "misalignment", score: 0.9 });
    expect(rows[3]?.reason).toMatch(/harmless is outside/);
    expect(outputs.metrics?.metrics).toEqual([
      { key: "select.misalignment.rows", value: 1, lo: null, hi: null, n: null },
      { key: "select.misalignment.pool_rows", value: 3, lo: null, hi: null, n: null },
      { key: "select.misalignment.mean_score", value: 0.9, lo: null, hi: null, n: 1 },
    ]);
  });

  it("names metrics as told", async () => {
    const { outputs } = await runStage(selectRank, { method: "random", fraction: 1, name: "random_a" }, { scores });
    const metrics = outputs.metrics?.metrics as unknown as Array<{ key: string; value: number; n: number }>;
    expect(metrics.map((row) => row.key)).toEqual([
      "select.random_a.rows",
      "select.random_a.pool_rows",
      "select.random_a.mean_score",
    ]);
    expect(metrics[2]?.n).toBe(3);
  });

  it("explains what it cannot rank", async () => {
    const harmless = { traces: [score("t3", "harmless", 0.95)] };
    expect(failureOf(await runStage(selectRank, { label: "harmful" }, { scores: harmless })).code).toBe(
      "E_SELECT_EMPTY",
    );
    expect(failureOf(await runStage(selectRank, {}, { scores: { traces: [] } })).code).toBe("E_SELECT_EMPTY");
    expect(failureOf(await runStage(selectRank, { count: 1, fraction: 0.5 }, { scores })).message).toMatch(/not both/);
    const twoSites = { traces: [score("t1", "harmful", 0.1), score("t1", "harmful", 0.2, "blocks.2.hook_resid_post")] };
    expect(failureOf(await runStage(selectRank, {}, { scores: twoSites })).remedy).toMatch(/blocks\.2/);
    const { outputs } = await runStage(selectRank, { site: "blocks.2.hook_resid_post" }, { scores: twoSites });
    expect(outputs.selection?.selection).toHaveLength(1);
  });

  it("rejects an unknown method before any work", async () => {
    await expect(runStage(selectRank, { method: "best" }, { scores })).rejects.toThrow(/method/);
  });
});
