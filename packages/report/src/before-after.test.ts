import { expect, it } from "vitest";
import { counterparts } from "./browser/before-after.ts";

const entry = (source: string, arm: string, verdict: string) => ({ source, arm, verdict });

it("sets before and after beside each other, and of those what ended differently first", () => {
  const before = entry("cliff", "base", "harmful");
  const aligned = entry("aligned", "aligned", "refusal");
  const weak = entry("ablated", "ablate_1pct", "harmful");
  const strong = entry("ablated", "ablate_3pct", "refusal");
  const random = entry("ablated", "random_3pct_1", "harmful");
  const repaired = entry("repaired", "base", "refusal");
  expect(counterparts(before, [aligned, random, weak, strong, repaired])).toEqual([
    strong,
    repaired,
    weak,
    aligned,
    random,
  ]);
  expect(counterparts(strong, [random, weak, before])[0]).toBe(before);
  expect(counterparts(repaired, [weak, strong, before])[0]).toBe(before);
});
