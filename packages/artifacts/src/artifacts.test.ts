import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import * as artifacts from "./index.ts";
import { Prompts, Scores, Traces, Verdicts } from "./index.ts";

describe("artifact kinds", () => {
  const kinds = Object.values(artifacts).filter((value) => typeof value === "object" && "tables" in value);

  it("have distinct names and a one-line description", () => {
    expect(kinds.length).toBeGreaterThan(12);
    expect(new Set(kinds.map((kind) => kind.name)).size).toBe(kinds.length);
    for (const kind of kinds) expect(kind.description).toMatch(/^[^\n]{10,90}$/);
  });

  it("accept a trace whose close marker never came", () => {
    const trace = {
      id: "t1",
      prompt_id: "p1",
      arm: "base",
      draw: 0,
      prompt: "hi",
      label: "harmless",
      family: null,
      thinking: "hm",
      response: "",
      ids: [1, 2, 3],
      tokens: ["<bos>", "hi", "hm"],
      thinking_start: 2,
      thinking_end: 3,
      response_start: null,
      state: "unclosed",
      finish: "length",
      seed: 1,
    };
    const decode = Schema.decodeUnknownSync(Traces.tables.traces);
    expect(decode(trace)).toEqual(trace);
    expect(() => decode({ ...trace, finish: "error" })).toThrow();
    expect(() => decode({ ...trace, ids: [1.5] })).toThrow();
  });

  it("know three verdicts and two labels only", () => {
    const verdict = {
      trace_id: "t1",
      prompt_id: "p1",
      arm: "base",
      draw: 0,
      label: "harmful",
      family: "game",
      state: "complete",
      verdict: "error",
      refused: false,
      judge: "refusal-prefix",
      reason: "empty response",
    };
    const decode = Schema.decodeUnknownSync(Verdicts.tables.verdicts);
    expect(decode(verdict).verdict).toBe("error");
    expect(() => decode({ ...verdict, verdict: "unsafe" })).toThrow();
    expect(() => decode({ ...verdict, label: "toxic" })).toThrow();
  });

  it("keep the column names that other stages and readers rely on", () => {
    expect(Object.keys(Prompts.tables.prompts.fields)).toEqual([
      "id",
      "prompt",
      "label",
      "split",
      "family",
      "reference",
      "target",
      "note",
    ]);
    expect(Object.keys(Scores.tables)).toEqual(["traces", "tokens", "curves", "plateaus", "falls", "summary"]);
  });
});
