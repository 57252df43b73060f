/**
 * A row's text as it is written: only whole characters leave (a character may be spread over several byte tokens), and nothing
 * that may yet turn out to be the beginning of a stop string.
 */
const BROKEN_END = /\ufffd+$/;
/** A character has at most four bytes; what stays broken for longer is broken. */
const PATIENCE = 8;

export class TextStream {
  readonly #decode: (ids: ReadonlyArray<number>) => string;
  readonly #stops: ReadonlyArray<string>;
  readonly #ids: number[] = [];
  /** Text of ids from `#from` to `#read` has left the decoder; those before `#from` no longer matter for what follows. */
  #from = 0;
  #read = 0;
  /** Characters of the text of later ids that have left, and up to which id there were new ones. */
  #told = 0;
  #grown = 0;
  #held = "";
  #stopped = false;

  constructor(decode: (ids: ReadonlyArray<number>) => string, stopStrings: ReadonlyArray<string> = []) {
    this.#decode = decode;
    this.#stops = stopStrings;
  }

  /** Take the next token; answers the text that is certain now, "" when there is none. */
  push(id: number): string {
    this.#ids.push(id);
    return this.#release(this.#next(false));
  }

  /** The rest, when the row has ended; without it when a stop string ended the row. */
  end(atStopString: boolean): string {
    const rest = this.#release(this.#next(true));
    if (atStopString || this.#stopped) return rest;
    const held = this.#held;
    this.#held = "";
    return rest + held;
  }

  /** Whole characters of the newest tokens; what a token stands for depends on the ones before it, so those are decoded along. */
  #next(last: boolean): string {
    const before = this.#decode(this.#ids.slice(this.#from, this.#read));
    const now = this.#decode(this.#ids.slice(this.#from));
    if (now.length <= before.length) return "";
    const fresh = now.slice(before.length);
    const whole = fresh.replace(BROKEN_END, "");
    if (whole.length > this.#told) this.#grown = this.#ids.length;
    const waits = whole.length < fresh.length && this.#ids.length - this.#grown < PATIENCE && !last;
    const text = (waits ? whole : fresh).slice(this.#told);
    if (waits) this.#told = Math.max(this.#told, whole.length);
    else {
      this.#from = this.#read;
      this.#read = this.#ids.length;
      this.#grown = this.#ids.length;
      this.#told = 0;
    }
    return text;
  }

  #release(fresh: string): string {
    if (this.#stopped) return "";
    const text = this.#held + fresh;
    const at = this.#stops.map((stop) => text.indexOf(stop)).filter((i) => i >= 0);
    if (at.length > 0) {
      this.#stopped = true;
      this.#held = "";
      return text.slice(0, Math.min(...at));
    }
    let keep = 0;
    for (const stop of this.#stops)
      for (let n = Math.min(stop.length - 1, text.length); n > keep; n--) if (text.endsWith(stop.slice(0, n))) keep = n;
    this.#held = keep === 0 ? "" : text.slice(-keep);
    return keep === 0 ? text : text.slice(0, -keep);
  }
}
