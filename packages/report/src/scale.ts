/**
 * The two things a chart needs of numbers: a linear map from data to coordinates, and round tick values.
 */

/** Maps `domain` to `range` linearly; an empty domain maps to the middle of the range. */
export const linear =
  (domain: readonly [number, number], range: readonly [number, number]) =>
  (value: number): number => {
    const width = domain[1] - domain[0];
    if (width === 0) return (range[0] + range[1]) / 2;
    return range[0] + ((value - domain[0]) / width) * (range[1] - range[0]);
  };

/** Round step (1, 2 or 5 times a power of ten) that gives at most `wanted` intervals. */
export const niceStep = (width: number, wanted: number): number => {
  if (!(width > 0) || !Number.isFinite(width)) return 1;
  const raw = width / wanted;
  const power = 10 ** Math.floor(Math.log10(raw) + 1e-12);
  const factor = [1, 2, 5, 10].find((f) => f * power >= raw - power * 1e-9) ?? 10;
  return factor * power;
};

/** The multiples of `step` inside `domain`, ends included. */
export const ticks = (domain: readonly [number, number], step: number): ReadonlyArray<number> => {
  const first = Math.ceil(domain[0] / step - 1e-9);
  const last = Math.floor(domain[1] / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
};

/** Moves label positions apart so that neighbours keep `gap`, keeping their order and staying within `range`. */
export const spread = (
  positions: ReadonlyArray<number>,
  gap: number,
  range: readonly [number, number],
): ReadonlyArray<number> => {
  const order = positions.map((_, i) => i).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0) || a - b);
  const out = [...positions];
  let floor = range[0];
  for (const i of order) {
    out[i] = Math.max(out[i] ?? 0, floor);
    floor = (out[i] ?? 0) + gap;
  }
  let ceiling = range[1];
  for (const i of order.toReversed()) {
    out[i] = Math.min(out[i] ?? 0, ceiling);
    ceiling = (out[i] ?? 0) - gap;
  }
  return out;
};
