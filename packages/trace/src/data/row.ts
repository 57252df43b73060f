/** Rows of a data file with the place they come from, so that every complaint can name it. */
import { clip, MOST_SAID, someOf } from "@precipice/files";
import { Pipeline, StageError } from "@precipice/runtime";

export type Row = Readonly<Record<string, unknown>>;

export interface PlacedRow {
  readonly row: Row;
  /** `prompts.jsonl:3`, or `train.parquet row 7`; rows count from 1, the header of a CSV is its line 1. */
  readonly place: string;
  /** The id of a row that has none of its own. */
  readonly id: string;
}

/** The columns a reader must give, and those it gives where they exist. */
export interface Wanted {
  readonly required: ReadonlyArray<string>;
  readonly optional: ReadonlyArray<string>;
}

export const failFile = (message: string, remedy: string, cause?: unknown): never => {
  throw new StageError({
    code: "E_PROMPTS_FILE",
    message: clip(message, MOST_SAID),
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
};

/** Fails unless all of them are among the columns there are. */
export const checkColumns = (place: string, wanted: ReadonlyArray<string>, columns: ReadonlyArray<string>): void => {
  for (const name of wanted) {
    if (columns.includes(name)) continue;
    const near = Pipeline.nearest(name, columns.slice(0, 1000));
    failFile(
      `${place}: there is no column "${name}" among ${someOf(columns.map((c) => JSON.stringify(clip(c, 200)))) || "no columns at all"}`,
      `${near === undefined ? "" : `Did you mean "${near}"? `}Say which columns hold what with "columns"`,
    );
  }
};

/** Of two columns of one name only one could be read. A name that is blank, as of an index that pandas writes, is no name. */
export const checkNames = (place: string, columns: ReadonlyArray<string>): void => {
  const names = columns.map((name) => name.trim());
  const seen = new Set<string>();
  const twice = names.find((name) => name !== "" && (seen.has(name) || !seen.add(name)));
  if (twice === undefined) return;
  const at = names.flatMap((name, i) => (name === twice ? [i + 1] : []));
  failFile(
    `${place}: the column "${clip(twice, 200)}" is there twice: columns ${someOf(at, 5).replaceAll(", ", " and ")}`,
    "Rename one of them",
  );
};
