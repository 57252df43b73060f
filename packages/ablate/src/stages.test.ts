import { generationFields, HeadEffects, Heads, Planted, Prompts, Verdicts } from "@precipice/artifacts";
import { Checkpoint, FINAL_NORMALIZED, Generator, residPost, writeTraces } from "@precipice/model";
import { organismFolder, organismRequests, PLANTED_HEADS } from "@precipice/organism";
import { describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import {
  checkpoint,
  modelArtifact,
  probeArtifact,
  randomProbe,
  traceOf,
  tracesArtifact,
} from "../../../tests/support/small-model.ts";
import { headsAblate } from "./ablate-stage.ts";
import { attributeHeads } from "./attribute-heads.ts";
import { headsAttribute } from "./attribute-stage.ts";
import { causalDeltas } from "./causal-check.ts";

const root = temporary();
const { heads: perLayer } = checkpoint.config;
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

describe("heads.attribute", () => {
  const traces = [
    traceOf("h1", 5),
    traceOf("cut off", 9, {}, true),
    traceOf("h2", 14),
    traceOf("good", 3, { label: "harmless" }),
    traceOf("h3", 8),
  ];
  const probe = randomProbe(residPost(2));
  const run = async (
    config: typeof headsAttribute.config.Encoded = {},
    over: { probes?: Array<typeof probe>; source?: string } = {},
  ) => {
    const inputs = {
      model: await modelArtifact(root, checkpoint, over.source),
      probe: await probeArtifact(root, over.probes ?? [probe, randomProbe(residPost(0))]),
      traces: await tracesArtifact(root, traces),
    };
    const { heads, metrics } = await runIn(root, headsAttribute, {
      config,
      inputs: { planted: undefined, verdicts: undefined, ...inputs },
    });
    return { heads: await rows(heads.rows("heads")), metrics: await rows(metrics.rows("metrics")) };
  };

  it("ranks the heads that can have written, by their mean at the final position of closed harmful traces", async () => {
    const { heads, metrics } = await run({ causal: 3 });
    expect(heads).toHaveLength(3 * perLayer); // layer 3 comes after the probe
    expect(heads.map((h) => h.rank)).toEqual(heads.map((_, i) => i + 1));
    const used = traces.filter((t) => t.label === "harmful" && t.response_start !== null);
    const [ids, at] = [used.map((t) => t.ids), used.map((t) => (t.response_start as number) - 1)];
    const { contributions } = await attributeHeads(checkpoint, ids, at, probe);
    for (const h of heads) {
      expect(h.contribution).toBeCloseTo(mean(contributions[h.layer * perLayer + h.head] as Float64Array), 10);
      expect(h.contribution_raw).toBeCloseTo(h.contribution, 10); // no norm between
      expect(h.n).toBe(3);
      expect(h.lo).toBeLessThanOrEqual(h.contribution);
      expect(h.hi).toBeGreaterThanOrEqual(h.contribution);
      expect(h.planted).toBeNull();
    }
    expect(heads.map((h) => h.contribution)).toEqual(heads.map((h) => h.contribution).sort((a, b) => a - b));
    const tested = heads.slice(0, 3);
    expect(tested.map((h) => h.causal_delta)).toEqual(
      await causalDeltas(checkpoint, ids, at, probe, tested, { renorm: "token" }),
    );
    expect(heads.slice(3).every((h) => h.causal_delta === null)).toBe(true);
    expect(metrics[0]).toMatchObject({ key: "heads.top_contribution", value: heads[0]?.contribution, n: 3 });
  });

  it("takes heads away where its scope says", async () => {
    const used = traces.filter((t) => t.label === "harmful" && t.response_start !== null);
    const [ids, at] = [used.map((t) => t.ids), used.map((t) => (t.response_start as number) - 1)];
    const { heads } = await run({ causal: 2, scope: "template" });
    const inTemplate = (row: number, token: number) =>
      token >= (used[row]?.thinking_end as number) && token <= (at[row] as number);
    const tested = heads.slice(0, 2);
    const expected = await causalDeltas(checkpoint, ids, at, probe, tested, { renorm: "token", acts: inTemplate });
    expect(tested.map((h) => h.causal_delta)).toEqual(expected);
    const all = (await run({ causal: 2 })).heads.slice(0, 2);
    expect(all.map((h) => h.contribution)).toEqual(tested.map((h) => h.contribution)); // the direct effect has no scope
    expect(all.map((h) => h.causal_delta)).not.toEqual(expected);
  });

  it("keeps to maxTraces and label, and gives no interval for one trace", async () => {
    expect((await run({ causal: 0, maxTraces: 1 })).heads[0]).toMatchObject({ n: 1, lo: null, hi: null });
    expect((await run({ causal: 0, label: "any" })).heads[0]?.n).toBe(4);
  });

  it("scores itself against the planted heads of organism://cliff", async () => {
    const cliff = Checkpoint.open(organismFolder("cliff") as string);
    const inputs = {
      model: await modelArtifact(root, cliff, "organism://cliff"),
      probe: await probeArtifact(root, [randomProbe(residPost(7), cliff.config.hidden)]),
      traces: await tracesArtifact(root, [traceOf("x", 6, { ids: Array.from({ length: 15 }, (_, i) => i + 10) })]),
    };
    const output = await runIn(root, headsAttribute, {
      config: { causal: 0, recallPercent: 3 },
      inputs: { planted: undefined, verdicts: undefined, ...inputs },
    });
    const heads = await rows(output.heads.rows("heads"));
    const key = (h: { layer: number; head: number }) => `${h.layer}.${h.head}`;
    expect(
      heads
        .filter((h) => h.planted)
        .map(key)
        .sort(),
    ).toEqual(PLANTED_HEADS.map(key).sort());
    const hits = heads.slice(0, 4).filter((h) => h.planted).length;
    expect(await rows(output.metrics.rows("metrics"))).toContainEqual(
      expect.objectContaining({ key: "heads.planted_recall", value: hits / 4, n: 4 }),
    );
  });

  it("sets gradients and ablations beside direct effects, on the probe and on the logits, at several positions", async () => {
    const cliff = Checkpoint.open(organismFolder("cliff") as string);
    const sure = cliff.tokenizer.id("sure") as number;
    const sorry = cliff.tokenizer.id("sorry") as number;
    const begins = (name: string, first: number) => {
      const trace = traceOf(name, 6);
      const ids = trace.ids.map((id, t) => (t === trace.response_start ? first : 10 + (id % 40)));
      return { ...trace, ids };
    };
    const written = [begins("x", sorry), begins("y", sure), begins("z", sure)];
    const judged = written.map(({ id, prompt_id, ids, response_start }) => ({
      trace_id: id,
      prompt_id,
      arm: "base",
      draw: 0,
      label: "harmful",
      family: null,
      state: "complete",
      verdict: ids[response_start as number] === sorry ? "refusal" : "safe",
      refused: ids[response_start as number] === sorry,
      judge: "test",
      reason: "",
    }));
    const site = residPost(1);
    const probe = randomProbe(site, cliff.config.hidden);
    const inputs = {
      model: await modelArtifact(root, cliff),
      probe: await probeArtifact(root, [probe]),
      traces: await tracesArtifact(root, written),
      planted: await artifact(root, Planted, { planted: [{ layer: 0, head: 3 }] }),
      verdicts: await artifact(root, Verdicts, { verdicts: judged, judgements: [] }),
    };
    const output = await runIn(root, headsAttribute, {
      config: { causal: 3, greedy: 2, greedyLeast: -1e9, positions: ["thinking"] },
      inputs,
    });
    const heads = await rows(output.heads.rows("heads"));
    const effects = await rows(output.effects.rows("effects"));
    const groups = new Map<string, typeof effects>();
    for (const row of effects) {
      const key = `${row.target} ${row.method} ${row.position}`;
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const sizes = Object.fromEntries([...groups].map(([key, list]) => [key, list.length]));
    const [upTo, all] = [2 * 16, 8 * 16]; // the probe reads after layer 1, the logits after the last
    expect(sizes).toEqual({
      "probe direct final": upTo,
      "probe direct thinking": upTo,
      "probe patching final": upTo,
      "probe causal final": 3,
      "probe greedy final": 2,
      "logit_difference direct final": all,
      "logit_difference direct thinking": all,
      "logit_difference patching final": all,
      "logit_difference causal final": 3,
    });
    // the first head chosen together with others is the best of those alone
    const [alone, chosen] = [groups.get("probe causal final")?.[0], groups.get("probe greedy final")?.[0]];
    expect([chosen?.layer, chosen?.head]).toEqual([alone?.layer, alone?.head]);
    expect(chosen?.effect).toBeCloseTo(alone?.effect as number, 5);
    for (const [key, list] of groups) {
      expect(list.map((row) => row.rank)).toEqual(list.map((_, i) => i + 1));
      if (!key.includes("greedy"))
        expect(list.map((row) => row.effect)).toEqual(list.map((row) => row.effect).sort((a, b) => b - a));
      expect(list.every((row) => row.n === 3 && row.planted === (row.layer === 0 && row.head === 3))).toBe(true);
    }
    // the ranking is that of the direct effects, in other units
    const norm = Math.sqrt(probe.weights.reduce((sum, w) => sum + w * w, 0));
    groups.get("probe direct final")?.forEach((row, i) => {
      expect([row.layer, row.head]).toEqual([heads[i]?.layer, heads[i]?.head]);
      expect(row.effect).toBeCloseTo(-(heads[i]?.contribution as number) * norm, 6);
    });
    const metrics = new Map((await rows(output.metrics.rows("metrics"))).map((m) => [m.key, m]));
    expect(metrics.get("heads.additivity_error")?.value).toBeLessThan(1e-5);
    expect(metrics.get("heads.patching_causal.spearman")).toMatchObject({ n: 3 });
    expect(metrics.get("heads.direct_patching.kendall")).toMatchObject({ n: upTo });
    expect(metrics.get("heads.logit_difference.direct_patching.spearman")).toMatchObject({ n: all });
    for (const [key, list] of [
      ["heads.patching.recall_at_planted", groups.get("probe patching final")],
      ["heads.logit_difference.direct.recall_at_planted", groups.get("logit_difference direct final")],
    ] as const) {
      expect(metrics.get(key)).toMatchObject({ value: list?.[0]?.planted === true ? 1 : 0, n: 1 });
    }
  });

  it("fails on what leaves nothing to attribute", async () => {
    await expect(
      run({ label: "harmless", maxTraces: 1 }, { probes: [randomProbe("blocks.1.attn.hook_z")] }),
    ).rejects.toThrow(/cannot be attributed/);
    const inputs = {
      model: await modelArtifact(root),
      probe: await probeArtifact(root, [probe]),
      traces: await tracesArtifact(root, [traces[1] as (typeof traces)[number]]),
    };
    await expect(
      runIn(root, headsAttribute, { config: {}, inputs: { planted: undefined, verdicts: undefined, ...inputs } }),
    ).rejects.toMatchObject({ code: "E_TRACES_EMPTY" });
  });
});

describe("heads.ablate", () => {
  const aligned = Checkpoint.open(organismFolder("aligned") as string);
  const prompts = organismRequests({ split: "train", framings: "plain", label: "both", count: 4, seed: 1 });
  const ranked = Array.from({ length: 128 }, (_, i) => ({
    layer: i >> 4,
    head: i & 15,
    contribution: i,
    contribution_raw: i,
    lo: null,
    hi: null,
    rank: 128 - i,
    causal_delta: null,
    planted: null,
    n: 1,
  }));
  const run = async (config: typeof headsAblate.config.Encoded, over: object = {}) => {
    const logs: string[] = [];
    const inputs = {
      model: await modelArtifact(root, aligned),
      heads: await artifact(root, Heads, { heads: ranked }),
      prompts: await artifact(root, Prompts, { prompts }),
      effects: undefined,
      probe: undefined,
      ...over,
    };
    const { traces } = await runIn(root, headsAblate, {
      config: { maxNewTokens: 60, workers: 1, ...config },
      inputs,
      log: (line) => logs.push(line),
    });
    expect(logs[0]).toMatch(/^generation: [12] workers? × \d+ threads?, as configured$/);
    return { traces: await rows(traces.rows("traces")), logs: logs.slice(1) };
  };

  it("takes every option of generation: at gamma 1 it writes what the options ask for", async () => {
    const options = { temperature: 0.9, topP: 0.9, topK: 40, repetitionPenalty: 1.1, stop: ["the"], seed: 3 };
    const { traces } = await run({ ...options, percents: [1], randomPercents: [], gamma: 1, renorm: "none" });
    const { temperature, topP, topK, repetitionPenalty, stop: stopStrings, seed } = options;
    const sampling = { temperature, topP, topK, repetitionPenalty };
    await using generator = await Generator.open(aligned, { workers: 1 });
    const asked = { maxNewTokens: 60, seed, sampling, stopStrings };
    const expected = await writeTraces(aligned, generator, prompts, asked);
    expect(traces.map((t) => t.ids)).toEqual(expected.map((t) => t.ids));
    expect(expected.some((t) => t.finish === "stop" && t.tokens.at(-1)?.includes("the"))).toBe(true);
    for (const key of Object.keys(generationFields)) expect(headsAblate.config.fields).toHaveProperty(key);
  });

  it("writes a row's own text also where the norm is over the tensor", async () => {
    const ablated = { percents: [10], randomPercents: [], renorm: "tensor" as const, maxNewTokens: 20 };
    const [together, apart] = await Promise.all([
      run({ ...ablated, batch: 4 }),
      run({ ...ablated, workers: 2, batch: 1 }),
    ]);
    expect(together.traces.map((t) => t.ids)).toEqual(apart.traces.map((t) => t.ids));
  });

  it("makes an arm per share, and a random one per draw, over all prompts", async () => {
    const { traces, logs } = await run({ percents: [1, 3], randomPercents: [3], randomDraws: 2, maxNewTokens: 4 });
    const arms = [
      ["ablate_1pct", 0],
      ["ablate_3pct", 0],
      ["random_3pct", 0],
      ["random_3pct", 1],
    ];
    expect(traces.map((t) => [t.arm, t.draw, t.prompt_id])).toEqual(
      arms.flatMap(([arm, draw]) => prompts.map((p) => [arm, draw, p.id])),
    );
    expect(new Set(traces.map((t) => t.id)).size).toBe(16);
    expect(logs.slice(0, 2)).toEqual(["ablate_1pct (0): (7,15)", "ablate_3pct (0): (7,15) (7,14) (7,13) (7,12)"]);
    expect(logs.at(-1)).toBe("16 of 16 traces never closed the thinking and have no response"); // four tokens are too few
    const random = logs.slice(2, -1).map((line) => line.split(": ")[1]?.split(" ") ?? []);
    expect(random.map((heads) => new Set(heads).size)).toEqual([4, 4]);
    expect(random.flat().filter((head) => /\(7,1[2-5]\)/.test(head))).toEqual([]);
    expect(random[0]).not.toEqual(random[1]);
  });

  it("goes by another ranking, and edits the stream along the probe's direction", async () => {
    const effect = (head: number, rank: number, method: string) => ({
      target: "probe",
      method,
      position: "final",
      layer: 2,
      head,
      effect: 10 - rank,
      lo: null,
      hi: null,
      rank,
      n: 1,
      planted: null,
    });
    const effects = await artifact(root, HeadEffects, {
      effects: [effect(4, 2, "patching"), effect(9, 1, "patching"), effect(1, 1, "causal")],
    });
    const probe = await probeArtifact(root, [randomProbe(FINAL_NORMALIZED, aligned.config.hidden)]);
    const none = { percents: [], randomPercents: [], maxNewTokens: 8 };
    const { traces, logs } = await run(
      { ...none, counts: [2], by: "patching", removeDirection: true, addDirection: [-2, 0, 40], addLayer: 7 },
      { effects, probe },
    );
    expect(logs[0]).toBe("ablate_2heads (0): (2,9) (2,4)");
    const byArm = (arm: string) => traces.filter((t) => t.arm === arm).map((t) => t.ids);
    const arms = ["ablate_2heads", "remove_direction", "add_direction_-2", "add_direction_0", "add_direction_40"];
    expect([...new Set(traces.map((t) => t.arm))]).toEqual(arms);
    await using generator = await Generator.open(aligned, { workers: 1 });
    const plain = (await writeTraces(aligned, generator, prompts, { maxNewTokens: 8, seed: 0 })).map((t) => t.ids);
    expect(byArm("add_direction_0")).toEqual(plain);
    expect(byArm("add_direction_40")).not.toEqual(plain);
    await expect(run({ ...none, counts: [1], by: "greedy" }, { effects })).rejects.toMatchObject({ code: "E_CONFIG" });
    await expect(run({ ...none, by: "causal" })).rejects.toMatchObject({ code: "E_INPUT_MISSING" });
    await expect(run({ ...none, removeDirection: true })).rejects.toMatchObject({ code: "E_INPUT_MISSING" });
    await expect(run({ ...none, addDirection: [1], addLayer: 8 }, { probe })).rejects.toMatchObject({
      code: "E_CONFIG",
    });
  });

  it("changes nothing at gamma 1, and the text when all heads are gone", async () => {
    await using generator = await Generator.open(aligned, { workers: 1 });
    const plain = (await writeTraces(aligned, generator, prompts, { maxNewTokens: 60, seed: 0 })).map((t) => t.ids);
    const only = { randomPercents: [], renorm: "none" as const };
    expect((await run({ ...only, percents: [100], gamma: 1 })).traces.map((t) => t.ids)).toEqual(plain);
    expect((await run({ ...only, percents: [100], gamma: 0 })).traces.map((t) => t.ids)).not.toEqual(plain);
  });

  it("acts on the tokens of its scope alone, whether it scales heads or edits the stream", async () => {
    await using generator = await Generator.open(aligned, { workers: 1 });
    const plain = await writeTraces(aligned, generator, prompts, { maxNewTokens: 120, seed: 0 });
    const probe = await probeArtifact(root, [randomProbe(FINAL_NORMALIZED, aligned.config.hidden)]);
    const settings = { percents: [100], randomPercents: [], renorm: "none" as const, maxNewTokens: 120 };
    for (const scope of ["all", "generated", "template", "response"] as const) {
      const { traces } = await run({ ...settings, addDirection: [40], scope }, { probe });
      expect(traces).toHaveLength(2 * prompts.length);
      const changed = new Set<string>();
      for (const [i, { arm, ids, tokens }] of traces.entries()) {
        const before = plain[i % prompts.length] as (typeof plain)[number];
        const marker = before.tokens.indexOf("</think>", before.thinkingEnd);
        const prompt = before.thinkingStart; // the template writes the open marker
        // Behind the first token that is fed with the gate open, text may differ.
        const opens = { all: 0, generated: prompt, template: marker, response: before.responseStart as number }[scope];
        expect(tokens.slice(0, Math.max(prompt, opens + 1))).toEqual(
          before.tokens.slice(0, Math.max(prompt, opens + 1)),
        );
        if (ids.join() !== before.ids.join()) changed.add(arm);
      }
      expect([...changed]).toEqual(["ablate_100pct", "add_direction_40"]);
    }
  });

  it("refuses a control that would have to take the heads it is compared with", async () => {
    await expect(run({ percents: [1], randomPercents: [60], randomDraws: 1 })).rejects.toThrow(
      /77 random heads cannot be drawn/,
    );
  });
});
