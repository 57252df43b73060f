import { describe, expect, it } from "vitest";
import { budgetGroups, budgetPoint } from "./budgets.ts";
import { inline } from "./picture.ts";
import { budgetsSection, repairCurveCharts } from "./section-budgets.ts";
import { metric } from "./testing/small-run.ts";

describe("budget points", () => {
  it.each([
    ["ms.1.7pct.asr", { model: "", method: "ms", percent: 1.7, measure: "asr" }],
    [
      "drifted.final-only.100pct.overrefusal",
      { model: "drifted", method: "final-only", percent: 100, measure: "over_refusal" },
    ],
    ["random.0.5pct.capability", { model: "", method: "random", percent: 0.5, measure: "capability" }],
  ])("%s", (key, wanted) => {
    expect(budgetPoint(metric(key, 0.5))).toMatchObject(wanted);
  });

  it.each(["ablate_0.5pct.asr", "asr.ablate_3pct", "select.cliff.asr", "ms.1.7pct.rows", "ms.pct.asr"])(
    "not %s",
    (key) => {
      expect(budgetPoint(metric(key, 0.5))).toBeNull();
    },
  );

  it("groups by model and measure", () => {
    const rows = ["ms.1pct.asr", "ms.5pct.asr", "x.ms.1pct.asr", "ms.1pct.overrefusal"].map((key) => metric(key, 0.1));
    expect(budgetGroups([{ node: "n", rows }]).map((g) => [g.model, g.measure, g.points.length])).toEqual([
      ["", "asr", 2],
      ["x", "asr", 1],
      ["", "over_refusal", 1],
    ]);
  });
});

describe("the section of budgets", () => {
  const point = (key: string, value: number) => ({ key, value, lo: value / 2, hi: 2 * value, n: 60 });
  const metrics = [
    {
      node: "study",
      rows: [0.5, 1.7, 100].flatMap((p) => [point(`ms.${p}pct.asr`, 0.1), point(`random.${p}pct.asr`, 0.2)]),
    },
  ];

  it("says what a study concludes, escaped, above charts with a band per line", () => {
    const conclusions = [{ model: "", percent: 1.7, text: "ms beats <random> by 3 points." }];
    const studies = [{ node: "study", conclusions, curves: [] }];
    const drawn = budgetsSection({ title: "t", metrics, studies })?.text ?? "";
    expect(drawn).toContain("<li>ms beats &lt;random&gt; by 3 points.</li>");
    expect(drawn.indexOf("<li>ms beats")).toBeLessThan(drawn.indexOf("<svg"));
    expect(drawn.match(/fill-opacity="0.12"/g)).toHaveLength(2);
    expect(budgetsSection({ title: "t", metrics })?.text).not.toContain("<li>");
  });

  it("shows how attack success falls along the steps, at the budget concluded on and beside the whole pool", () => {
    const curve = (method: string, percent: number, steps: ReadonlyArray<number>) =>
      steps.map((step) => ({
        ...{ model: "", method, percent, step, asr: 1 / step, lo: 0.5 / step, hi: 1 / step, overrefusal: null, n: 3 },
      }));
    const curves = [
      ...curve("ms", 1.7, [5, 10, 15]),
      ...curve("random", 1.7, [5, 10, 15]),
      ...curve("random", 5, [5, 10, 15]),
      ...curve("full", 100, [5, 10, 15, 200]),
    ];
    const study = { node: "study", conclusions: [{ model: "", percent: 1.7, text: "t" }], curves };
    const [chart] = repairCurveCharts({ title: "t", studies: [study], labels: { ms: "by score" } });
    const drawn = chart === null || chart === undefined ? "" : inline(chart).text;
    expect(drawn).toContain("by score: 0.07 after 15 steps");
    expect(drawn).toContain("full: 0.07 after 15 steps"); // not 200: the others end before
    expect(drawn.match(/random: /g)).toHaveLength(1);
    expect(budgetsSection({ title: "t", metrics, studies: [study] })?.text).toContain("along the steps");
    expect(repairCurveCharts({ title: "t", studies: [{ ...study, curves: [] }] })).toEqual([]);
  });
});
