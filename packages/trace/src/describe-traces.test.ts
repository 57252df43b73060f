import { describe, expect, it } from "vitest";
import { describeReasoning, describeStates } from "./describe-traces.ts";

describe("the log of generated traces", () => {
  const format = {
    open: "<t>",
    close: "</t>",
    opened: false,
    closed: false,
    tail: undefined,
    stripsEarlierThinking: false,
    shownBy: "template source",
  } as const;

  it("says how the model thinks", () => {
    expect(describeReasoning("none")).toMatch(/^no thinking/);
    expect(describeReasoning(format)).toBe(
      "thinking markers: <t> … </t> (found in the text of the chat template; the model opens it)",
    );
    expect(describeReasoning({ ...format, shownBy: "vocabulary" })).toContain("guessed");
    expect(describeReasoning({ ...format, opened: true })).toContain("the prompt already opens it");
    expect(describeReasoning({ ...format, opened: true, closed: true })).toContain(
      "the prompt already closes it: the model answers at once",
    );
  });

  it("counts what is not complete", () => {
    const of = (...states: ReadonlyArray<"complete" | "unclosed" | "truncated">) =>
      describeStates(states.map((state) => ({ state })));
    expect(of("complete")).toBeUndefined();
    expect(of("complete", "unclosed", "truncated", "unclosed")).toBe(
      "of 4 traces 2 never closed the thinking and have no response, 1 responses were cut by the token limit",
    );
  });
});
