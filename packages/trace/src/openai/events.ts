/**
 * Answers that come as a stream of events: `data: {…}` until `data: [DONE]`, in the format of the WHATWG standard, with one
 * liberty: a last event without the blank line behind it counts. A stream is whole when `[DONE]` says so, or when it told how the
 * reply ended before its body did.
 */
import { makeParser } from "effect/encoding/Sse";
import type { Secrets } from "./secrets.ts";
import { serverError } from "./server-error.ts";
import { errorInAnswer, eventError, excerpt, isRecord } from "./told-error.ts";

export class EventReader {
  readonly chunks: unknown[] = [];
  readonly #where: string;
  readonly #secrets: Secrets;
  #events = 0;
  #done = false;
  readonly #parser = makeParser((event) => {
    if (event._tag === "Event" && !this.#done) this.#event(event.event, event.data);
  });

  constructor(where: string, secrets: Secrets) {
    this.#where = where;
    this.#secrets = secrets;
  }

  /** Whether more is wanted: not after `[DONE]`. Throws `ServerError` for an event that tells of an error or is none. */
  feed(text: string): boolean {
    const tooLarge = this.#parser.feed(text);
    if (tooLarge !== undefined && !this.#done)
      throw serverError("E_SERVER_ANSWER", `${this.#where} sent an event without an end: ${tooLarge.message}`, {
        retry: false,
      });
    return !this.#done;
  }

  /** The chunks of a stream that told its end. */
  end(): readonly unknown[] {
    if (!this.#done) this.#parser.feed("\n\n\n");
    if (!this.#done && !this.chunks.some(tellsEnd))
      throw serverError(
        "E_SERVER_ANSWER",
        `${this.#where} ended its stream after ${this.#events} events, before the end (no finish_reason, no [DONE])`,
      );
    return this.chunks;
  }

  #event(name: string, data: string): void {
    const text = data.trim();
    if (text === "[DONE]") {
      this.#done = true;
      return;
    }
    this.#events++;
    if (name === "error") throw eventError(this.#where, this.#secrets.hide(text));
    if (text === "") return;
    // pings and whatever else a server names are no part of the answer, unless they look like one
    const named = name !== "message";
    let json: unknown;
    try {
      json = this.#secrets.parse(text);
    } catch {
      if (named) return;
      const said = /^[{[]/u.test(text) ? "" : `: ${excerpt(this.#secrets.hide(text))}`;
      throw serverError("E_SERVER_ANSWER", `${this.#where}: event ${this.#events} of its stream is no JSON${said}`);
    }
    const error = errorInAnswer(this.#where, json);
    if (error !== null) throw error;
    if (isRecord(json)) {
      if (!named || "choices" in json) this.chunks.push(json);
    } else if (!named)
      throw serverError("E_SERVER_ANSWER", `${this.#where}: event ${this.#events} of its stream is no JSON object`);
  }
}

/** Whether a chunk says why the reply ended; whether that is a normal end is judged elsewhere. */
const tellsEnd = (chunk: unknown): boolean => {
  const choices = isRecord(chunk) ? chunk["choices"] : undefined;
  return Array.isArray(choices) && choices.some((choice) => isRecord(choice) && isText(choice["finish_reason"]));
};

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
