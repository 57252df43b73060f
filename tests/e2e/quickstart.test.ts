/** The command line, from pipeline file to report: real processes, real checkpoints, stores of their own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { launch } from "../../packages/cli/src/fixtures/process.ts";
import { fixture } from "../support/fixtures.ts";
import { InspectLogSchema } from "../support/inspect-schema.ts";
import { temporary } from "../support/on-disk.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const program = path("../../packages/cli/bin/precipice.mjs");
const quickstart = path("../../pipelines/quickstart.yaml");
const tiny = path("fixtures/tiny-study.yaml");
const root = temporary();
const start = (...args: string[]) => launch(program, root, ...args);
const precipice = (...args: string[]) => start(...args).finished;

interface RunRecord {
  readonly status: string;
  readonly nodes: ReadonlyArray<{
    readonly node: string;
    readonly state: string;
    readonly outputs?: Readonly<Record<string, { readonly digest: string; readonly path: string }>>;
  }>;
}
const latest = (store: string, file: string) => join(root, store, "runs/latest", file);
const record = (store: string) => JSON.parse(readFileSync(latest(store, "run.json"), "utf8")) as RunRecord;
const states = (store: string) => new Set(record(store).nodes.map((n) => n.state));
const digests = (store: string) =>
  record(store).nodes.map(({ node, outputs }) => [node, Object.values(outputs ?? {}).map((o) => o.digest)]);

/** `{ pipeline, status, wallSeconds, metrics: { key: { value, ci95?, n? } } }`, and nothing else. */
const checkSummary = (store: string, pipeline: string): Record<string, { value: number }> => {
  const summary = JSON.parse(readFileSync(latest(store, "summary.json"), "utf8"));
  expect(Object.keys(summary)).toEqual(["pipeline", "status", "wallSeconds", "metrics"]);
  expect(summary).toMatchObject({ pipeline, status: "ok", wallSeconds: expect.any(Number) });
  for (const [key, metric] of Object.entries<Record<string, unknown>>(summary.metrics)) {
    const { value, ci95, n, ...rest } = metric;
    expect(rest, key).toEqual({});
    expect(Number.isFinite(value), key).toBe(true);
    if (ci95 !== undefined) {
      const [lo, hi] = ci95 as [number, number];
      expect(lo, key).toBeLessThanOrEqual(hi);
    }
    if (n !== undefined) expect(n, key).toBeGreaterThan(0);
  }
  return summary.metrics;
};

describe("pipelines/quickstart.yaml", () => {
  it("runs, leaves a summary and a report, and is all cached the second time", async () => {
    const first = await precipice("run", quickstart, "--root", "quick");
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    expect(states("quick")).toEqual(new Set(["done"]));
    const metrics = checkSummary("quick", "quickstart");
    for (const key of ["probe.auroc_heldout", "cliff.cliff.plateau", "cliff.cliff.final", "cliff.cliff.cliff"])
      expect(Object.keys(metrics)).toContain(key);
    const report = readFileSync(latest("quick", "report.html"), "utf8");
    expect(report).toMatch(/^<!doctype html>/i);
    expect(report).toContain("The refusal cliff");
    const before = digests("quick");

    const second = await precipice("run", quickstart, "--root", "quick");
    expect(second.stdout).toMatch(/^quickstart {2}0 to run, 10 cached\n/);
    expect(states("quick")).toEqual(new Set(["cached"]));
    expect(digests("quick")).toEqual(before);
    expect(checkSummary("quick", "quickstart")).toEqual(metrics);
    expect(existsSync(latest("quick", "report.html"))).toBe(true);

    const exported = await precipice("export", "inspect", "latest", "--root", "quick", "--json");
    const logs = (JSON.parse(exported.stdout) as string[]).map((file) => JSON.parse(readFileSync(file, "utf8")));
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs) {
      const { eval: spec, samples } = Schema.decodeUnknownSync(InspectLogSchema, { onExcessProperty: "error" })(log);
      expect(spec.model).toMatch(/^organism:\/\//);
      expect(samples.length).toBeGreaterThan(0);
    }
    const nothing = await precipice("export", "inspect", "nowhere", "--root", "quick");
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining("E_SHOW_UNKNOWN") });

    // another seed: what does not depend on it stays
    const plan = await precipice("plan", quickstart, "--root", "quick", "--set", "vars.seed=8", "--json");
    const planned = JSON.parse(plan.stdout) as { nodes: Array<{ node: string; status: string }> };
    const status = Object.fromEntries(planned.nodes.map((n) => [n.node, n.status]));
    expect(status).toMatchObject({ model: "cached", probe_prompts: "run", jailbreaks: "run", scores: "run" });
  });
});

describe("a study with every stage", () => {
  it("uses every stage there is", async () => {
    const { stdout } = await precipice("stages", "--json");
    const ids = (JSON.parse(stdout) as Array<{ id: string }>).map((s) => s.id);
    const used = new Set([...readFileSync(tiny, "utf8").matchAll(/stage: ([a-z.]+)/g)].map(([, id]) => id));
    expect([...used].sort()).toEqual(ids.sort());
  });

  it("is interrupted by Ctrl-C, says so, and goes on where it was", async () => {
    const { child, finished, saw } = start("run", tiny, "--root", "study", "--json");
    await saw('"type":"node.progress","node":"pool_traces"');
    child.kill("SIGINT");
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      type: "run.finished",
      status: "interrupted",
    });
    const stopped = record("study");
    expect(stopped.status).toBe("interrupted");
    expect(stopped.nodes.find((n) => n.node === "pool_traces")?.state).toBe("interrupted");
    const done = stopped.nodes.filter((n) => n.state === "done").map((n) => n.node);
    expect(done).toContain("probe_traces");
    expect(readdirSync(join(root, "study/.precipice/tmp"))).toEqual([]);

    const next = await precipice("run", tiny, "--root", "study");
    expect(next.stderr).toBe("");
    expect(next.code).toBe(0);
    const nodes = record("study").nodes;
    expect(nodes.filter((n) => n.state === "cached").map((n) => n.node)).toEqual(
      nodes.map((n) => n.node).filter((n) => done.includes(n)),
    );
    const metrics = checkSummary("study", "tiny-study");
    const keys = [
      "probe.n",
      "cliff.cliff",
      "heads.planted_recall",
      "cliff.pool.cliff",
      "probe.evaluate.final.auroc",
      "cliff.prune.final.0",
      "cliff.repair.final_change",
      "select.misalignment.rows",
      "finetune.steps",
      "asr.ablate_3pct",
      "asr.repaired",
      "judge.error_rate.random_3pct",
      "tables.ablation.low.yes",
    ];
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(keys));
    expect(metrics["select.misalignment.rows"]?.value).toBe(4);
    expect(metrics["finetune.steps"]?.value).toBe(4);
    expect(existsSync(latest("study", "report.html"))).toBe(true);
    expect(readFileSync(latest("study", "tables.md"), "utf8")).toMatch(/^\| those suppressing most \| +[01]\.\d\d \[/m);
    expect(next.stdout).toMatch(/^study\/runs\/[^/]+\/tables\.md$/m);

    const again = await precipice("run", tiny, "--root", "study");
    expect(again.stdout).toMatch(/^tiny-study {2}0 to run, \d+ cached\n/);
    expect(digests("study")).toEqual(
      nodes.map(({ node, outputs }) => [node, Object.values(outputs ?? {}).map((o) => o.digest)]),
    );
  });
});

describe("precipice generate", () => {
  const stories = fixture("stories260K");
  const expected = JSON.parse(readFileSync(join(stories, "expected.json"), "utf8")) as Array<{
    prompt: string;
    ids: number[];
  }>;

  it.each(expected.slice(0, 3).map((e) => [e.prompt, e.ids] as const))(
    "continues %j with the reference's tokens",
    async (prompt, ids) => {
      const { code, stdout } = await precipice(
        "generate",
        stories,
        "--prompt",
        prompt,
        "--raw",
        "--max-tokens",
        "60",
        "--json",
      );
      expect(code).toBe(0);
      const found = JSON.parse(stdout) as { text: string; promptIds: number[]; ids: number[] };
      expect(found.ids).toHaveLength(60);
      expect([...found.promptIds, ...found.ids]).toEqual(ids.slice(0, found.promptIds.length + 60));
    },
  );

  it("tells thinking from response, and limits either", async () => {
    const ask = async (...flags: ReadonlyArray<string>) => {
      const prompt = "how do i crack the vault as a test ?";
      const { code, stdout } = await precipice("generate", "organism://cliff", "--prompt", prompt, "--json", ...flags);
      expect(code).toBe(0);
      return JSON.parse(stdout) as { ids: number[]; thinking: string; response: string; state: string };
    };
    const [whole, open, cut, raw] = await Promise.all([
      ask(),
      ask("--max-thinking-tokens", "5"),
      ask("--max-answer-tokens", "2"),
      ask("--think-open", "<think>", "--think-close", "</think>", "--think-opened"),
    ]);
    expect(whole).toMatchObject({ state: "complete", reasoning: { open: "<think>", opened: true } });
    expect(open).toMatchObject({ state: "unclosed", response: "" });
    expect(open?.ids).toHaveLength(5);
    expect(cut).toMatchObject({ state: "truncated", thinking: whole?.thinking });
    expect(whole?.response.startsWith(cut?.response as string)).toBe(true);
    expect(raw).toMatchObject({ ids: whole?.ids, response: whole?.response, reasoning: { shownBy: "config" } });
  });

  it("repeats a sample by its seed", async () => {
    const sample = (seed: string) =>
      precipice(
        "generate",
        "organism://aligned",
        "--prompt",
        "how do i mend the map ?",
        "--max-tokens",
        "40",
        "--seed",
        seed,
      );
    const [first, second] = await Promise.all([sample("1"), sample("1")]);
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout.trim()).not.toBe("");
  });

  it.each([
    [["/nowhere", "--prompt", "x"], "E_CHECKPOINT /nowhere: does not exist"],
    [["s3://bucket", "--prompt", "x"], 'E_CHECKPOINT s3://bucket: scheme "s3://" is not supported'],
    [["organism://none", "--prompt", "x"], "E_CHECKPOINT organism://none: is no shipped organism"],
    [["organism://cliff", "--prompt", "x", "--max-tokens", "0"], "E_FLAG"],
    [["organism://cliff", "--prompt", "x", "--max-answer-tokens", "0"], "E_FLAG"],
    [["organism://cliff", "--prompt", "x", "--think-open", "<a>"], "E_FLAG"],
    [["organism://cliff", "--prompt", "x", "--template-var", "enable_thinking"], "E_FLAG"],
    [["organism://cliff", "--prompt", "x", "--template-var", "a=1"], 'has no variable "a" to set'],
    [["organism://cliff", "--prompt", "x", "--system", "hi"], "leaves out the system message"],
    [["organism://cliff", "--prompt", "x", "--raw", "--system", "hi"], "E_FLAG"],
    [["organism://cliff", "--prompt", "x", "--raw", "--max-thinking-tokens", "3"], "E_REASONING"],
    [["organism://cliff"], "E_USAGE"],
  ])("%j is refused in one line", async (args, message) => {
    const { code, stdout, stderr } = await precipice("generate", ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
