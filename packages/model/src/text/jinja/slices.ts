/** Items and slices by place; texts are counted in characters, not in UTF-16 units. */
import { spendItems } from "./budget.ts";
import { JinjaError, type Value } from "./values.ts";

/** The characters of a text, counted before they are made. */
export const chars = (text: string): readonly string[] => {
  spendItems(text.length);
  return Array.from(text);
};

/** The item at a place, from the end where it is below zero. */
export const at = <A>(items: readonly A[], place: bigint): A | undefined =>
  items[Number(place < 0n ? place + BigInt(items.length) : place)];

export { textLength } from "./text-length.ts";

export interface Bounds {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number | undefined;
}

export const slice = <A>(items: readonly A[], { start, stop, step = 1 }: Bounds): A[] => {
  if (step === 0) throw new JinjaError("slice step cannot be zero");
  const size = items.length;
  const place = (value: number | undefined, fallback: number): number => {
    if (value === undefined) return fallback;
    const from = value < 0 ? value + size : value;
    return step > 0 ? Math.min(Math.max(from, 0), size) : Math.min(Math.max(from, -1), size - 1);
  };
  const first = place(start, step > 0 ? 0 : size - 1);
  const last = place(stop, step > 0 ? size : -1);
  const out: A[] = [];
  for (let index = first; step > 0 ? index < last : index > last; index += step) out.push(items[index] as A);
  return out;
};

/** Bounds of a search in a text: clamped places, in characters. */
export const searched = (size: number, start: number, stop: number): readonly [number, number] => {
  const clamp = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  return [start > size ? size + 1 : clamp(start), clamp(stop)];
};

export type Items = readonly Value[];
