/** The hybrids: rows that fell deep and differ from each other, in family or in activation space. */
import type { NumberColumn } from "./pool.ts";

/**
 * Rows in turns: the best of each family, then the second of each, and so on; within a turn in the order given. `order` is by
 * rank, `family` the number of a row's family.
 */
export const byQuota = (order: Uint32Array, family: NumberColumn): Uint32Array => {
  const turns: number[][] = [];
  const taken = new Map<number, number>();
  for (const row of order) {
    const group = family.at(row);
    const turn = taken.get(group) ?? 0;
    taken.set(group, turn + 1);
    if (turn === turns.length) turns.push([]);
    turns[turn]?.push(row);
  }
  return Uint32Array.from(turns.flat());
};

/**
 * Greedy k-center (Gonzalez 1985): the first of `order`, then again and again the row farthest from all that were chosen, the
 * earlier ranked of equals. `vectorOf` gives a row's vector, all of one length. Time is `picks · rows · d`.
 */
export const byDistance = (
  order: Uint32Array,
  vectorOf: (row: number) => Float32Array, // [d]
  picks: number,
): Uint32Array => {
  const size = Math.min(picks, order.length);
  const chosen = new Uint32Array(size);
  const distances = new Float64Array(order.length).fill(Number.POSITIVE_INFINITY);
  let next = 0;
  for (let i = 0; i < size; i++) {
    chosen[i] = order[next] as number;
    distances[next] = Number.NEGATIVE_INFINITY;
    const centre = vectorOf(chosen[i] as number);
    let farthest = -1;
    for (let j = 0; j < order.length; j++) {
      if (distances[j] === Number.NEGATIVE_INFINITY) continue;
      const d = Math.min(distances[j] as number, squaredDistance(centre, vectorOf(order[j] as number)));
      distances[j] = d;
      if (farthest < 0 || d > (distances[farthest] as number)) farthest = j;
    }
    next = farthest;
  }
  return chosen;
};

const squaredDistance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
};
