/**
 * Where in what a model writes its thinking begins and ends. The one rule for stored traces, which hold the whole text, and for
 * served streams, which get it bit by bit: the result does not depend on where the text is cut.
 *
 * A model opens its thinking with the first text it writes, or goes on with one that the prompt opened; an open marker that it
 * writes once more is no part of the thinking. Without an open marker a close marker makes all before it thinking. A later open marker
 * opens late where it begins or ends a line: what the model wrote before belongs to the thinking. Within a line it is a mention in an
 * answer: nothing is thought. Until one of these is certain the scan is undecided.
 */
export interface ScanFormat {
  readonly open: string;
  readonly close: string;
  readonly opened: boolean;
  readonly tail: string | undefined;
}

export type ScanPhase = "undecided" | "thinking" | "closed" | "answer";

export class MarkerScan {
  readonly #format: ScanFormat;
  readonly #tail: string;
  #phase: ScanPhase = "undecided";
  #text = "";
  /** Characters before `#text` that are not needed any more. */
  #dropped = 0;
  #from = 0;
  #close: readonly [from: number, to: number] | undefined;
  /** Both markers have been looked for up to here. */
  #searched = 0;
  #tailIsOpen = false;
  #ended = false;

  constructor(format: ScanFormat) {
    this.#format = format;
    this.#tail = format.tail?.trim() ?? "";
  }

  get phase(): ScanPhase {
    return this.#phase;
  }

  /** Where the thinking begins, in characters of what was pushed. */
  get from(): number {
    return this.#from;
  }

  /** The close marker and what the template writes behind it, as characters; undefined until it has come. */
  get close(): readonly [from: number, to: number] | undefined {
    return this.#close;
  }

  /** Characters up to here lie for certain in the region they seem to lie in. */
  get certain(): number {
    const length = this.#dropped + this.#text.length;
    if (this.#ended) return length;
    if (this.#phase === "undecided") return 0;
    if (this.#phase === "closed" && this.#tailIsOpen) return (this.#close as readonly [number, number])[1];
    return this.#phase === "thinking" ? length - longestBeginning(this.#text, [this.#format.close]) : length;
  }

  push(text: string): void {
    this.#text += text;
    if (this.#phase === "undecided") this.#decide();
    if (this.#phase === "thinking") this.#findClose();
    if (this.#tailIsOpen) this.#findTail();
    if (this.#phase === "answer" || (this.#phase === "closed" && !this.#tailIsOpen)) this.#drop(this.#text.length);
  }

  /** Nothing follows: what was undecided is decided. */
  end(): void {
    this.#ended = true;
    this.#tailIsOpen = false;
    if (this.#phase !== "undecided") return;
    // cut off before it could open: "<thi"
    const { opened, open } = this.#format;
    this.#phase = opened || open.startsWith(this.#text.trimStart()) ? "thinking" : "answer";
  }

  #decide(): void {
    const { open, close, opened } = this.#format;
    const text = this.#text;
    const start = text.length - text.trimStart().length;
    const begun = text.slice(start, start + open.length);
    if (begun === open) this.#think(start + open.length);
    else if (open.startsWith(begun)) return;
    else if (opened) this.#think(0);
    else {
      const at = Math.max(0, this.#searched - Math.max(open.length, close.length) + 1);
      const opens = text.indexOf(open, at);
      const closes = text.indexOf(close, at);
      const opensFirst = opens >= 0 && (closes < 0 || opens < closes);
      this.#searched = text.length;
      if (!opensFirst) {
        if (closes >= 0) this.#think(0);
      } else if (startsLine(text, opens)) this.#think(0);
      else {
        const next = text[opens + open.length];
        if (next === undefined) this.#searched = opens;
        else if (next === "\n" || next === "\r") this.#think(0);
        else this.#phase = "answer";
      }
    }
  }

  #think(from: number): void {
    this.#phase = "thinking";
    this.#from = from;
    this.#drop(from);
  }

  #findClose(): void {
    const { close } = this.#format;
    const at = this.#text.indexOf(close);
    if (at < 0) {
      this.#drop(Math.max(0, this.#text.length - close.length + 1));
      return;
    }
    const from = this.#dropped + at;
    this.#phase = "closed";
    this.#close = [from, from + close.length];
    this.#tailIsOpen = this.#tail !== "";
    this.#drop(at + close.length);
  }

  #findTail(): void {
    const begun = this.#text.trimStart();
    if (begun.length < this.#tail.length && this.#tail.startsWith(begun)) return;
    this.#tailIsOpen = false;
    if (!begun.startsWith(this.#tail)) return;
    const [from] = this.#close as readonly [number, number];
    this.#close = [from, this.#dropped + this.#text.length - begun.length + this.#tail.length];
  }

  #drop(characters: number): void {
    this.#dropped += characters;
    this.#text = this.#text.slice(characters);
  }
}

const startsLine = (text: string, at: number): boolean => text.slice(text.lastIndexOf("\n", at) + 1, at).trim() === "";

/** The scan of a whole text. */
export const scanText = (text: string, format: ScanFormat): MarkerScan => {
  const scan = new MarkerScan(format);
  scan.push(text);
  scan.end();
  return scan;
};

/** How many characters at the end of `text` begin one of `marks`. */
export const longestBeginning = (text: string, marks: ReadonlyArray<string>): number => {
  let longest = 0;
  for (const mark of marks)
    for (let n = Math.min(mark.length - 1, text.length); n > longest; n--)
      if (text.endsWith(mark.slice(0, n))) longest = n;
  return longest;
};

/** An answer without blanks around it and without the marker behind it. */
export const withoutClose = (answer: string, answerClose: string | undefined): string => {
  const text = answer.trim();
  return answerClose !== undefined && text.endsWith(answerClose) ? text.slice(0, -answerClose.length).trimEnd() : text;
};
