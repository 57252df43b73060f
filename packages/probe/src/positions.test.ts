import { describe, expect, it } from "vitest";
import { traceOf } from "../../../tests/support/small-model.ts";
import { positionNames, tokensAt } from "./positions.ts";

// prompt 0–2, thinking 3–6, close marker 7–8, response 9–12
const closed = traceOf("closed", 4);
const open = traceOf("open", 4, {}, true);

describe("tokensAt", () => {
  it.each([
    ["prompt", [0, 1, 2], [0, 1, 2]],
    ["prompt.last", [2], [2]],
    ["thinking", [3, 4, 5, 6], [3, 4, 5, 6]],
    ["thinking.last", [6], [6]],
    ["template", [7, 8], []],
    ["final", [8], []],
    ["response", [9, 10, 11, 12], []],
    ["response.first", [9], []],
  ])("%s", (position, ofClosed, ofOpen) => {
    expect(tokensAt(closed, position)).toEqual(ofClosed);
    expect(tokensAt(open, position)).toEqual(ofOpen);
  });

  it("gives nothing where a part is empty", () => {
    const bare = traceOf("bare", 0);
    expect(tokensAt(bare, "thinking.last")).toEqual([]);
    expect(tokensAt({ ...bare, response_start: bare.ids.length }, "response.first")).toEqual([]);
  });

  it.each(["finale", "toString", "__proto__"])("does not know %s", (name) => {
    expect(() => tokensAt(closed, name)).toThrow(
      `there is no position "${name}"; positions are ${positionNames.join(", ")}`,
    );
  });
});
