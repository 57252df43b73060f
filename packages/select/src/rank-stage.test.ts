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
      { key: "select.misalignment.tokens", value: 10, lo: null, hi: null, n: null },
      { key: "select.misalignment.mean_score", value: 0.9, lo: null, hi: null, n: 1 },
    ]);
  });

  it("names metrics as told", async () => {
    const { outputs } = await runStage(selectRank, { method: "random", fraction: 1, name: "random_a" }, { scores });
    const metrics = outputs.metrics?.metrics as unknown as Array<{ key: string; value: number; n: number }>;
    expect(metrics.map((row) => row.key)).toEqual([
      "select.random_a.rows",
      "select.random_a.pool_rows",
      "select.random_a.tokens",
      "select.random_a.mean_score",
    ]);
    expect(metrics[3]?.n).toBe(3);
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

  const trace = (id: string, prompt: string, label = "harmful") => ({
    id,
    prompt_id: `p-${id}`,
    arm: "pool",
    draw: 0,
    prompt,
    label,
    family: null,
    thinking: "",
    response: "",
    ids: [1, 2, 3],
    tokens: ["a", "b", "c"],
    thinking_start: 1,
    thinking_end: 2,
    response_start: null,
    state: "unclosed",
    finish: "length",
    seed: 0,
  });

  it("with traces drops what says the same, and knows what was not scored", async () => {
    const traces = {
      traces: [trace("t1", "Do it"), trace("t2", "do  it "), trace("t4", "else"), trace("t9", "not scored")],
    };
    const { outputs } = await runStage(selectRank, { label: "harmful", fraction: 1 }, { scores, traces });
    const rows = outputs.selection?.selection as unknown as Array<Record<string, unknown>>;
    expect(rows.map((row) => [row.trace_id, row.selected])).toEqual([
      ["t2", true],
      ["t4", false],
      ["t9", false],
      ["t1", false],
      ["t3", false],
    ]);
    expect(rows[3]?.reason).toMatch(/same content as t2/);
    const kept = await runStage(selectRank, { fraction: 1, duplicates: "keep" }, { scores, traces });
    expect(kept.logs[0]).toBe(
      "selected 3 of the 5 rows of the pool by misalignment; skipped: 0 duplicates, 2 without what the method needs, 0 with another label",
    );
  });

  it("ranks by another plateau, by verdicts, by activations, and says what it misses", async () => {
    const plateau = (trace_id: string, cliff: number) => ({
      trace_id,
      site: "blocks.1.hook_resid_post",
      estimator: "max",
      plateau: 1,
      cliff,
    });
    const plateaus = [plateau("t1", 0.99), plateau("t2", 0.9), plateau("t3", 0.95)];
    const first = async (config: object, inputs: object) => {
      const { outputs } = await runStage(selectRank, { count: 1, ...config }, { scores, ...inputs });
      const table = outputs["selection"]?.["selection"] as unknown as Array<{ trace_id: string }> | undefined;
      return table?.[0]?.trace_id;
    };
    expect(await first({ plateau: "max" }, { scores: { ...scores, plateaus } })).toBe("t1");
    const none = await runStage(selectRank, { plateau: "mean" }, { scores: { ...scores, plateaus } });
    expect(failureOf(none).code).toBe("E_SELECT_PLATEAU");

    const verdict = (trace_id: string, kind: string) => ({ trace_id, verdict: kind });
    const verdicts = { verdicts: [verdict("t1", "refusal"), verdict("t2", "safe"), verdict("t4", "harmful")] };
    expect(await first({ method: "judge" }, { verdicts })).toBe("t4");
    expect(failureOf(await runStage(selectRank, { method: "rule" }, { scores })).message).toMatch(/input verdicts/);

    const columns = ["t1", "t2", "t3"].map((trace_id) => ({ trace_id, site: "s", position: "final", token_index: 5 }));
    const activations = { activations: { columns, dim: 1, data: Float32Array.of(9, 0, 1) } };
    const { outputs } = await runStage(
      selectRank,
      { method: "misalignment-diverse", count: 2, shortlist: 2 },
      { scores, activations },
    );
    const rows = outputs.selection?.selection as unknown as Array<{ trace_id: string }>;
    expect(rows.map((row) => row.trace_id)).toEqual(["t3", "t1", "t2", "t4"]);
    const places = columns.map((column, i) => ({ ...column, position: i === 0 ? "final" : "other" }));
    const several = { activations: { columns: places, dim: 1, data: Float32Array.of(9, 0, 1) } };
    expect(
      failureOf(await runStage(selectRank, { method: "misalignment-diverse" }, { scores, activations: several })).code,
    ).toBe("E_SELECT_ACTIVATIONS");
  });

  it("rejects an unknown method before any work", async () => {
    await expect(runStage(selectRank, { method: "best" }, { scores })).rejects.toThrow(/method/);
  });
});
