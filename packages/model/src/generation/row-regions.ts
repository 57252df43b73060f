/**
 * The regions of a row while it is written. The template region begins with the first token of the close marker, however tokens
 * cut it, and ends before the first token of the response that is not blank. Blank tokens before the marker stay outside: when
 * they were fed nothing told them from thinking (in analysis, where the whole trace is known, they belong to the region). A row
 * that has not written the marker has neither region, even where it answers without thinking.
 */
import { findSpans, type SpanFormat } from "../text/spans.ts";
import type { TokenRegions } from "../text/token-scope.ts";
import type { RowText } from "./row.ts";

/** After the marker a template's own tail may be spread over so many tokens. */
const TAIL_TOKENS = 16;

export class RowRegions implements TokenRegions {
  readonly promptLength: number;
  templateStart = Number.POSITIVE_INFINITY;
  responseStart = Number.POSITIVE_INFINITY;
  readonly #format: SpanFormat;
  readonly #text: RowText;
  /** Tokens of the rendered prompt: markers are searched behind them, unless they close the thinking themselves. */
  readonly #rendered: number;
  #tail = "";
  #settled = false;
  #closedAt: number | undefined;

  /** `ids`: what the row starts from; its first `rendered` tokens are the rendered prompt. */
  constructor(format: SpanFormat, text: RowText, ids: ReadonlyArray<number>, rendered: number) {
    this.#format = format;
    this.#text = text;
    this.#rendered = rendered;
    this.promptLength = ids.length;
    // a marker that was begun may be ended
    const begun = ids.slice(rendered);
    if (format !== "none" && begun.length > 0 && format.close.length > 1)
      this.#tail = text
        .pieces([...begun])
        .join("")
        .slice(1 - format.close.length);
    this.#locate(ids);
  }

  /**
   * Account for the newest token of `ids`; `piece` is its text. Answers whether a token before it turned out to lie in another
   * region than it was fed in: the marker's first tokens, known only when the marker is whole.
   */
  next(ids: () => ReadonlyArray<number>, piece: string): boolean {
    if (this.#settled) return false;
    if (this.#closedAt === undefined) {
      const { close } = this.#format as Exclude<SpanFormat, "none">;
      this.#tail += piece;
      const closes = this.#tail.includes(close);
      this.#tail = close.length > 1 ? this.#tail.slice(1 - close.length) : "";
      if (!closes) return false;
    }
    const known = ids();
    const newest = known.length - 1;
    const before = { from: Math.min(this.templateStart, newest), to: Math.min(this.responseStart, newest) };
    this.#locate(known);
    return before.from !== Math.min(this.templateStart, newest) || before.to !== Math.min(this.responseStart, newest);
  }

  #locate(ids: ReadonlyArray<number>): void {
    const format = this.#format;
    const pieces = this.#text.pieces([...ids]);
    const { thinkingEnd, responseStart } = findSpans(pieces, this.#rendered, format);
    // an answer without thinking has the prompt's last token for its region
    const shown = format === "none" || format.closed || thinkingEnd >= this.#rendered;
    if (!shown || responseStart === undefined) return;
    let start = thinkingEnd;
    while (format !== "none" && start < ids.length - 1 && pieces[start]?.trim() === "") start++;
    this.#closedAt ??= ids.length;
    this.templateStart = start;
    // what is all blank so far may go on so
    this.responseStart = responseStart < ids.length ? responseStart : Number.POSITIVE_INFINITY;
    const tail = format === "none" ? "" : (format.tail?.trim() ?? "");
    this.#settled = this.responseStart < ids.length && (tail === "" || ids.length - this.#closedAt >= TAIL_TOKENS);
  }
}
