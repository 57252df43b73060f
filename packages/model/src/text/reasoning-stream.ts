/**
 * A row's thinking and answer told apart while it is written. Text leaves as soon as it is certain: whole characters, never a part
 * of a marker or of a stop string, no blanks at either end of thinking or answer. All that is told, joined, is what `splitTrace`
 * finds in the whole: both go by `MarkerScan`. Where the prompt does not open the thinking and the model has not opened it either,
 * nothing is certain before its close marker or its end: the text is held until then.
 */
import { TextStream } from "../generation/text-stream.ts";
import { longestBeginning, MarkerScan, withoutClose } from "./marker-scan.ts";
import type { SpanFormat } from "./spans.ts";
import type { TextTokenizer } from "./tokenizer.ts";

export interface ReasoningText {
  readonly thinking: string;
  readonly response: string;
}

interface Chunk {
  readonly text: string;
  readonly special: boolean;
}

export class ReasoningStream {
  readonly #tokenizer: TextTokenizer;
  /** undefined where all is answer. */
  readonly #scan: MarkerScan | undefined;
  readonly #raw: TextStream;
  readonly #thinking: RegionText;
  readonly #response: RegionText;
  #tokens = 0;
  #thinkingTokens = 0;
  /** Text that has not left: special tokens are part of markers, but no text. */
  #waiting: Chunk[] = [];
  /** Characters that have left. */
  #at = 0;

  constructor(tokenizer: TextTokenizer, format: SpanFormat, stopStrings: ReadonlyArray<string> = []) {
    this.#tokenizer = tokenizer;
    const answers = format === "none" || format.closed;
    this.#scan = answers ? undefined : new MarkerScan(format);
    this.#raw = new TextStream((ids) => tokenizer.decode(ids, { special: true }));
    this.#thinking = new RegionText(stopStrings, undefined);
    this.#response = new RegionText(stopStrings, format === "none" ? undefined : format.answerClose);
  }

  /** Tokens up to the close marker, that included. */
  get thinkingTokens(): number {
    return this.#thinkingTokens;
  }

  /** Takes the next token; answers the text that is certain now. */
  push(id: number): ReasoningText {
    this.#tokens++;
    this.#take(this.#raw.push(id), this.#tokenizer.isSpecial(id));
    return this.#told();
  }

  /** The rest, when the row has ended. */
  end(): ReasoningText {
    this.#take(this.#raw.end(false), false);
    this.#scan?.end();
    this.#release();
    this.#thinking.end();
    this.#response.end();
    return this.#told();
  }

  #take(text: string, special: boolean): void {
    const before = this.#scan?.phase;
    this.#scan?.push(text);
    if (text !== "") this.#waiting.push({ text, special });
    const now = this.#scan?.phase;
    if (now === "thinking" || (now === "closed" && before !== "closed")) this.#thinkingTokens = this.#tokens;
    this.#release();
  }

  /** Hands what is certain to the region it lies in. */
  #release(): void {
    const scan = this.#scan;
    const certain = scan?.certain ?? Number.POSITIVE_INFINITY;
    if (certain <= this.#at) return;
    const keep: Chunk[] = [];
    for (const { text, special } of this.#waiting) {
      const ready = Math.max(0, Math.min(text.length, certain - this.#at));
      if (ready > 0 && !special) this.#write(text.slice(0, ready), this.#at);
      this.#at += ready;
      if (ready < text.length) keep.push({ text: text.slice(ready), special });
    }
    this.#waiting = keep;
  }

  /** `text` begins at character `at` of what was written. */
  #write(text: string, at: number): void {
    const scan = this.#scan;
    if (scan === undefined || scan.phase === "answer") {
      this.#response.write(text);
      return;
    }
    const part = (from: number, to: number) => text.slice(Math.max(0, from - at), Math.max(0, to - at));
    const [closeFrom, closeTo] = scan.close ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    this.#thinking.write(part(scan.from, closeFrom));
    if (closeFrom < Number.POSITIVE_INFINITY && !this.#thinking.stopped)
      this.#response.write(part(closeTo, at + text.length));
  }

  #told(): ReasoningText {
    return { thinking: this.#thinking.take(), response: this.#response.take() };
  }
}

/** Text of one region as it comes in; what may yet be cut off at its end is held. */
class RegionText {
  readonly #stops: ReadonlyArray<string>;
  readonly #answerClose: string | undefined;
  #held = "";
  #out = "";
  #started = false;
  stopped = false;

  constructor(stops: ReadonlyArray<string>, answerClose: string | undefined) {
    this.#stops = stops;
    this.#answerClose = answerClose;
  }

  write(text: string): void {
    if (this.stopped || text === "") return;
    this.#held = this.#started ? this.#held + text : (this.#held + text).trimStart();
    const stop = this.#stops.map((mark) => this.#held.indexOf(mark)).filter((at) => at >= 0);
    if (stop.length > 0) {
      this.#held = this.#held.slice(0, Math.min(...stop));
      this.stopped = true;
      return;
    }
    this.#tell(
      heldFrom(this.#held.slice(0, this.#held.length - longestBeginning(this.#held, this.#stops)), this.#answerClose),
    );
  }

  end(): void {
    const rest = withoutClose(`|${this.#held}`, this.#answerClose).slice(1);
    this.#held = rest;
    this.#tell(rest.length);
  }

  take(): string {
    const out = this.#out;
    this.#out = "";
    return out;
  }

  #tell(length: number): void {
    const text = this.#held.slice(0, length);
    if (text === "") return;
    this.#started = true;
    this.#out += text;
    this.#held = this.#held.slice(length);
  }
}

/** Where at the end of a region's text that begins which may be left out: blanks, and the marker behind an answer. */
const heldFrom = (text: string, answerClose: string | undefined): number => {
  const end = text.trimEnd();
  if (answerClose === undefined) return end.length;
  if (end.endsWith(answerClose)) return end.slice(0, -answerClose.length).trimEnd().length;
  const begun = longestBeginning(text, [answerClose]);
  return text.slice(0, text.length - begun).trimEnd().length;
};
