/** The numbers of a run: every row of every artifact of kind `metrics`. */
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import { Metrics } from "../artifact/metrics.ts";
import { open } from "../artifact/reader.ts";
import { type ArtifactError, RunError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunStatus } from "./events.ts";

export interface Metric {
  readonly value: number;
  /** 95 % confidence interval. */
  readonly ci95?: readonly [lo: number, hi: number];
  /** Sample size. */
  readonly n?: number;
}

export type MetricsByKey = { readonly [key: string]: Metric };

/** `summary.json` of a run. */
export interface Summary {
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly wallSeconds: number;
  readonly metrics: MetricsByKey;
}

/**
 * Metrics of the nodes in `finished`, in plan order; those of a matrix carry its values, `asr[seed=1]`. Two nodes with one
 * key are `E_METRIC_DUPLICATE`.
 */
export const collectMetrics = Effect.fn("collectMetrics")(function* (
  plan: Plan,
  finished: ReadonlySet<string>,
): Effect.fn.Return<MetricsByKey, ArtifactError | RunError> {
  const metrics = new Map<string, Metric & { readonly node: string }>();
  for (const { node, digests } of plan.nodes) {
    if (!finished.has(node.name)) continue;
    for (const [output, kind] of Object.entries(node.stage.outputs as { readonly [output: string]: AnyKind })) {
      if (kind.name !== Metrics.name) continue;
      const digest = digests[output] as string;
      const reader = open(Metrics, plan.store.pathOf(kind, digest), { digest, node: node.name });
      const matrix = node.name.slice(node.template.length);
      for (const { key: plain, value, lo, hi, n } of yield* reader.rows("metrics")) {
        const key = `${plain}${matrix}`;
        const other = metrics.get(key);
        if (other !== undefined) {
          return yield* new RunError({
            code: "E_METRIC_DUPLICATE",
            message: `metric "${key}" comes from both ${other.node} and ${node.name}`,
            remedy: "Give one of the nodes another name or prefix for its metrics.",
          });
        }
        const ci95 =
          lo === null || hi === null || !Number.isFinite(lo) || !Number.isFinite(hi) ? {} : { ci95: [lo, hi] as const };
        metrics.set(key, { value, ...ci95, ...(n === null ? {} : { n }), node: node.name });
      }
    }
  }
  return Object.fromEntries([...metrics].map(([key, { node: _, ...metric }]) => [key, metric]));
});
