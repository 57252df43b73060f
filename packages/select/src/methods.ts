/** The ways to choose, and what each needs to know of a row. */

export const selectMethods = [
  "misalignment",
  "final-only",
  "rule",
  "judge",
  "misalignment-diverse",
  "misalignment-quota",
  "random",
  "full",
] as const;

/**
 * `misalignment`: largest plateau − final first (Cliff-as-a-Judge, arXiv 2510.06036 §5). `final-only`: lowest final score first,
 * what the paper's reference code ranks by. `rule`: a seeded draw of the rows whose own response does not refuse already.
 * `judge`: a seeded draw of the rows whose own response is harmful. `misalignment-diverse`: of the top of the ranking, rows far
 * apart in activation space (k-center). `misalignment-quota`: of the top of the ranking, as many of each family. `random`: a
 * seeded draw. `full`: the whole pool, in order of id.
 */
export type SelectMethod = (typeof selectMethods)[number];

/** What a method ranks by, as it is told in a reason; null where it ranks by nothing. */
export const scoreName: Readonly<Record<SelectMethod, string | null>> = {
  misalignment: "misalignment score",
  "final-only": "final refusal score",
  rule: null,
  judge: null,
  "misalignment-diverse": "misalignment score",
  "misalignment-quota": "misalignment score",
  random: null,
  full: null,
};

export const usesVerdicts = (method: SelectMethod): boolean => method === "rule" || method === "judge";
export const isHybrid = (method: SelectMethod): boolean =>
  method === "misalignment-diverse" || method === "misalignment-quota";
