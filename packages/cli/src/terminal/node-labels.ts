/**
 * How nodes are called on a terminal. Names of matrix nodes say every key, `lora[seed=1,method=ms]`: where they would take most
 * of a line only the values are shown, `lora[1,ms]`, for it is the values that tell them apart.
 */
import { columnsOf, printable } from "./text.ts";

export interface NodeLabels {
  /** Columns of the longest. */
  readonly width: number;
  readonly of: (node: string) => string;
}

/** Labels in at most two fifths of `columns`, if leaving out the keys gets them there. */
export function labelsOf(nodes: ReadonlyArray<string>, columns = Number.POSITIVE_INFINITY): NodeLabels {
  const width = widthOf(nodes, printable);
  if (width <= 0.4 * columns) return { width, of: printable };
  return { width: widthOf(nodes, valuesOnly), of: valuesOnly };
}

const widthOf = (nodes: ReadonlyArray<string>, label: (node: string) => string): number =>
  nodes.reduce((most, node) => Math.max(most, columnsOf(label(node))), 0);

const valuesOnly = (node: string): string => printable(node.replace(/(?<=[[,])[\w-]+=/g, ""));
