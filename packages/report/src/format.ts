/**
 * How numbers look in the report, in one place: a score has two decimals, a true minus sign and never "-0.00";
 * thousands are parted by a narrow no-break space; an interval is "[lo, hi]".
 */

const minus = "\u2212";
const thin = "\u202f";

/** Fixed decimals with a true minus sign; values that are not finite are shown as a dash. */
export const fixed = (value: number, decimals: number): string => {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? minus + text : text;
};

/** A score, a rate or a probability: two decimals. */
export const score = (value: number): string => fixed(value, 2);

/** A signed quantity of unknown size: three significant digits, "+" or "−" in front. */
export const signed = (value: number): string => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3;
  const text = fixed(value, decimals);
  return Number(size.toFixed(decimals)) === 0 || value < 0 ? text : `+${text}`;
};

/** 12345 → "12 345" (narrow no-break space). */
export const count = (value: number): string => {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.round(Math.abs(value))
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, thin);
  return value < 0 ? minus + digits : digits;
};

/** A share as percent: one decimal below 10 %, none above. `0.0171` → "1.7 %". */
export const percent = (share: number): string => {
  const value = share * 100;
  const decimals = Math.abs(value) >= 9.95 || Number.isInteger(Number(value.toFixed(6))) ? 0 : 1;
  return `${fixed(value, decimals)}${thin}%`;
};

/**
 * "[0.71, 0.90]", or nothing where a bound is missing. Ends are rounded outwards: [0.9875, 1] is "[0.98, 1.00]", for "1.00" would
 * claim more than was measured.
 */
export const interval = (lo: number | null, hi: number | null, decimals = 2): string =>
  lo === null || hi === null || !Number.isFinite(lo) || !Number.isFinite(hi)
    ? ""
    : `[${fixed(outward(lo, decimals, "down"), decimals)}, ${fixed(outward(hi, decimals, "up"), decimals)}]`;

/** The next number of so many decimals in this direction; what differs from one by rounding error alone is that one. */
export const outward = (value: number, decimals: number, direction: "down" | "up"): number => {
  const scaled = value * 10 ** decimals;
  const near = Math.round(scaled);
  const whole = Math.abs(scaled - near) < 1e-6 ? near : direction === "down" ? Math.floor(scaled) : Math.ceil(scaled);
  return whole / 10 ** decimals;
};

/** Axis ticks: as many decimals as the step between them has. */
export const tick = (value: number, step: number): string => {
  const decimals = [0, 1, 2, 3, 4, 5, 6].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6) ?? 6;
  return decimals === 0 ? count(value) : fixed(value, decimals);
};

/** "a", "a and b", "a, b and c". */
export const list = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
