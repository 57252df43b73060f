import { describe, expect, it } from "vitest";
import { decidingReason, endOf, unusable } from "./finish.ts";

describe("endOf", () => {
  it.each([
    ["stop", "stop"],
    ["FINISH_REASON_STOP", "stop"],
    ["eosFound", "stop"],
    ["stop-sequence", "stop"],
    ["max tokens", "length"],
    ["toolCalls", "tool"],
    ["Content_Filter", "withheld"],
    ["stop soon", "cut"],
    ["nonstop", "cut"],
    ["", "cut"],
    ["None", "cut"],
    [null, "cut"],
  ] as const)("%j → %s", (reason, end) => expect(endOf(reason)).toBe(end));
});

describe("decidingReason", () => {
  it.each([
    [[null, "", "stop", null], "stop"],
    [["length", "stop"], "stop"],
    [["error", "stop"], "error"],
    [["stop", "error"], "error"],
    [[null, "null"], null],
  ] as const)("%j → %s", (reasons, reason) => expect(decidingReason(reasons)).toBe(reason));
});

it("what would come again is not retried", () => {
  expect([null, "abort", "tool_calls", "safety"].map((reason) => unusable(reason)?.retry)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
