/** Sorting row numbers by what they stand for. The built-in sort of a typed array makes objects of a million numbers on the way. */

/** Sorts in place by merging, equal rows in their order; `compare` as for `Array.sort`. */
export const sortRows = (rows: Uint32Array, compare: (a: number, b: number) => number): Uint32Array => {
  let from = rows;
  let to = new Uint32Array(rows.length);
  for (let width = 1; width < rows.length; width *= 2) {
    for (let start = 0; start < rows.length; start += 2 * width) {
      const middle = Math.min(start + width, rows.length);
      const end = Math.min(start + 2 * width, rows.length);
      let [left, right] = [start, middle];
      for (let i = start; i < end; i++) {
        const takeLeft = left < middle && (right >= end || compare(from[left] as number, from[right] as number) <= 0);
        to[i] = from[takeLeft ? left++ : right++] as number;
      }
    }
    [from, to] = [to as Uint32Array<ArrayBuffer>, from as Uint32Array<ArrayBuffer>];
  }
  if (from !== rows) rows.set(from);
  return rows;
};
