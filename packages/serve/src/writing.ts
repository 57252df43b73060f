/** The choices of one request while they are written: token by token from the generator, told as pieces of text. */
import type { LiveGenerator, LiveRequest } from "@precipice/model";

/** Tells a row's tokens as text: thinking and answer apart, or all as one. */
export interface Splitter {
  readonly push: (id: number) => { readonly thinking: string; readonly text: string };
  readonly end: () => { readonly thinking: string; readonly text: string };
  readonly thinkingTokens: () => number;
}

export interface Writing {
  readonly live: LiveGenerator;
  /** One per choice. */
  readonly requests: ReadonlyArray<LiveRequest>;
  readonly split: () => Splitter;
}

export type Delta =
  | {
      readonly type: "text";
      readonly choice: number;
      readonly thinking: string;
      readonly text: string;
      readonly ids: ReadonlyArray<number>;
    }
  | {
      readonly type: "end";
      readonly choice: number;
      readonly finish: "stop" | "length";
      readonly ids: ReadonlyArray<number>;
      readonly thinkingTokens: number;
    };

/** Rejects as `LiveGenerator.submit` does. Leaving the loop early, or aborting, takes all choices out. */
export async function* write({ live, requests, split }: Writing, signal: AbortSignal): AsyncGenerator<Delta> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  const rows = requests.map((request) => live.submit({ ...request, signal: both }));
  const splitters = requests.map(split);
  const next = async (choice: number) => ({ choice, result: await (rows[choice] as (typeof rows)[number]).next() });
  const pending = new Map(rows.map((_, choice) => [choice, next(choice)]));
  try {
    while (pending.size > 0) {
      const { choice, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(choice);
        continue;
      }
      pending.set(choice, next(choice));
      const splitter = splitters[choice] as Splitter;
      const event = result.value;
      if (event.type === "tokens") {
        const parts = event.ids.map((id) => splitter.push(id));
        yield { type: "text", choice, ids: event.ids, ...joined(parts) };
      } else {
        const { thinking, text } = splitter.end();
        if (thinking !== "" || text !== "") yield { type: "text", choice, ids: [], thinking, text };
        const { finish, ids } = event.row;
        yield { type: "end", choice, finish, ids, thinkingTokens: splitter.thinkingTokens() };
      }
    }
  } finally {
    left.abort(new Error("nobody listens any more"));
    await Promise.allSettled(pending.values());
  }
}

const joined = (parts: ReadonlyArray<{ readonly thinking: string; readonly text: string }>) => ({
  thinking: parts.map(({ thinking }) => thinking).join(""),
  text: parts.map(({ text }) => text).join(""),
});

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

export const usageOf = (promptTokens: number, completionTokens: number, reasoningTokens: number): Usage => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  completion_tokens_details: { reasoning_tokens: reasoningTokens },
});

/** A seed for who gave none. */
export const anySeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** One choice has the seed itself, so that the same request has the same text whatever n is asked for later. */
export const seedOf = (seed: number, choice: number): number | string => (choice === 0 ? seed : `${seed}/${choice}`);
