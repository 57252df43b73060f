/** Answers that come as a stream of events: `data: {…}` until `data: [DONE]`. */
import * as Effect from "effect/Effect";
import { makeParser } from "effect/encoding/Sse";
import type * as Schema from "effect/Schema";
import type { OpenAiClient } from "./client.ts";
import { decodeAnswer } from "./client.ts";
import { type ServerError, serverError } from "./server-error.ts";

/**
 * Posts with `stream: true` and reads all chunks. A stream that ends before its end was told, or that tells of an error, is
 * tried again as any broken answer is.
 */
export const postStream = <A>(
  client: OpenAiClient,
  path: string,
  body: Readonly<Record<string, unknown>>,
  chunk: Schema.Codec<A, unknown>,
  tokens?: number,
): Effect.Effect<readonly A[], ServerError> =>
  client.postAndRead(
    path,
    { ...body, stream: true, stream_options: { include_usage: true } },
    (response, where) => response.text.pipe(Effect.flatMap((text) => readEvents(text, chunk, where))),
    tokens,
  );

const readEvents = <A>(text: string, chunk: Schema.Codec<A, unknown>, where: string) =>
  Effect.gen(function* () {
    const data: string[] = [];
    makeParser((event) => {
      if (event._tag === "Event") data.push(event.data);
    }).feed(text);
    if (data.at(-1) !== "[DONE]")
      return yield* serverError(
        "E_SERVER_ANSWER",
        `${where} ended its stream after ${data.length} events, before the end`,
      );
    const told = data.slice(0, -1);
    const broken = told.find((one) => one.startsWith('{"error"'));
    if (broken !== undefined)
      return yield* serverError("E_SERVER_STATUS", `${where} broke off its stream: ${broken.slice(0, 300)}`);
    return yield* Effect.forEach(told, (one) => decodeAnswer(one, chunk, where));
  });
