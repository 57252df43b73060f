/** The choices of one request while they are written: token by token from the generator, told as pieces of text. */
import type { LiveGenerator, LiveRequest } from "@precipice/model";
import type { ClientPath } from "./fair-queue.ts";
import type { Slots } from "./slots.ts";

/** Tells a row's tokens as text: thinking and answer apart, or all as one. */
export interface Splitter {
  readonly push: (id: number) => { readonly thinking: string; readonly text: string };
  readonly end: () => { readonly thinking: string; readonly text: string };
  readonly thinkingTokens: () => number;
}

export interface Writing {
  readonly live: LiveGenerator;
  readonly slots: Slots;
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

/** A choice that has come to its end. */
export type Ended = Extract<Delta, { readonly type: "end" }>;

/** Who asks, and when he has left. */
export interface Caller {
  readonly client: ClientPath;
  readonly signal: AbortSignal;
}

/**
 * Rejects as `LiveGenerator.submit` does. Leaving the loop early, or aborting, takes all choices out. A slow reader holds no row back:
 * what he has not taken is joined, one piece a choice.
 */
export async function* write({ live, slots, requests, split }: Writing, caller: Caller): AsyncGenerator<Delta> {
  const left = new AbortController();
  const signal = AbortSignal.any([caller.signal, left.signal]);
  let told = new Map<number, Delta[]>();
  let failed: { readonly error: unknown } | undefined;
  let wake = () => {};
  const put = (delta: Delta) => {
    const before = told.get(delta.choice) ?? [];
    const last = before.at(-1);
    if (last?.type === "text" && delta.type === "text") before[before.length - 1] = joined(last, delta);
    else before.push(delta);
    told.set(delta.choice, before);
    wake();
  };
  const writeRow = async (request: LiveRequest, choice: number): Promise<void> => {
    const leave = await slots.enter(caller.client, signal);
    try {
      const splitter = split();
      for await (const event of live.submit({ ...request, signal })) {
        if (event.type === "tokens") {
          for (const id of event.ids) put({ type: "text", choice, ids: [id], ...splitter.push(id) });
          continue;
        }
        const { thinking, text } = splitter.end();
        if (thinking !== "" || text !== "") put({ type: "text", choice, ids: [], thinking, text });
        const { finish, ids } = event.row;
        put({ type: "end", choice, finish, ids, thinkingTokens: splitter.thinkingTokens() });
      }
    } finally {
      leave();
    }
  };
  let running = requests.length;
  const rows = requests.map((request, choice) =>
    writeRow(request, choice)
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => {
        running--;
        wake();
      }),
  );
  try {
    while (running > 0 || told.size > 0) {
      if (failed !== undefined) throw failed.error;
      const ready = told;
      told = new Map();
      for (const deltas of ready.values()) yield* deltas;
      if (told.size === 0 && running > 0 && failed === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    if (failed !== undefined) throw failed.error;
  } finally {
    left.abort(new Error("nobody listens any more"));
    await Promise.all(rows);
  }
}

type Text = Extract<Delta, { readonly type: "text" }>;

/** Arrays of ids grow in place: only `write` has them. */
const joined = (before: Text, next: Text): Text => {
  (before.ids as number[]).push(...next.ids);
  return { ...before, thinking: before.thinking + next.thinking, text: before.text + next.text };
};

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

/** What `ends` took, each a choice of prompts with so many tokens together. */
export const usageOf = (promptTokens: number, ends: ReadonlyArray<Ended>): Usage => {
  const completionTokens = ends.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens_details: { reasoning_tokens: ends.reduce((sum, end) => sum + end.thinkingTokens, 0) },
  };
};

/** A seed for who gave none. */
export const anySeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** One choice has the seed itself, so that the same request has the same text whatever n is asked for later. */
export const seedOf = (seed: number, choice: number): number | string => (choice === 0 ? seed : `${seed}/${choice}`);
