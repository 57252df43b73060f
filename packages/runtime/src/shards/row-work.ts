/** Work finer than rows, such as tokens: rows that finish together tell nothing of the time that is left. */

/** What a stage tells of it. */
export interface RowWork {
  readonly done: number;
  /** What a finished row took, on average. */
  readonly perRow: number;
  /** Of `done`, what went into rows that are not finished. */
  readonly unfinished: number;
}

/** What an event tells of it. */
export interface Work {
  /** Done by this process. */
  readonly done: number;
  /** Left, by what a row took so far. */
  readonly left: number;
}

export const toDo = ({ done, perRow, unfinished }: RowWork, rows: number): Work => ({
  done,
  left: Math.max(0, rows * perRow - unfinished),
});
