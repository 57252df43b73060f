/**
 * A lane: continuous batching over rows that share what intervenes. Prompts enter free places by a prefill, long ones chunk by
 * chunk; active rows advance one token per turn, a finished row leaves at once. A row enters only where its keys and values will
 * fit to its end. Rows may join or be taken out between two turns. Runs inside a worker; before every run of the program it can
 * be stopped.
 */
import { type HostTensors, type ResidentTensor, type RuntimeSession, resident, toHost } from "@precipice/onnx";
import { padRows } from "../batch.ts";
import { inScope, type TokenScope } from "../text/token-scope.ts";
import { type CacheShape, rowsThatFit } from "./kv-budget.ts";
import { KvCache } from "./kv-cache.ts";
import type { PrefillLimits } from "./prefill.ts";
import type { GeneratedRow, HeadScale } from "./request.ts";
import type { Row, RowContext } from "./row.ts";

export interface LoopModel extends CacheShape, Omit<RowContext, "options"> {
  readonly decode: Pick<RuntimeSession, "run">;
  readonly heads: number;
  readonly vocab: number;
  readonly maxRows: number;
  /** Memory for keys and values. */
  readonly kvBytes: number;
  readonly prefill: PrefillLimits;
  /** Length up to which longrope takes its short list: a row that outgrows it gets all its keys anew. */
  readonly longRopeFrom: number | undefined;
}

export interface LoopEvents {
  /** Called before every run of the program; stops the loop by throwing. */
  readonly checkpoint: () => void;
  readonly onRow: (row: GeneratedRow) => void;
  readonly onTokens: (count: number) => void;
  readonly onText?: (index: number, text: string) => void;
  /** A row has a new token. */
  readonly onToken?: (index: number, id: number) => void;
  /** A row cannot go on, say for logits that are no numbers; the others do. Without it such an error stops the loop. */
  readonly onFailed?: (index: number, error: unknown) => void;
}

type Feeds = Record<string, ResidentTensor>;

const int64 = (dims: number[], values: Iterable<number>): ResidentTensor =>
  resident({ dtype: "int64", dims, data: BigInt64Array.from(values, BigInt) });
const float32 = (dims: number[], data: Float32Array): ResidentTensor => resident({ dtype: "float32", dims, data });

/** What acts on every row of a lane. */
export interface Interventions {
  readonly headScale?: HeadScale | undefined;
  readonly directionEdit?: { readonly feeds: HostTensors; readonly scope: TokenScope } | undefined;
  /** An adapter's parameters, for a program that has them as inputs. */
  readonly adapter?: HostTensors | undefined;
}

/** Rows that run together. All methods but `turn` are for the time between its turns. */
export interface Lane {
  /** Rows that wait or are written. */
  readonly rows: number;
  /** Rows that are written. */
  readonly active: number;
  /** Bytes its keys and values take. */
  readonly bytes: number;
  /** Rows to write, in this order, after those that wait already. */
  readonly add: (rows: ReadonlyArray<Row>) => void;
  /** Take a row out, written or not; answers whether it was here. */
  readonly drop: (index: number) => boolean;
  /**
   * One run of the program over the lane's rows, or several chunks of one prompt. Answers whether anything ran: not where rows
   * wait for memory, or may not enter (`admits: false`).
   */
  readonly turn: (admits?: boolean) => Promise<boolean>;
}

/** `room`: bytes for keys and values that this lane may take now. */
export const openLane = (
  model: LoopModel,
  { headScale, directionEdit, adapter }: Interventions,
  events: LoopEvents,
  room: () => number = () => model.kvBytes,
): Lane => {
  const { layers, kvHeads, headDim, vocab, maxRows, prefill } = model;
  const cache = new KvCache(model, room);
  const active: Row[] = []; // row b of the cache is active[b]
  const waiting: Row[] = []; // rows that wait for a prefill, the next one last
  const adapterFeeds: Feeds = {};
  for (const [name, tensor] of Object.entries(adapter ?? {})) adapterFeeds[name] = resident(tensor);
  const isLong = (tokens: number) => model.longRopeFrom !== undefined && tokens > model.longRopeFrom;
  /** Will the row's next token switch longrope's list? Then its cached keys are turned by the wrong one. */
  const outgrows = (row: Row): boolean => isLong(row.length + 1) && !isLong(row.length);

  /** What intervenes in a run over `n` tokens; `at` says whose and which of its tokens, `undefined` for padding. */
  const interventionFeeds = (at: (index: number) => readonly [Row, number] | undefined, n: number): Feeds => {
    const gated = (scope: TokenScope, i: number): boolean => {
      const found = at(i);
      return scope === "all" || (found !== undefined && inScope(scope, found[1], found[0].regions));
    };
    const gate = (scope: TokenScope) =>
      float32(
        [n],
        Float32Array.from({ length: n }, (_, i) => (gated(scope, i) ? 1 : 0)),
      );
    const feeds: Feeds = { ...adapterFeeds };
    if (headScale !== undefined) {
      feeds["head_scale"] = float32([layers, model.heads], headScale.scale);
      feeds["head_gate"] = gate(headScale.scope);
    }
    if (directionEdit !== undefined) {
      for (const [name, tensor] of Object.entries(directionEdit.feeds)) feeds[name] = resident(tensor);
      feeds["edit_gate"] = gate(directionEdit.scope);
    }
    return feeds;
  };
  /** Past keys and values: `n` cache rows from row `from`, or one masked slot where there is no past. */
  const pastFeeds = (n: number, from: number, past: boolean): Feeds => {
    const dims = [n, kvHeads, past ? cache.slots : 1, headDim];
    const nothing = past ? undefined : new Float32Array(n * kvHeads * headDim);
    const feeds: Feeds = {};
    for (let l = 0; l < layers; l++) {
      feeds[`key.${l}`] = float32(dims, nothing ?? cache.view(2 * l, n, from));
      feeds[`value.${l}`] = float32(dims, nothing ?? cache.view(2 * l + 1, n, from));
    }
    return feeds;
  };
  const run = async (feeds: Feeds) => {
    events.checkpoint();
    const result = await model.decode.run(feeds);
    return {
      logits: toHost(result["logits"] as ResidentTensor).data as Float32Array,
      fresh: (result["new_kv"] as ResidentTensor).data as Float32Array,
    };
  };
  /** Give a row its next token; answers whether it goes on. */
  const advance = (row: Row, logits: Float32Array): boolean => {
    let done: GeneratedRow | undefined;
    try {
      done = row.advance(logits, (text) => events.onText?.(row.index, text));
    } catch (error) {
      if (events.onFailed === undefined) throw error;
      events.onFailed(row.index, error);
      return false;
    }
    events.onToken?.(row.index, row.last);
    if (done !== undefined) events.onRow(done);
    return done === undefined;
  };

  /** Rows that enter together: their padded tokens fit one run, or it is one row. */
  const nextGroup = (): Row[] => {
    const group: Row[] = [];
    let width = 0;
    let most = active.reduce((m, row) => Math.max(m, row.most), 0);
    while (waiting.length > 0 && active.length + group.length < maxRows) {
      const row = waiting.at(-1) as Row;
      width = Math.max(width, row.known);
      most = Math.max(most, row.most);
      const n = group.length + 1;
      // a row alone always enters where all the memory is free: the request was checked
      const fits = rowsThatFit(model, most, room());
      if (active.length + n > (room() >= model.kvBytes ? Math.max(1, fits) : fits)) break;
      if (group.length > 0) {
        if (width > prefill.tokensPerRow || n * width > prefill.tokensPerRun) break;
      }
      group.push(waiting.pop() as Row);
    }
    return group;
  };

  const admit = async (group: ReadonlyArray<Row>): Promise<void> => {
    const n = group.length;
    const first = active.length; // the group's place in the cache
    const ids = group.map((row) => row.ids());
    const width = ids.reduce((m, row) => Math.max(m, row.length), 0);
    const chunk = n === 1 ? prefill.tokensPerRow : width;
    cache.fit(first + n, width + 1, first);
    let logits = new Float32Array(0);
    for (let at = 0; at < width; at += chunk) {
      const batch = padRows(
        ids.map((row) => row.slice(at, at + chunk)),
        vocab,
      );
      const { tokens, lengths } = batch;
      const last = at + chunk >= width;
      const tokenAt = (i: number) => {
        const row = group[Math.floor(i / tokens)] as Row;
        const t = at + (i % tokens);
        return t < row.known ? ([row, t] as const) : undefined;
      };
      const ends = last ? lengths.map((length, b) => b * tokens + length - 1) : [];
      const result = await run({
        input_ids: resident(batch.ids),
        past_length: int64(
          [n],
          group.map(() => at),
        ),
        capture_index: int64([ends.length], ends),
        ...(model.longRopeFrom === undefined
          ? {}
          : {
              sequence_length: int64(
                [n],
                ids.map((row) => row.length),
              ),
            }),
        ...interventionFeeds(tokenAt, n * tokens),
        ...pastFeeds(n, first, at > 0),
      });
      cache.write(result.fresh, n, tokens, (b) => ({ to: first + b, at, count: lengths[b] as number }));
      logits = result.logits as Float32Array<ArrayBuffer>;
    }
    group.forEach((row) => {
      row.length = row.known;
      row.fed();
      active.push(row);
    });
    settle(first, logits);
    events.onTokens(n);
  };

  /** Advance the active rows from `first` on by their logits; those that end or must be prefilled anew leave. */
  const settle = (first: number, logits: Float32Array): void => {
    // From the last row down, so that a row moved into a gap has been seen already.
    for (let b = active.length - 1; b >= first; b--) {
      const row = active[b] as Row;
      const goesOn = advance(row, logits.subarray((b - first) * vocab, (b - first + 1) * vocab));
      if (goesOn && !outgrows(row) && !row.misfed) continue;
      if (goesOn) waiting.push(row);
      vacate(b);
    }
  };
  /** The last row takes the place of row b, which leaves. */
  const vacate = (b: number): void => {
    const last = active.length - 1;
    if (b !== last) {
      cache.moveRow(last, b);
      active[b] = active[last] as Row;
    }
    active.pop();
  };

  const step = async (): Promise<void> => {
    const n = active.length;
    cache.fit(n, active.reduce((m, row) => Math.max(m, row.length), 0) + 1, n);
    const lengths = active.map((row) => row.length);
    const { logits, fresh } = await run({
      input_ids: int64(
        [n, 1],
        active.map((row) => row.last),
      ),
      past_length: int64([n], lengths),
      capture_index: int64([n], active.keys()),
      ...(model.longRopeFrom === undefined
        ? {}
        : {
            sequence_length: int64(
              [n],
              lengths.map((length) => length + 1),
            ),
          }),
      ...interventionFeeds((b) => [active[b] as Row, lengths[b] as number], n),
      ...pastFeeds(n, 0, true),
    });
    cache.write(fresh, n, 1, (b) => ({ to: b, at: lengths[b] as number, count: 1 }));
    for (const row of active) row.length++;
    settle(0, logits);
    events.onTokens(n);
  };

  return {
    get rows() {
      return waiting.length + active.length;
    },
    get active() {
      return active.length;
    },
    get bytes() {
      return cache.bytes;
    },
    add: (rows) => {
      waiting.unshift(...[...rows].reverse());
    },
    drop: (index) => {
      const waits = waiting.findIndex((row) => row.index === index);
      if (waits >= 0) return waiting.splice(waits, 1).length > 0;
      const runs = active.findIndex((row) => row.index === index);
      if (runs >= 0) vacate(runs);
      return runs >= 0;
    },
    turn: async (admits = true) => {
      // Prefills are worth their cost when they fill several places at once.
      const free = maxRows - active.length;
      const worthwhile = active.length === 0 || free >= Math.min(maxRows / 4, waiting.length);
      const group = admits && waiting.length > 0 && worthwhile ? nextGroup() : [];
      if (group.length > 0) await admit(group);
      else if (active.length > 0) await step();
      else {
        cache.clear(); // another lane may need the memory
        return false;
      }
      return true;
    },
  };
};
