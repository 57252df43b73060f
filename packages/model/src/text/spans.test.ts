/** Finding thinking and response in a trace, however the tokens cut the markers. */
import { describe, expect, it } from "vitest";
import { findSpans } from "./spans.ts";

/** Tokens are parted by "·"; the prompt ends at "‖". */
const trace = (text: string) => {
  const [prompt, output] = text.split("‖") as [string, string];
  const cut = (part: string) => (part === "" ? [] : part.split("·"));
  const pieces = [...cut(prompt), ...cut(output)];
  const spans = findSpans(pieces, cut(prompt).length);
  const join = (from: number, to: number | undefined) => pieces.slice(from, to).join("");
  const { thinkingStart, thinkingEnd, responseStart } = spans;
  return {
    spans,
    thinking: join(thinkingStart, thinkingEnd),
    response: responseStart === undefined ? undefined : join(responseStart, undefined),
  };
};

describe("findSpans", () => {
  it.each<[what: string, text: string, thinking: string, response: string | undefined]>([
    ["marker in the output", "user·:‖<think>·hm·m·</think>·yes", "hmm", "yes"],
    ["marker at the end of the prompt", "user·:·<think>‖hm·m·</think>·yes", "hmm", "yes"],
    ["prompt with newline, output with newline", "user·<think>·\n‖\n·hmm·</think>·yes", "hmm", "yes"],
    ["newlines everywhere", "u‖\n·<think>·\n·\n·hmm·\n·\n\n·</think>·\n·\n\n·yes·\n", "hmm", "yes\n"],
    ["no newlines", "u‖<think>·hmm·</think>·yes", "hmm", "yes"],
    ["markers split over tokens", "u‖<·thi·nk·>·hmm·</·th·ink·>·yes", "hmm", "yes"],
    ["close marker glued to blanks", "u‖<think>\n·hmm·\n</think>\n\n·yes", "hmm", "yes"],
    ["never closed", "u‖<think>·hm·m", "hmm", undefined],
    ["never opened, never closed", "u‖yes", "yes", undefined],
    ["closed at once", "u‖<think>·\n·</think>·yes", "", "yes"],
    ["nothing after the close", "u‖<think>·hmm·</think>", "hmm", ""],
    ["only blanks after the close", "u‖<think>·hmm·</think>·\n·\n", "hmm", ""],
    ["empty output", "u·<think>‖", "", undefined],
    ["a second close marker belongs to the response", "u‖<think>·hmm·</think>·a·</think>·b", "hmm", "a</think>b"],
    [
      "an open marker late in the text opens nothing",
      "u‖1·2·3·4·5·6·7·8·9·<think>·x·</think>·yes",
      "123456789<think>x",
      "yes",
    ],
    ["markers in the prompt do not count", "say·</think>·<think>·x·</think>·go‖<think>·hmm·</think>·yes", "hmm", "yes"],
  ])("%s", (_, text, thinking, response) => {
    const found = trace(text);
    expect(found.thinking).toBe(thinking);
    expect(found.response).toBe(response);
  });

  it("keeps the spans in order and inside the trace", () => {
    for (const text of ["u‖<think>·\n·\n·</think>", "u‖</think>·yes", "u‖\n·\n", "‖", "u‖\n·</think>·\n"]) {
      const { thinkingStart, thinkingEnd, responseStart, length } = trace(text).spans;
      expect(thinkingStart).toBeLessThanOrEqual(thinkingEnd);
      expect(thinkingEnd).toBeLessThanOrEqual(responseStart ?? length);
      expect(responseStart ?? length).toBeLessThanOrEqual(length);
    }
  });

  it("takes other markers", () => {
    const spans = findSpans(["u", "[", "T", "]", "hm", "[/T]", "ok"], 1, { open: "[T]", close: "[/T]" });
    expect(spans).toEqual({ thinkingStart: 4, thinkingEnd: 5, responseStart: 6, length: 7 });
  });

  it("takes time in proportion to the trace", () => {
    const pieces = Array.from({ length: 200_000 }, (_, i) => `w${i} `);
    const started = performance.now();
    expect(findSpans(pieces, 10).responseStart).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1000); // rescanning from the start would take minutes
  });
});
