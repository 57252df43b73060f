/** One thing that `precipice doctor` looks at, and what it has to say about it. */
export interface Check {
  readonly name: string;
  /** `note`: something that not everybody needs is not there; only a `problem` makes the command fail. */
  readonly status: "ok" | "note" | "problem";
  readonly found: string;
  /** What to do, or what goes without. */
  readonly remedy?: string;
}
