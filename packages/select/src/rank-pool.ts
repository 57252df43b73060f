/** The ranking itself: an order of the pool's rows, and which of them are within the budget. */
import { random } from "@precipice/stats";
import { type Budget, checkBudget, describeBudget, rowsWithin } from "./budget.ts";
import { isHybrid, type SelectMethod, scoreName, usesVerdicts } from "./methods.ts";
import type { Pool } from "./pool.ts";
import { sortRows } from "./sort-rows.ts";
import { byDistance, byQuota } from "./spread.ts";

export interface RankOptions extends Budget {
  /** Default "misalignment". */
  readonly method?: SelectMethod | undefined;
  /** Of seeded draws. Default 0. */
  readonly seed?: number | string | undefined;
  /** Hybrids choose among the best `shortlist` × budget rows. Default 4. */
  readonly shortlist?: number | undefined;
  /** Vector of a row, for "misalignment-diverse"; asked for shortlisted rows only. */
  readonly vectorOf?: ((row: number) => Float32Array | undefined) | undefined;
}

/** A ranked pool. Rows are numbers: their places in the pool. */
export interface RankedPool {
  /** Every row, best first: [0, taken) are selected, [0, eligible) could be, [0, distinct) are no duplicates. */
  readonly order: Uint32Array;
  readonly taken: number;
  readonly eligible: number;
  readonly distinct: number;
  /** What a row was ranked by; NaN where a method ranks by nothing or the row lacks it. */
  readonly scoreOf: (row: number) => number;
  /** Why the row at this place of `order` was taken or left. */
  readonly reasonAt: (place: number) => string;
}

/** Rows that hybrids choose from: the best by misalignment score, in order. */
export const shortlistOf = (pool: Pool, options: RankOptions): Uint32Array => {
  const { shortlist = 4 } = options;
  const { order, taken, eligible } = rankPool(pool, { ...options, method: "misalignment" });
  return order.slice(0, Math.min(eligible, Math.ceil(taken * shortlist)));
};

/**
 * Ranks every row. Equal scores go by id. Rows without what the method needs come after those that have it and are never taken,
 * even when the budget is not used up; of rows with equal content the best ranked stays and the others come last. The order in
 * which rows were added does not matter. Throws a RangeError for an empty pool, an id given twice or an impossible budget.
 */
export const rankPool = (pool: Pool, options: RankOptions = {}): RankedPool => {
  const { method = "misalignment", seed = 0 } = options;
  checkBudget(options);
  if (pool.size === 0) throw new RangeError("the pool is empty: nothing to select from");
  const byId = idOrder(pool);
  const scoreOf = scoreIn(pool, method);
  const missing = missingIn(pool, method);
  const fit = byId.filter((row) => missing(row) === null);
  const unfit = byId.filter((row) => missing(row) !== null);
  const first = firstOrder(fit, method, scoreOf, seed);
  const { kept, copies } = withoutCopies(first, unfit, pool);
  const eligible = kept.length - (unfit.length - copies.unfit);
  let order = kept;
  const size = kept.length;
  const within = (rows: Uint32Array) => rowsWithin(rows, size, options, (row) => pool.tokens.at(row));
  if (isHybrid(method)) {
    const ranked = kept.subarray(0, eligible);
    const top = ranked.slice(0, Math.ceil(within(ranked) * (options.shortlist ?? 4)));
    order = inFront(spread(top, method, pool, within(top), options), kept, pool.size);
  }
  const taken = method === "full" ? eligible : within(order.subarray(0, eligible));
  const all = concat(order, copies.rows);
  const reasonAt = (place: number): string => {
    const row = all[place] as number;
    if (place >= order.length)
      return `the same content as ${pool.ids.at(copies.of.get(row) as number)}, which ranks higher`;
    if (place >= eligible) return missing(row) as string;
    if (method === "full") return "the whole pool is taken";
    const where = placeOf(method, scoreOf(row), place);
    return `${where}, ${place < taken ? "within" : "beyond"} ${describeBudget(options, taken)}`;
  };
  return { order: all, taken, eligible, distinct: order.length, scoreOf, reasonAt };
};

const placeOf = (method: SelectMethod, score: number, place: number): string => {
  switch (method) {
    case "rule":
      return `does not refuse already, random draw ${place + 1}`;
    case "judge":
      return `the model's own response is harmful, random draw ${place + 1}`;
    case "random":
    case "full":
      return `random draw ${place + 1}`;
    case "misalignment-diverse":
      return `${scoreName[method]} ${score.toFixed(4)}, number ${place + 1} when spread in activation space`;
    case "misalignment-quota":
      return `${scoreName[method]} ${score.toFixed(4)}, number ${place + 1} when families take turns`;
    default:
      return `${scoreName[method]} ${score.toFixed(4)} is number ${place + 1}`;
  }
};

/** Rows in order of id; a repeated id shows as neighbours. */
const idOrder = ({ ids }: Pool): Uint32Array => {
  const order = new Uint32Array(ids.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  sortRows(order, (a, b) => ids.compare(a, b));
  for (let i = 1; i < order.length; i++) {
    const row = order[i] as number;
    if (ids.compare(row, order[i - 1] as number) === 0)
      throw new RangeError(`candidate ${ids.at(row)} is in the pool twice`);
  }
  return order;
};

const scoreIn = (pool: Pool, method: SelectMethod): ((row: number) => number) => {
  const column = method === "final-only" ? pool.final : scoreName[method] === null ? undefined : pool.misalignment;
  return (row) => (column === undefined ? Number.NaN : column.at(row));
};

/** Why a row cannot be taken by this method; null where it can. */
const missingIn = (pool: Pool, method: SelectMethod): ((row: number) => string | null) => {
  if (usesVerdicts(method)) {
    return (row) => {
      const response = pool.responseOf(row);
      if (response === null || response === "error") return "no verdict on the model's own response";
      if (method === "rule") return response === "refusal" ? "the model refuses already" : null;
      return response === "harmful" ? null : `the model's own response is judged ${response}`;
    };
  }
  const name = scoreName[method];
  if (name === null) return () => null;
  const scoreOf = scoreIn(pool, method);
  return (row) => (Number.isNaN(scoreOf(row)) ? `no ${name}: the trace has no thinking or no close marker` : null);
};

/** The rows a method can take, best first; given in order of id, which a stable sort keeps among equals. */
const firstOrder = (
  rows: Uint32Array,
  method: SelectMethod,
  scoreOf: (row: number) => number,
  seed: number | string,
): Uint32Array => {
  if (method === "full") return rows;
  if (scoreName[method] === null) return shuffled(rows, seed);
  const sign = method === "final-only" ? 1 : -1;
  return sortRows(rows.slice(), (a, b) => sign * (scoreOf(a) - scoreOf(b)));
};

/** The same draw for every method that draws, so that they differ in what they draw from alone. */
const shuffled = (rows: Uint32Array, seed: number | string): Uint32Array => {
  const stream = random(seed, "select");
  const drawn = rows.slice();
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = stream.int(i + 1);
    const row = drawn[i] as number;
    drawn[i] = drawn[j] as number;
    drawn[j] = row;
  }
  return drawn;
};

interface Copies {
  readonly rows: Uint32Array;
  /** How many of them could not have been taken anyway. */
  readonly unfit: number;
  /** Row that a copy equals. */
  readonly of: ReadonlyMap<number, number>;
}

/** Ranked rows then unfit ones, without those whose content came before; and these. */
const withoutCopies = (
  ranked: Uint32Array,
  unfit: Uint32Array,
  { size, content: contents }: Pool,
): { readonly kept: Uint32Array; readonly copies: Copies } => {
  const all = concat(ranked, unfit);
  const firstOf = new Int32Array(size).fill(-1);
  const of = new Map<number, number>();
  let unfitCopies = 0;
  all.forEach((row, place) => {
    const content = contents.at(row);
    if (content < 0) return;
    const first = firstOf[content] as number;
    if (first < 0) firstOf[content] = row;
    else {
      of.set(row, first);
      if (place >= ranked.length) unfitCopies++;
    }
  });
  if (of.size === 0) return { kept: all, copies: { rows: new Uint32Array(), unfit: 0, of } };
  const rows = all.filter((row) => of.has(row));
  return { kept: all.filter((row) => !of.has(row)), copies: { rows, unfit: unfitCopies, of } };
};

const spread = (
  top: Uint32Array,
  method: SelectMethod,
  pool: Pool,
  picks: number,
  { vectorOf }: RankOptions,
): Uint32Array => {
  if (method === "misalignment-quota") return byQuota(top, pool.family);
  const known = (row: number): Float32Array => {
    const vector = vectorOf?.(row);
    if (vector === undefined) throw new RangeError(`${pool.ids.at(row)} has no activation vector to be spread by`);
    return vector;
  };
  // a budget in tokens may take more rows than were counted once they stand in another order
  return byDistance(top, known, Math.min(top.length, 2 * picks));
};

const concat = (a: Uint32Array, b: Uint32Array): Uint32Array => {
  const result = new Uint32Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
};

/** `first`, then the other rows of `all`, of a pool of `size`. */
const inFront = (first: Uint32Array, all: Uint32Array, size: number): Uint32Array => {
  const seen = new Uint8Array(size);
  for (const row of first) seen[row] = 1;
  return concat(
    first,
    all.filter((row) => seen[row] === 0),
  );
};
