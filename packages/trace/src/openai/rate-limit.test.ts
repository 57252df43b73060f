import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "./rate-limit.ts";

describe("RateLimiter", () => {
  it("waits for nothing without limits", () => {
    const limiter = new RateLimiter({});
    expect([limiter.reserve(1e9, 0), limiter.reserve(1e9, 0)]).toEqual([0, 0]);
  });

  it("spreads requests and tokens over the minute, whichever is scarcer", () => {
    const limiter = new RateLimiter({ requestsPerMinute: 60, tokensPerMinute: 6000 });
    // 100 tokens take a second, as does a request; 300 take three
    expect([100, 300, 10, 0].map((tokens) => limiter.reserve(tokens, 5000))).toEqual([0, 1000, 4000, 5000]);
  });

  it("gives back what was reserved and not used", () => {
    const limiter = new RateLimiter({ tokensPerMinute: 6000 });
    limiter.reserve(1000, 0);
    limiter.settle(1000, 100);
    expect(limiter.reserve(0, 0)).toBe(1000);
  });

  it("never lets more than its limits into a minute, beside one burst of what was idle", () => {
    const calls = fc.array(
      fc.record({ tokens: fc.integer({ min: 1, max: 500 }), pause: fc.integer({ min: 0, max: 3000 }) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(calls, (list) => {
        const limiter = new RateLimiter({ requestsPerMinute: 30, tokensPerMinute: 3000 });
        let now = 0;
        const begun: Array<{ at: number; tokens: number }> = [];
        for (const { tokens, pause } of list) {
          now += pause;
          begun.push({ at: now + limiter.reserve(tokens, now), tokens });
        }
        for (const { at } of begun) {
          const within = begun.filter((one) => one.at >= at && one.at < at + 60_000);
          expect(within.length).toBeLessThanOrEqual(30 + 1e-9);
          // the last one may begin just before the minute is over
          const tokens = within.slice(0, -1).reduce((sum, one) => sum + one.tokens, 0);
          expect(tokens).toBeLessThanOrEqual(3000 + 1e-6);
        }
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});
