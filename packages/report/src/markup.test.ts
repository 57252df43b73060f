import { describe, expect, it } from "vitest";
import { markup, trusted } from "./markup.ts";
import { visibleText } from "./visible-text.ts";

describe("markup", () => {
  it("escapes what is interpolated, in text and attributes", () => {
    const text = `</script><img src=x onerror="alert('1')">&amp;\``;
    expect(markup`<p title="${text}">${text}</p>`.text).not.toMatch(/<img|onerror="|&amp;amp;amp/);
    expect(markup`${`<'"&`}`.text).toBe("&lt;&#39;&quot;&amp;");
  });

  it("nests markup without escaping it twice", () => {
    expect(markup`<b>${[markup`<i>${"<"}</i>`, trusted("<hr>")]}</b>`.text).toBe("<b><i>&lt;</i><hr></b>");
  });

  it("draws nothing for absent parts, and zero as zero", () => {
    expect(markup`${null}${undefined}${false}${0}${-0.001}`.text).toBe("00");
  });

  it("refuses a coordinate that is not finite", () => {
    expect(() => markup`${Number.NaN}`).toThrow(RangeError);
  });
});

describe("visibleText", () => {
  it.each([
    ["a\nb", "a⏎b"],
    ["\t\r\u0000\u001b[31m", "⇥␍␀␛[31m"],
    ["txt.\u202eexe\u2069", "txt.⟨U+202E⟩exe⟨U+2069⟩"],
    ["\ufeff\u200b", "⟨U+FEFF⟩⟨U+200B⟩"],
    ["\ud800x", "⟨U+D800⟩x"],
    ["\uffff\u{e0041}", "⟨U+FFFF⟩⟨U+E0041⟩"],
    ["日本 é 😀", "日本 é 😀"],
  ])("%j becomes %j", (given, shown) => {
    expect(visibleText(given)).toBe(shown);
  });
});
