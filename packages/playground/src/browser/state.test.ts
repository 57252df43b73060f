/** The address of a page holds its state, and whatever else stands there is no state. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatState, parseState, type State } from "./state.ts";

const shape = { layers: 8, heads: 16 };
const first: State = { prompt: "how do i", off: [], engine: "wasm" };

describe("state of the page", () => {
  it("comes back from its address", () => {
    const states = fc.record({
      prompt: fc.string({ maxLength: 400, unit: "grapheme" }).map((text) => text.slice(0, 400)),
      off: fc.uniqueArray(fc.nat({ max: 127 })).map((off) => off.toSorted((a, b) => a - b)),
      engine: fc.constantFrom("wasm" as const, "webgpu" as const),
    });
    fc.assert(
      fc.property(states, (state) => {
        // an address is text of whole characters
        const prompt = state.prompt.toWellFormed();
        const hash = formatState({ ...state, prompt }, shape);
        expect(parseState(hash, shape, first)).toEqual({ ...state, prompt });
      }),
    );
  });

  it("is readable", () => {
    expect(formatState({ prompt: "how do i mend the loom ?", off: [67, 91], engine: "wasm" }, shape)).toBe(
      "#ask=how+do+i+mend+the+loom+%3F&off=4.3,5.11",
    );
  });

  it("leaves out heads the model does not have, and anything else it does not know", () => {
    const parsed = parseState("#off=4.3,8.0,0.16,-1.2,4.3,x,1e3.2,,2.0&engine=abacus&ask=why&more=1", shape, first);
    expect(parsed).toEqual({ prompt: "why", off: [32, 67], engine: "wasm" });
    expect(parseState("", shape, { ...first, off: [3] })).toEqual({ ...first, off: [3] });
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { off, prompt } = parseState(text, shape, first);
        for (const head of off) expect(head).toBeLessThan(128);
        expect(prompt.length).toBeLessThanOrEqual(400);
      }),
    );
  });
});
