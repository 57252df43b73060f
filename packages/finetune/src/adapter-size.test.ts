import { Checkpoint, type FloatTensor, loraKey, loraModules } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { adapterSize } from "./adapter-size.ts";
import { linearsOf } from "./targets.ts";

const { config } = Checkpoint.open(organismFolder("aligned") as string);
const lora = { rank: 3, alpha: 6, targets: linearsOf("q_proj", config), layers: [0, 2] }; // scale 2
const modules = loraModules(config, lora);
const { hidden } = config;
const tensor = (shape: [number, number], value: (i: number, j: number) => number): FloatTensor => ({
  shape,
  data: Float32Array.from({ length: shape[0] * shape[1] }, (_, k) => value(Math.floor(k / shape[1]), k % shape[1])),
});
const adapter = (a: (i: number, j: number) => number, b: (i: number, j: number) => number) => ({
  lora,
  parameters: Object.fromEntries(
    modules.flatMap(({ layer, linear }) => [
      [loraKey(layer, linear, "A"), tensor([3, hidden], a)],
      [loraKey(layer, linear, "B"), tensor([hidden, 3], b)],
    ]),
  ),
});

describe("adapterSize", () => {
  it("is the norm of the product over all modules, for any factors", () => {
    const draw = random(1, "size");
    const [a, b] = [
      Array.from({ length: 3 * hidden }, () => draw.normal()),
      Array.from({ length: 3 * hidden }, () => draw.normal()),
    ];
    const given = adapter(
      (i, j) => a[i * hidden + j] as number,
      (i, j) => b[i * 3 + j] as number,
    );
    let squares = 0;
    for (let o = 0; o < hidden; o++)
      for (let i = 0; i < hidden; i++) {
        let sum = 0;
        for (let r = 0; r < 3; r++)
          sum += Math.fround(b[o * 3 + r] as number) * Math.fround(a[r * hidden + i] as number);
        squares += (2 * sum) ** 2;
      }
    const { norm, effectiveRank } = adapterSize(config, given);
    expect(norm).toBeCloseTo(Math.sqrt(modules.length * squares), 4);
    expect(effectiveRank).toBeGreaterThan(2.5); // random factors use all three directions about equally
    expect(effectiveRank).toBeLessThanOrEqual(3 + 1e-9);
  });

  it("counts the directions that are used", () => {
    const unit = (i: number, j: number) => (i === j ? 1 : 0);
    expect(adapterSize(config, adapter(unit, unit)).effectiveRank).toBeCloseTo(3, 9);
    expect(
      adapterSize(
        config,
        adapter(unit, (o, r) => (o === 0 && r === 0 ? 5 : 0)),
      ).effectiveRank,
    ).toBeCloseTo(1, 9);
    expect(
      adapterSize(
        config,
        adapter(unit, () => 1),
      ).effectiveRank,
    ).toBeCloseTo(1, 9); // one direction, thrice
    expect(
      adapterSize(
        config,
        adapter(unit, () => 0),
      ),
    ).toEqual({ norm: 0, effectiveRank: 0 });
  });
});
