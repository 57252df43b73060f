/** Finding thinking and response in a trace, however the tokens cut the markers. */
import { describe, expect, it } from "vitest";
import { findSpans, type SpanFormat, traceState } from "./spans.ts";

const THINK = { open: "<think>", close: "</think>", opened: false, closed: false, tail: undefined };
/** Opened by the prompt where the prompt ends so. */
const formatOf = (prompt: string): SpanFormat => ({ ...THINK, opened: /<think>\s*$/.test(prompt) });

/** Tokens are parted by "·"; the prompt ends at "‖". */
const trace = (text: string, format?: SpanFormat) => {
  const [prompt, output] = text.split("‖") as [string, string];
  const cut = (part: string) => (part === "" ? [] : part.split("·"));
  const pieces = [...cut(prompt), ...cut(output)];
  const spans = findSpans(pieces, cut(prompt).length, format ?? formatOf(cut(prompt).join("")));
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
    ["never opened, never closed: an answer", "u‖yes", "", "yes"],
    ["never opened, but closed", "u‖hmm·</think>·yes", "hmm", "yes"],
    ["cut off before it could open", "u‖<·thi", "<thi", undefined],
    ["closed at once", "u‖<think>·\n·</think>·yes", "", "yes"],
    ["nothing after the close", "u‖<think>·hmm·</think>", "hmm", ""],
    ["only blanks after the close", "u‖<think>·hmm·</think>·\n·\n", "hmm", ""],
    ["empty output", "u·<think>‖", "", undefined],
    ["a second close marker belongs to the response", "u‖<think>·hmm·</think>·a·</think>·b", "hmm", "a</think>b"],
    [
      "markers within a line of an answer are a mention",
      "u‖Use· <think>· and· </think>· tags",
      "",
      "Use <think> and </think> tags",
    ],
    ["an open marker on a later line opens late", "u‖Well·.\n·<think>·x·</think>·yes", "Well.\n<think>x", "yes"],
    ["an open marker that ends a line opens late", "u‖Well· <think>·\nx·</think>·yes", "Well <think>\nx", "yes"],
    ["opened late, never closed", "u‖Well·.\n·<think>·x", "Well.\n<think>x", undefined],
    ["a mention of the open marker alone", "u‖Write· <think>· first", "", "Write <think> first"],
    ["a mention at the very end", "u‖Write· <think>", "", "Write <think>"],
    ["opened again by the model", "u·<think>\n‖<think>·\n·hm·</think>·yes", "hm", "yes"],
    [
      "a second thinking belongs to the response",
      "u‖<think>a·</think>·b·<think>c·</think>·d",
      "",
      "b<think>c</think>d",
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

  it("takes other markers, and what a template writes between marker and answer", () => {
    const format = { ...THINK, open: "[T]", close: "[/T]", tail: "<answer>" };
    const found = trace("u‖[·T·]·hm·[/T]·\n·<ans·wer>·\n·ok", format);
    expect(found).toMatchObject({ thinking: "hm", response: "ok" });
    expect(found.spans).toMatchObject({ thinkingStart: 4, thinkingEnd: 5, responseStart: 10, length: 11 });
    expect(trace("u‖[T]·hm·[/T]·ok", format)).toMatchObject({ thinking: "hm", response: "ok" });
  });

  it("gives a model that does not think, or whose prompt closes the thinking, its whole output as response", () => {
    expect(trace("u·:‖\n·a·</think>·b", "none")).toMatchObject({ thinking: "", response: "a</think>b" });
    expect(trace("u·:‖\n·a", "none").spans).toMatchObject({ thinkingStart: 1, thinkingEnd: 1, responseStart: 3 });
    const closed = { ...THINK, opened: true, closed: true };
    const found = trace("u·<think>·\n\n·</think>·\n\n‖yes·<think>·no", closed);
    expect(found).toMatchObject({ thinking: "", response: "yes<think>no" });
    expect(found.spans).toMatchObject({ thinkingStart: 3, thinkingEnd: 3, responseStart: 5 }); // final: the prompt's last
    const reflecting = trace("u·<think>·no need·</think>‖yes", closed);
    expect(reflecting).toMatchObject({ thinking: "no need", response: "yes" });
  });

  it("gives the characters of thinking and response, whatever tokens they share with markers", () => {
    const pieces = ["u", "<think>Hm", "m.\n</", "thi", "nk>\nYes", " sir"];
    const spans = findSpans(pieces, 1, THINK);
    expect(spans).toMatchObject({ thinkingStart: 2, thinkingEnd: 2, responseStart: 5 });
    const text = pieces.join("");
    expect(text.slice(...spans.text.thinking)).toBe("Hmm.");
    expect(text.slice(...(spans.text.response ?? [0, 0]))).toBe("Yes sir");
    const all = findSpans(["u", "<think>a</think>b"], 1, THINK);
    expect(all).toMatchObject({ thinkingStart: 1, thinkingEnd: 1, responseStart: 2 });
  });

  it("takes time in proportion to the trace", () => {
    const pieces = Array.from({ length: 200_000 }, (_, i) => `w${i} `);
    const started = performance.now();
    expect(findSpans(pieces, 10, { ...THINK, opened: true }).responseStart).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1000); // rescanning from the start would take minutes
  });
});

describe("traceState", () => {
  it.each([
    [undefined, "length", "unclosed"],
    [undefined, "stop", "unclosed"],
    [5, "length", "truncated"],
    [5, "stop", "complete"],
  ] as const)("response at %s, finish %s: %s", (responseStart, finish, state) => {
    expect(traceState(responseStart, finish)).toBe(state);
  });
});
