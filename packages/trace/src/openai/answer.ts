/** An answer as JSON: the one object of a body, or the chunks of a stream, whichever the server chose to send. */
import * as Effect from "effect/Effect";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import { readText } from "./body.ts";
import { EventReader } from "./events.ts";
import type { Secrets } from "./secrets.ts";
import { ServerError, serverError } from "./server-error.ts";
import { errorInAnswer, errorWithoutChoices, isRecord, plainText } from "./told-error.ts";

type Json = Readonly<Record<string, unknown>>;

export interface Answer {
  /** Where a streamed answer has `delta` a whole one has `message`. */
  readonly streamed: boolean;
  readonly chunks: readonly Json[];
}

/** How a line of an event stream begins. */
const EVENT_LINE = /^(?:data|event|id|retry)\s*:|^:|^(?:data|event|id|retry)[\r\n]/u;
const HEAD_CHARS = 8;

/**
 * Reads what came with a status of success. Some servers know no `stream: true` and some know nothing else, so the body's first
 * characters decide. Fails with the server's own error where the answer tells of one.
 */
export const readAnswer = (
  response: HttpClientResponse,
  where: string,
  secrets: Secrets,
): Effect.Effect<Answer, ServerError | HttpClientError> =>
  Effect.suspend(() => {
    let head = "";
    let events: EventReader | undefined;
    let pieces: string[] | undefined;
    const decide = (): boolean => {
      const begin = head.replace(/^\uFEFF/u, "").trimStart();
      const isJson = /^[{["<]/u.test(begin);
      const isEvents = EVENT_LINE.test(begin) || /text\/event-stream/iu.test(response.headers["content-type"] ?? "");
      if (!isJson && isEvents) {
        events = new EventReader(where, secrets);
        return events.feed(head);
      }
      pieces = [head];
      return true;
    };
    const take = (text: string): boolean => {
      if (events !== undefined) return events.feed(text);
      if (pieces !== undefined) return pieces.push(text) > 0;
      // blanks go as they come: a body of nothing else would be looked through again with each piece
      head = (head + text).trimStart();
      return head.length < HEAD_CHARS ? true : decide();
    };
    return readText(response, where, take).pipe(
      Effect.andThen(
        Effect.suspend(() => {
          try {
            if (events === undefined && pieces === undefined) decide();
            return Effect.succeed(
              events === undefined
                ? { streamed: false, chunks: [wholeAnswer((pieces ?? []).join(""), where, secrets)] }
                : { streamed: true, chunks: events.end() as readonly Json[] },
            );
          } catch (error) {
            if (error instanceof ServerError) return Effect.fail(error);
            throw error;
          }
        }),
      ),
    );
  });

const wholeAnswer = (text: string, where: string, secrets: Secrets): Json => {
  let json: unknown;
  try {
    json = secrets.parse(text.replace(/^\uFEFF/u, ""));
  } catch {
    const said = /^\s*[{[]/u.test(text) || text.trim() === "" ? "" : `: ${plainText(secrets.hide(text))}`;
    throw serverError("E_SERVER_ANSWER", `${where} answered ${text.length} characters that are no JSON${said}`);
  }
  const error = errorInAnswer(where, json);
  if (error !== null) throw error;
  if (!isRecord(json)) throw serverError("E_SERVER_ANSWER", `${where} answered JSON that is no object`);
  if (!Array.isArray(json["choices"]) || json["choices"].length === 0)
    throw (
      errorWithoutChoices(where, json) ??
      serverError("E_SERVER_ANSWER", `${where} answered JSON of another shape: it has no choices`)
    );
  return json;
};
