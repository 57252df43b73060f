import { describe, expect, it } from "vitest";
import { armRows, headline } from "./arms.ts";
import { armOf, readingsOf } from "./metric-key.ts";
import { otherArms } from "./other-arms.ts";
import { repairsOf } from "./repairs.ts";
import { resultSentences } from "./result-text.ts";
import { metric, smallRun } from "./testing/small-run.ts";

const read = (key: string) => readingsOf([{ node: "eval", rows: [metric(key, 0.5)] }])[0];

describe("metric keys", () => {
  it.each([
    ["asr", null, [], []],
    ["asr.base", "base", [], []],
    ["eval.asr.ablate_3pct", "ablate_3pct", [], []],
    ["ablate_0.5pct/asr", "ablate_0.5pct", [], []],
    ["jailbreak.asr.random_3pct_1", "random_3pct_1", ["jailbreak"], []],
    ["asr[base]/family=rogue", "base", [], ["family", "rogue"]],
    ["over-refusal.overall", null, [], []],
    ["overrefusal.repaired_cliff", null, ["repaired_cliff"], []],
    ["asr.base.none", "base", [], ["none"]],
    ["asr.repaired.base", "base", [], ["repaired"]],
  ])("%s", (key, arm, subject, cut) => {
    const reading = read(key);
    expect(reading?.arm?.name ?? null).toBe(arm);
    expect([reading?.subject, reading?.cut]).toEqual([subject, cut]);
  });

  it("leaves unknown measures and missing values alone", () => {
    expect(read("auroc.base")).toBeUndefined();
    expect(readingsOf([{ node: "e", rows: [metric("asr", Number.NaN)] }])).toEqual([]);
    expect(read("constructor.base")).toBeUndefined();
  });

  it("reads the share of heads", () => {
    expect(armOf("ablate_0p5pct")).toMatchObject({ kind: "ablate", percent: 0.5 });
    expect(armOf("promote_10pct")).toMatchObject({ kind: "promote", percent: 10 });
    expect(armOf("ablated")).toBeNull();
  });
});

describe("arms", () => {
  it("come in reading order: base, shares, controls", () => {
    const keys = ["asr.random_3pct", "asr.ablate_10pct", "asr.base", "asr.ablate_1pct", "asr.ablate_3pct"];
    const rows = armRows({ title: "", metrics: [{ node: "e", rows: keys.map((k) => metric(k, 0.5)) }] }, "asr");
    expect(rows.map((r) => r.arm.name)).toEqual(["base", "ablate_1pct", "ablate_3pct", "ablate_10pct", "random_3pct"]);
    expect(headline(rows)).toMatchObject({ ablated: { arm: { percent: 3 } }, random: { arm: { percent: 3 } } });
  });

  it("do not take a breakdown for the whole, nor a lone base for an ablation", () => {
    const rows = [metric("asr.base", 0.5), metric("asr.ablate_3pct", 0.1), metric("asr.base.rogue", 0.9)];
    expect(armRows({ title: "", metrics: [{ node: "e", rows }] }, "asr")).toHaveLength(2);
    expect(armRows({ title: "", metrics: [{ node: "e", rows: rows.slice(0, 1) }] }, "asr")).toEqual([]);
  });
});

describe("repairs", () => {
  it("follow a selection to its adapter and its evaluation by name", () => {
    expect(repairsOf(smallRun)).toMatchObject([
      { group: "cliff", rows: { selected: 2, pool: 20 }, asr: { value: 0.06 }, overRefusal: { value: 0.03 } },
      { group: "random", asr: { value: 0.33 }, steps: [{ step: 1 }, { step: 2 }, { step: 3 }] },
    ]);
  });

  it("follow an arm named after them, and do not take a family for the whole", () => {
    const rows = [
      metric("asr.repaired_cliff.rogue", 0.9),
      metric("asr.repaired_cliff", 0.2),
      metric("asr.repaired_random", 0.3),
    ];
    const repairs = repairsOf({ ...smallRun, metrics: [{ node: "after", rows }] });
    expect(repairs.map((r) => r.asr?.value)).toEqual([0.2, 0.3]);
  });

  it("follow the groups of the config where names do not say it", () => {
    const metrics = [{ node: "m7", rows: [metric("asr", 0.44)] }];
    const [cliff] = repairsOf({ ...smallRun, metrics, groups: { m7: "cliff" } });
    expect(cliff?.asr?.value).toBe(0.44);
  });

  it("takes the base of another node where the experiment has none, and says from which", () => {
    const metrics = [
      { node: "rates", rows: [metric("asr.base", 0.9)] },
      { node: "compared", rows: [metric("asr.ablate_3pct", 0.1), metric("asr.random_3pct", 0.8)] },
    ];
    expect(
      armRows({ title: "", metrics }, "asr").map(({ label, value }) => [label.replace(/\s/gu, " "), value]),
    ).toEqual([
      ["no ablation · rates", 0.9],
      ["3 % suppressing", 0.1],
      ["3 % random", 0.8],
    ]);
    expect(headline(armRows({ title: "", metrics }, "asr"))).toMatchObject({ base: { value: 0.9 } });
    const two = [...metrics, { node: "again", rows: [metric("asr.base", 0.7)] }];
    expect(armRows({ title: "", metrics: two }, "asr")).toHaveLength(2); // which base it is cannot be known
  });

  it("tells arms that are neither ablations nor repairs, where traces are of them", () => {
    const metrics = [{ node: "after_rates", rows: [metric("asr.repaired", 0.02), metric("asr.unknown", 0.5)] }];
    const traces = [{ node: "after", digest: "d", rows: [{ arm: "repaired" }] }] as never;
    expect(otherArms({ title: "", metrics, traces }, "asr")).toMatchObject([{ label: "repaired", value: 0.02 }]);
    expect(resultSentences({ title: "", metrics, traces }).join(" ")).toContain(
      "Of other arms the ASR is 0.02 [0.01, 0.03] for repaired.",
    );
  });
});
