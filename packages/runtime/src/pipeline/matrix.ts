/**
 * `matrix`: one node of the file becomes one node per combination of values. Lists multiply (the first key varies slowest),
 * `exclude` drops combinations, `include` adds explicit ones.
 */
import type { Located, LocatedMap, LocatedScalar, Place, Scalar } from "./located.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";
import { naturally } from "./typed.ts";

/** The values of one combination, in the order of the file. */
export type MatrixValues = ReadonlyMap<string, Scalar>;

/** One combination, and where its values stand and how they are written. */
export interface Combination {
  readonly values: MatrixValues;
  readonly places: ReadonlyMap<string, LocatedScalar>;
}

type Row = ReadonlyMap<string, LocatedScalar>;

/** More nodes than this out of one matrix are a slip. */
const maxCombinations = 10_000;

/** Every combination; problems are reported and leave it out. Never empty without a report. */
export function combinations(given: Located, report: Report): ReadonlyArray<Combination> {
  const matrix = naturally(given);
  if (matrix.type !== "map") {
    report.problem("E_TYPE", "matrix must be a map of name: [values]", matrix.at, "Write matrix: { seed: [1, 2, 3] }.");
    return [];
  }
  const before = report.count;
  const axes = axesOf(matrix, report);
  const size = axes.reduce((product, { values }) => product * values.length, 1);
  if (size > maxCombinations) {
    const message = `the matrix has ${size} combinations, more than ${maxCombinations}`;
    report.problem(
      "E_MATRIX_SIZE",
      message,
      matrix.at,
      "Use shorter lists, or include: with the combinations you need.",
    );
    return [];
  }
  let rows: ReadonlyArray<Row> = axes.length === 0 ? [] : [new Map()];
  for (const { name, values } of axes) {
    rows = rows.flatMap((row) => values.map((value) => new Map([...row, [name, value]])));
  }
  rows = excluded(rows, matrix, axes, report);
  const included = includedRows(matrix, axes, report);
  const seen = new Set<string>();
  const all = [...rows, ...included.map(({ row }) => row)].filter((row) => {
    const label = matrixLabel(valuesOf(row));
    const fresh = !seen.has(label);
    seen.add(label);
    if (!fresh) {
      const at = included.find((it) => it.row === row)?.at ?? matrix.at;
      report.problem("E_MATRIX_DUPLICATE", `the combination ${label} is there already`, at, "Remove one of the two.");
    }
    return fresh;
  });
  if (all.length === 0 && report.count === before) {
    report.problem(
      "E_MATRIX_EMPTY",
      "the matrix has no combination",
      matrix.at,
      "Give every name a value; exclude less.",
    );
  }
  return all.map((row) => ({ values: valuesOf(row), places: row }));
}

const valuesOf = (row: Row): MatrixValues => new Map([...row].map(([name, { value }]) => [name, value]));

/** `seed=1,method=ms`: what stands in the brackets of a node's name. */
export function matrixLabel(values: MatrixValues): string {
  return [...values].map(([name, value]) => `${name}=${valueLabel(value)}`).join(",");
}

/** A value as it stands in a name; in quotes when it holds what a reference uses itself. */
const valueLabel = (value: Scalar): string => {
  const text = String(value);
  return /^[\w.+/:@-]+$/.test(text) ? text : JSON.stringify(text);
};

interface Axis {
  readonly name: string;
  readonly values: ReadonlyArray<LocatedScalar>;
}

function axesOf(matrix: LocatedMap, report: Report): ReadonlyArray<Axis> {
  return [...matrix.entries].flatMap(([name, { keyAt, value }]) => {
    if (name === "include" || name === "exclude") return [];
    checkName(name, keyAt, report);
    if (value.type !== "list") {
      report.problem("E_TYPE", `matrix.${name} must be a list of values`, value.at, `Write ${name}: [VALUE, VALUE].`);
      return [];
    }
    if (value.items.length === 0) {
      report.problem("E_MATRIX_EMPTY", `matrix.${name} has no values`, value.at, "Give it at least one.");
    }
    return [{ name, values: value.items.flatMap((item) => scalarIn(item, name, report)) }];
  });
}

/** A list with one value, or none after reporting that it is not a single value. */
function scalarIn(item: Located, name: string, report: Report): ReadonlyArray<LocatedScalar> {
  if (item.type === "scalar" && item.value !== null) return [item];
  const remedy = "Matrix values name the node: use text, numbers, true or false.";
  report.problem("E_TYPE", `a value of matrix.${name} must be a single value`, item.at, remedy);
  return [];
}

function checkName(name: string, at: Place, report: Report): void {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) {
    report.problem("E_NAME", `"${name}" cannot name a matrix value`, at, "Names are letters, digits, - and _.");
  }
}

interface PlacedRow {
  readonly at: Place;
  readonly row: Row;
}

/** The maps of `include` or `exclude`. */
function rowsOf(matrix: LocatedMap, key: "include" | "exclude", report: Report): ReadonlyArray<PlacedRow> {
  const list = matrix.entries.get(key)?.value;
  if (list === undefined) return [];
  if (list.type !== "list" || list.items.some(({ type }) => type !== "map")) {
    report.problem("E_TYPE", `matrix.${key} must be a list of maps`, list.at, `Write ${key}: [{ seed: 9 }].`);
    return [];
  }
  return list.items.map((item) => {
    const entries = [...(item as LocatedMap).entries];
    const row = entries.flatMap(([name, { keyAt, value }]) => {
      checkName(name, keyAt, report);
      return scalarIn(value, name, report).map((scalar) => [name, scalar] as const);
    });
    return { at: item.at, row: new Map(row) };
  });
}

function excluded(
  rows: ReadonlyArray<Row>,
  matrix: LocatedMap,
  axes: ReadonlyArray<Axis>,
  report: Report,
): ReadonlyArray<Row> {
  const gone = new Set<Row>();
  /** Rows by their values of some names, for each set of names that is asked for. */
  const indexes = new Map<string, ReadonlyMap<string, ReadonlyArray<Row>>>();
  const matching = (row: Row): ReadonlyArray<Row> => {
    const names = [...row.keys()].sort();
    const signature = names.join(",");
    const index = indexes.get(signature) ?? Map.groupBy(rows, (candidate) => keyOf(candidate, names));
    indexes.set(signature, index);
    return (index.get(keyOf(row, names)) ?? []).filter((candidate) => !gone.has(candidate));
  };
  for (const { at, row } of rowsOf(matrix, "exclude", report)) {
    const unknown = [...row.keys()].find((name) => !axes.some((axis) => axis.name === name));
    if (unknown !== undefined) {
      const names = axes.map(({ name }) => name);
      report.problem("E_MATRIX_KEY", `the matrix has no "${unknown}"`, at, suggestion(unknown, names, "matrix values"));
      continue;
    }
    const found = matching(row);
    if (found.length === 0) {
      report.problem(
        "E_MATRIX_EXCLUDE",
        `exclude ${matrixLabel(valuesOf(row))} matches no combination`,
        at,
        "Remove or correct it.",
      );
    }
    for (const candidate of found) gone.add(candidate);
  }
  return rows.filter((candidate) => !gone.has(candidate));
}

/** A row's values of `names`, `1` and `"1"` apart. */
const keyOf = (row: Row, names: ReadonlyArray<string>): string =>
  JSON.stringify(names.map((name) => row.get(name)?.value));

/** The rows of `include`; all combinations must have the same names, or their results could not be addressed alike. */
function includedRows(matrix: LocatedMap, axes: ReadonlyArray<Axis>, report: Report): ReadonlyArray<PlacedRow> {
  const included = rowsOf(matrix, "include", report);
  const names = axes.length > 0 ? axes.map(({ name }) => name) : [...(included[0]?.row.keys() ?? [])];
  return included.flatMap(({ at, row }) => {
    const wrong = [
      ...names.filter((name) => !row.has(name)),
      ...[...row.keys()].filter((name) => !names.includes(name)),
    ];
    if (wrong.length > 0) {
      const message = `include must have exactly the names ${names.join(", ")}, not ${[...row.keys()].join(", ")}`;
      report.problem("E_MATRIX_KEY", message, at, "Every combination of a matrix has the same names.");
      return [];
    }
    return [{ at, row: new Map(names.map((name) => [name, row.get(name) as LocatedScalar])) }];
  });
}
