/**
 * A row's thinking and answer told apart while it is written. Where a whole trace is at hand `splitTrace` does this; here text
 * leaves as soon as it is certain: whole characters, never a part of a marker or of a stop string, no blanks at either end of
 * thinking or answer. A thinking that is opened later than in the first tokens counts as answer: what is told stays told.
 */
import { TextStream } from "../generation/text-stream.ts";
import type { SpanFormat } from "./spans.ts";
import type { TextTokenizer } from "./tokenizer.ts";

export interface ReasoningText {
  readonly thinking: string;
  readonly response: string;
}

type Phase = "opening" | "thinking" | "response";

/** Without an open marker in the prompt, the model's own is expected within this many tokens, as in a trace's spans. */
const OPENS_WITHIN = 8;

export class ReasoningStream {
  readonly #tokenizer: TextTokenizer;
  readonly #format: Exclude<SpanFormat, "none">;
  readonly #stops: ReadonlyArray<string>;
  readonly #raw: TextStream;
  #phase: Phase;
  #tokens = 0;
  #thinkingTokens = 0;
  /** Text that may yet turn out to be the beginning of a marker or of a stop string. */
  #held = "";
  /** In thinking or answer something but blanks has left. */
  #started = false;
  #blanks = "";
  #stopped = false;
  /** What the template itself writes between marker and answer, beside blanks, until it has come. */
  #tail = "";
  #out = { thinking: "", response: "" };

  constructor(tokenizer: TextTokenizer, format: SpanFormat, stopStrings: ReadonlyArray<string> = []) {
    this.#tokenizer = tokenizer;
    const answers = format === "none" || format.closed;
    this.#format = format === "none" ? { open: "", close: "", opened: false, closed: true, tail: undefined } : format;
    this.#stops = stopStrings;
    this.#raw = new TextStream((ids) => tokenizer.decode(ids, { special: true }));
    this.#phase = answers ? "response" : format.opened ? "thinking" : "opening";
  }

  /** Tokens up to the close marker, that included. */
  get thinkingTokens(): number {
    return this.#thinkingTokens;
  }

  /** Takes the next token; answers the text that is certain now. */
  push(id: number): ReasoningText {
    this.#tokens++;
    if (this.#phase === "thinking") this.#thinkingTokens = this.#tokens;
    if (this.#keeps(id)) this.#read(this.#raw.push(id));
    const opens = this.#tokens <= OPENS_WITHIN || longestBeginning(this.#held, [this.#format.open]) > 0;
    if (this.#phase === "opening" && !opens) this.#enter("response", this.#held);
    return this.#told();
  }

  /** The rest, when the row has ended. */
  end(): ReasoningText {
    this.#read(this.#raw.end(false));
    if (this.#phase === "opening") {
      // cut off before it could open: "<thi"
      const thinks = this.#held.trim() !== "" && this.#format.open.startsWith(this.#held.trimStart());
      this.#enter(thinks ? "thinking" : "response", this.#held);
    }
    if (!this.#stopped) this.#write(this.#held);
    this.#held = "";
    return this.#told();
  }

  /** Special tokens are no text, but a marker may be made of them. */
  #keeps(id: number): boolean {
    if (!this.#tokenizer.isSpecial(id)) return true;
    const marker = { opening: this.#format.open, thinking: this.#format.close, response: "" }[this.#phase];
    const piece = (this.#tokenizer.pieces([id])[0] as string).trim();
    return piece !== "" && marker.includes(piece);
  }

  #read(fresh: string): void {
    if (this.#stopped) return;
    const text = this.#held + fresh;
    this.#held = "";
    const { open, close } = this.#format;
    if (this.#phase === "opening") {
      const at = text.indexOf(open);
      if (at >= 0) this.#enter("thinking", text.slice(at + open.length));
      else this.#held = text;
      return;
    }
    if (this.#tail !== "") {
      const begun = text.trimStart();
      if (begun.length < this.#tail.length && this.#tail.startsWith(begun)) {
        this.#held = text;
        return;
      }
      const { length } = this.#tail;
      const closed = begun.startsWith(this.#tail);
      this.#tail = "";
      this.#read(closed ? begun.slice(length) : text);
      return;
    }
    const marks = this.#phase === "thinking" ? [close, ...this.#stops] : this.#stops;
    const found = marks
      .map((mark) => ({ mark, at: text.indexOf(mark) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    if (found === undefined) {
      const keep = longestBeginning(text, marks);
      this.#held = keep === 0 ? "" : text.slice(-keep);
      this.#write(keep === 0 ? text : text.slice(0, -keep));
      return;
    }
    this.#write(text.slice(0, found.at));
    if (this.#phase === "thinking" && found.mark === close)
      this.#enter("response", text.slice(found.at + close.length));
    else this.#stopped = true;
  }

  #enter(phase: Phase, rest: string): void {
    if (phase === "thinking") this.#thinkingTokens = this.#tokens;
    if (phase === "response" && this.#phase === "thinking") this.#tail = this.#format.tail?.trim() ?? "";
    this.#phase = phase;
    this.#started = false;
    this.#blanks = "";
    this.#held = "";
    this.#read(rest);
  }

  /** Without the blanks in front; those behind wait for what follows. */
  #write(text: string): void {
    const fresh = this.#started ? text : text.trimStart();
    if (fresh === "") return;
    this.#started = true;
    const all = this.#blanks + fresh;
    const kept = all.trimEnd();
    this.#blanks = all.slice(kept.length);
    this.#out[this.#phase === "thinking" ? "thinking" : "response"] += kept;
  }

  #told(): ReasoningText {
    const told = this.#out;
    this.#out = { thinking: "", response: "" };
    return told;
  }
}

/** How many characters at the end of `text` begin one of `marks`. */
const longestBeginning = (text: string, marks: ReadonlyArray<string>): number => {
  let longest = 0;
  for (const mark of marks)
    for (let n = Math.min(mark.length - 1, text.length); n > longest; n--)
      if (text.endsWith(mark.slice(0, n))) longest = n;
  return longest;
};
