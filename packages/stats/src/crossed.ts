/**
 * Rates measured several times over the same rows: five random draws of heads, each
 * judged on the same prompts. Neither the draws nor the prompts are exchangeable with
 * each other, so both are resampled, independently (the pigeonhole bootstrap, Owen 2007).
 * Treating draws × prompts as so many independent answers would be far too sure.
 */
import { quantileSorted } from "./describe.ts";
import { type Estimate, estimate } from "./interval.ts";
import { random } from "./random.ts";

export interface Cell {
  /** What is shared between draws, usually the prompt id. */
  readonly row: string;
  readonly draw: number | string;
  readonly value: number;
}

/**
 * The mean over draws of each draw's mean, with a percentile interval. Rows may be
 * missing from a draw. n is the number of cells; no cells give NaN. With fewer
 * than two rows there is no interval. With one draw this is the ordinary bootstrap over rows.
 */
export const bootstrapCrossed = (
  cells: ReadonlyArray<Cell>,
  options: { readonly seed: number | string; readonly draws?: number; readonly level?: number },
): Estimate => {
  const { seed, draws: resamples = 1000, level = 0.95 } = options;
  const rows = [...new Set(cells.map((cell) => cell.row))];
  const draws = [...new Set(cells.map((cell) => cell.draw))];
  const rowAt = new Map(rows.map((row, i) => [row, i]));
  const drawAt = new Map(draws.map((draw, i) => [draw, i]));
  const indexed = cells.map((cell) => ({
    row: rowAt.get(cell.row) as number,
    draw: drawAt.get(cell.draw) as number,
    value: cell.value,
  }));

  const weighted = (rowWeight: Float64Array, drawWeight: Float64Array): number => {
    const sums = new Float64Array(draws.length);
    const weights = new Float64Array(draws.length);
    for (const { row, draw, value } of indexed) {
      const weight = rowWeight[row] as number;
      sums[draw] = (sums[draw] as number) + weight * value;
      weights[draw] = (weights[draw] as number) + weight;
    }
    let sum = 0;
    let total = 0;
    for (let d = 0; d < draws.length; d++) {
      const weight = weights[d] as number;
      if (weight === 0) continue; // none of this draw's rows was resampled
      sum += ((drawWeight[d] as number) * (sums[d] as number)) / weight;
      total += drawWeight[d] as number;
    }
    return sum / total;
  };

  const value = weighted(new Float64Array(rows.length).fill(1), new Float64Array(draws.length).fill(1));
  const n = cells.length;
  if (rows.length < 2) return { value, lo: null, hi: null, n };

  const stream = random(seed, "bootstrap-crossed");
  const counts = (size: number): Float64Array => {
    const weight = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const at = stream.int(size);
      weight[at] = (weight[at] as number) + 1;
    }
    return weight;
  };
  const replicates = Float64Array.from({ length: resamples }, () => weighted(counts(rows.length), counts(draws.length)))
    .filter(Number.isFinite)
    .sort();
  return estimate(value, quantileSorted(replicates, (1 - level) / 2), quantileSorted(replicates, (1 + level) / 2), n);
};
