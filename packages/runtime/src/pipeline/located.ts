/** Values that know where they stand in a file, so that every later check can point at its line and column. */

import type { PipelineIssue } from "../errors.ts";

/** A place in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

export interface LocatedScalar {
  readonly type: "scalar";
  readonly at: Place;
  readonly value: Scalar;
  /** How it is written: columns inside a quoted text are one further, those inside a block are not known. */
  readonly style?: "plain" | "quoted" | "block";
  /** How a number, a boolean or null is written (`1.10`, `~`): what it is inside a text. */
  readonly written?: string;
  /** A whole value of `--set`: `value` is its text, and what it is taken for depends on what is wanted. */
  readonly typed?: Typed;
  /** Part of a value of `--set`: `written` stands for it where text is wanted. */
  readonly loose?: true;
  /** Absolute folder that a relative path starts at, where that is not the folder of the file in `at`. */
  readonly from?: string;
  /** Stands where a value could not be had; that has been reported, and what follows from it need not be. */
  readonly missing?: true;
}
/** What the text of a `--set` is when it is read as YAML. */
export interface Typed {
  /** `undefined` where it is no YAML, which `issues` say. */
  readonly yaml: Located | undefined;
  readonly issues: ReadonlyArray<PipelineIssue>;
  /** The variable it replaces holds text in the file: where nothing else says what is wanted, it is text too. */
  readonly replacesText: boolean;
}
export interface LocatedList {
  readonly type: "list";
  readonly at: Place;
  readonly items: ReadonlyArray<Located>;
}
export interface LocatedMap {
  readonly type: "map";
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}
export interface Entry {
  readonly keyAt: Place;
  readonly value: Located;
}
export type Located = LocatedScalar | LocatedList | LocatedMap;

/** Keys that would reach into JavaScript's own objects. */
export const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

export const emptyMap = (at: Place): LocatedMap => ({ type: "map", at, entries: new Map() });

/** The plain value of a scalar entry, `undefined` for a missing one, a list or a map. */
export const scalarOf = (entry: Entry | undefined): Scalar | undefined =>
  entry?.value.type === "scalar" ? entry.value.value : undefined;

export const isNull = (located: Located): boolean => located.type === "scalar" && located.value === null;

/** The plain value. */
export function toPlain(located: Located): unknown {
  switch (located.type) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(toPlain);
    case "map":
      return Object.fromEntries([...located.entries].map(([key, { value }]) => [key, toPlain(value)]));
  }
}
