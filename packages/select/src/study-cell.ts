/** A study is a matrix of repairs; which of them a node belongs to is written in its name: `judge[method=random,seed=2]`. */
import { StageError } from "@precipice/runtime";

/** What the values of a matrix are called. */
export interface Axes {
  readonly model: string;
  readonly method: string;
  readonly fraction: string;
  readonly seed: string;
}

export interface Cell {
  /** "" where the matrix has no such axis. */
  readonly model: string;
  readonly method: string;
  /** Share of the pool, 0..1. */
  readonly fraction: number;
  readonly seed: string;
}

/** The values in a node's name. */
export const matrixOf = (node: string): ReadonlyMap<string, string> => {
  const inside = /\[(.*)\]$/.exec(node)?.[1] ?? "";
  return new Map(
    [...inside.matchAll(/([A-Za-z_][\w-]*)=("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = "", value = ""]) => [
      name,
      value.startsWith('"') ? String(JSON.parse(value)) : value,
    ]),
  );
};

/** Throws E_STUDY_CELL for a node whose name says no method, or a fraction that is none. */
export const cellOf = (node: string, axes: Axes): Cell => {
  const values = matrixOf(node);
  const method = values.get(axes.method);
  const fraction = Number(values.get(axes.fraction));
  if (method === undefined || !(fraction > 0 && fraction <= 1)) {
    throw new StageError({
      code: "E_STUDY_CELL",
      message: `the name of node ${node} does not say ${axes.method} and ${axes.fraction} (0 to 1)`,
      remedy: `Give it a matrix with both, or name the matrix values of this study under axes`,
    });
  }
  return { model: values.get(axes.model) ?? "", method, fraction, seed: values.get(axes.seed) ?? "" };
};

/** How a study calls its models and methods in keys. */
export interface ArmNames {
  /** The model whose keys carry no name. */
  readonly main: string;
  /** What methods are called; their own name where absent. */
  readonly names: Readonly<Record<string, string>>;
}

/** A model, method and budget: what the cells of all seeds share, as keys name it. */
export const armOf = ({ model, method, fraction }: Cell, { main, names }: ArmNames) => ({
  model: model === main ? "" : model,
  method: names[method] ?? method,
  percent: percentOf({ fraction }),
});

/** The same for all seeds of an arm. */
export const cellKey = ({ model, method, fraction }: Cell): string => JSON.stringify([model, method, fraction]);

/** The fraction as percent, without the dust of binary fractions. */
export const percentOf = ({ fraction }: Pick<Cell, "fraction">): number => Number((fraction * 100).toPrecision(12));
