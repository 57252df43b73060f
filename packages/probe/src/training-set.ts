/**
 * Which traces a refusal probe learns from: harmful prompts the model refused against
 * harmless prompts it answered, equally many, the same rows at every site.
 */
import type { Activation, Trace, Verdict } from "@precipice/artifacts";
import { random } from "@precipice/stats";
import { ProbeInputError } from "./probe-error.ts";

export interface ActivationSet {
  readonly columns: readonly Activation[];
  readonly dim: number;
  /** Row-major [columns.length, dim]. */
  readonly data: Float32Array;
}

export interface TrainingSetOptions {
  readonly position: string;
  /** Most examples per class. */
  readonly perClass: number;
  /** Fewest examples per class that make a probe worth fitting. */
  readonly minPerClass: number;
  readonly seed: number;
}

export interface TrainingSet {
  /** Captured sites in the order they first appear. */
  readonly sites: readonly string[];
  readonly traceIds: readonly string[];
  /** [n], 1 = refused. */
  readonly y: Uint8Array;
  /** Per row: what may not be split between training and held-out folds. */
  readonly groups: readonly string[];
  /** Activations of one site, row-major [n, dim]. */
  readonly activationsAt: (site: string) => Float32Array;
}

/** Prompts `vault-3#game` and `vault-3#story` are variants of one request: the part before `#` is the group. */
export const groupOf = (promptId: string): string => promptId.split("#", 1)[0] as string;

/** Throws a ProbeInputError: `shape`, `none-refused`, `too-few` or `not-finite`. */
export const trainingSet = (
  activations: ActivationSet,
  traces: readonly Trace[],
  verdicts: readonly Verdict[],
  options: TrainingSetOptions,
): TrainingSet => {
  const { position, perClass, minPerClass, seed } = options;
  const rowOf = rowsBySite(activations, position);
  const sites = [...rowOf.keys()];
  const everywhere = (id: string): boolean => sites.every((site) => rowOf.get(site)?.has(id));

  const traceOf = new Map(traces.map((trace) => [trace.id, trace]));
  const judged = verdicts.filter((verdict) => verdict.verdict !== "error");
  const candidates = (label: string, refused: boolean): string[] =>
    judged
      .filter((verdict) => verdict.refused === refused && traceOf.get(verdict.trace_id)?.label === label)
      .map((verdict) => verdict.trace_id)
      .filter(everywhere);
  const refused = candidates("harmful", true);
  const answered = candidates("harmless", false);

  const harmful = traces.filter((trace) => trace.label === "harmful").length;
  if (refused.length === 0) {
    throw new ProbeInputError(
      "none-refused",
      `none of the ${harmful} harmful traces was judged a refusal and captured at position "${position}": there is no refusal to probe for`,
    );
  }
  const n = Math.min(refused.length, answered.length, perClass);
  if (n < minPerClass) {
    throw new ProbeInputError(
      "too-few",
      `${refused.length} refused harmful and ${answered.length} answered harmless traces: a probe needs at least ${minPerClass} of each`,
    );
  }
  // both classes as they stand in the tables, so that equal samples give equal files
  const take = (ids: string[], name: string) => new Set(random(seed, "probe", name).sample(ids, n));
  const chosen = [take(answered, "answered"), take(refused, "refused")] as const;
  const traceIds = [...answered.filter((id) => chosen[0].has(id)), ...refused.filter((id) => chosen[1].has(id))];

  const activationsAt = (site: string): Float32Array => {
    const { dim, data } = activations;
    const X = new Float32Array(traceIds.length * dim);
    traceIds.forEach((id, i) => {
      const row = rowOf.get(site)?.get(id) as number;
      const vector = data.subarray(row * dim, (row + 1) * dim);
      if (!vector.every(Number.isFinite)) {
        throw new ProbeInputError("not-finite", `the activation of trace ${id} at ${site} holds NaN or infinity`);
      }
      X.set(vector, i * dim);
    });
    return X;
  };
  return {
    sites,
    traceIds,
    y: Uint8Array.from(traceIds, (_, i) => (i < n ? 0 : 1)),
    groups: traceIds.map((id) => groupOf((traceOf.get(id) as Trace).prompt_id)),
    activationsAt,
  };
};

/** Site → trace → row of the activations at this position. */
const rowsBySite = ({ columns, dim, data }: ActivationSet, position: string): Map<string, Map<string, number>> => {
  if (data.length !== columns.length * dim) {
    throw new ProbeInputError(
      "shape",
      `${columns.length} activations of ${dim} values, but ${data.length} values in all`,
    );
  }
  const sites = new Map<string, Map<string, number>>();
  columns.forEach((column, row) => {
    if (column.position !== position) return;
    const rows = sites.get(column.site) ?? new Map<string, number>();
    rows.set(column.trace_id, row);
    sites.set(column.site, rows);
  });
  if (sites.size === 0) {
    const captured = [...new Set(columns.map((column) => column.position))].join(", ") || "none";
    throw new ProbeInputError(
      "shape",
      `nothing was captured at position "${position}"; captured positions: ${captured}`,
    );
  }
  return sites;
};
