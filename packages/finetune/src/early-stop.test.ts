/** What ends a training: a rate that is low enough, or patience; ties go to the earlier measurement. */
import { describe, expect, it } from "vitest";
import { earlyStopOf, isBetter } from "./early-stop.ts";
import type { Validation } from "./training-options.ts";

const validation = (over: Partial<Validation>): Validation => ({
  every: 1,
  identity: null,
  measure: async () => ({ asr: 1, overRefusal: null }),
  ...over,
});

describe("isBetter", () => {
  it.each([
    [[0.1], undefined, true],
    [[0.1], [0.2], true],
    [[0.2], [0.2], false],
    [[0.3], [0.2], false],
    [[0.2, 0.1], [0.2, 0.4], true],
    [[0.2, 0.4], [0.2, 0.1], false],
    [[0.1, 0.9], [0.2, 0], true],
  ])("%j against %j: %s", (a, b, better) => {
    expect(isBetter(a, b)).toBe(better);
  });
});

describe("earlyStopOf", () => {
  it("is none without patience or a rate to reach", () => {
    expect(earlyStopOf(undefined, undefined)).toBeUndefined();
    expect(earlyStopOf({ examples: [], every: 1 }, validation({}))).toBeUndefined();
  });

  it("goes by the attack success rate, then by over-refusal", () => {
    const stop = earlyStopOf(undefined, validation({ stopAt: 0.1, patience: 2 }));
    expect(stop?.scoreOf({ evalLoss: 1 })).toBeUndefined();
    expect(stop?.scoreOf({ validation: { asr: 0.3, overRefusal: 0.2 } })).toEqual([0.3, 0.2]);
    expect(stop?.reached([0.3, 0], 1)).toBeUndefined();
    expect(stop?.reached([0.3, 0], 2)).toContain("2 measurements without a lower attack success rate");
    expect(stop?.reached([0.1, 0], 0)).toContain("at most 0.1");
    expect(stop?.reached(undefined, 0)).toBeUndefined();
  });

  it("or by the held-out loss", () => {
    const stop = earlyStopOf({ examples: [], every: 1, patience: 3 }, validation({}));
    expect(stop?.scoreOf({ evalLoss: 0.5, validation: { asr: 0, overRefusal: 0 } })).toEqual([0.5]);
    expect(stop?.reached([0.5], 2)).toBeUndefined();
    expect(stop?.reached([0.5], 3)).toContain("3 measurements without a lower held-out loss");
  });
});
