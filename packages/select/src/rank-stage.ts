/** Stage `select.rank`: ranks scored traces and marks those to train on. */
import { Metrics, Scores, type Selected, Selection, type Trace, type TraceScore, Traces } from "@precipice/artifacts";
import { Stage, StageError } from "@precipice/runtime";
import { bootstrapMean } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { type Candidate, select, selectMethods } from "./select.ts";

const config = Schema.Struct({
  method: Schema.Literals(selectMethods)
    .annotate({
      description: "misalignment: largest cliff first; final-only: lowest final score first; random; full: everything",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("misalignment" as const))),
  count: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThan(0)).annotate({ description: "How many rows to take; give this or fraction" }),
  ),
  fraction: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1)).annotate({
      description: "Share of the pool to take, rounded, at least one row (default 0.017)",
    }),
  ),
  label: Schema.Literals(["any", "harmful"])
    .annotate({ description: "Which prompts form the pool; the others are listed but never taken" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("any" as const))),
  site: Schema.optionalKey(
    Schema.String.annotate({ description: "Probe site to rank by; needed only when scores hold several" }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the random method" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Middle part of the metric keys (default: the method)" }),
  ),
});

type Config = typeof config.Type;

interface Row extends Candidate {
  readonly prompt_id: string;
  readonly label: string;
}

/**
 * Inputs: `scores`, and optionally the `traces` they were made from; traces without a score
 * are then part of the pool too. Output `selection` has every row; metrics are
 * `select.{name}.rows`, `.pool_rows` and `.mean_score`, the mean misalignment score of what
 * was taken, whichever way it was chosen. Codes: E_SELECT_EMPTY, E_SELECT_SITE, E_SELECT_INPUT.
 */
export const selectRank = Stage.make("select.rank", {
  version: 1,
  description: "Ranks traces by their refusal cliff, or a baseline, and picks a budget of them",
  config,
  inputs: { scores: Scores, traces: Stage.optional(Traces) },
  outputs: { selection: Selection, metrics: Metrics },
  run: Effect.fn("select.rank")(function* ({ config, inputs, outputs }) {
    const scores = yield* inputs.scores.rows("traces");
    const traces = inputs.traces === undefined ? [] : yield* inputs.traces.rows("traces");
    const rows = poolOf(yield* oneSite(scores, config.site), traces);
    const { selection, metrics } = yield* Effect.try({
      try: () => rank(rows, config),
      catch: (cause) =>
        new StageError({
          code: "E_SELECT_INPUT",
          message: cause instanceof Error ? cause.message : String(cause),
          remedy: "Check the node's count and fraction, and that the scores come from one run of cliff.score",
          cause,
        }),
    });
    if (metrics.length === 0) {
      return yield* new StageError({
        code: "E_SELECT_EMPTY",
        message: `None of the ${rows.length} rows has label "${config.label}": the pool is empty`,
        remedy: "Score traces of harmful prompts, or set label: any",
      });
    }
    yield* outputs.selection.writeRows("selection", selection);
    yield* outputs.metrics.writeRows("metrics", metrics);
  }),
});

const oneSite = Effect.fnUntraced(function* (scores: ReadonlyArray<TraceScore>, site: string | undefined) {
  const sites = [...new Set(scores.map((row) => row.site))];
  if (site === undefined ? sites.length > 1 : !sites.includes(site)) {
    return yield* new StageError({
      code: "E_SELECT_SITE",
      message:
        site === undefined
          ? `The scores hold ${sites.length} sites: ${sites.join(", ")}`
          : `The scores have no site ${site}`,
      remedy: `Set site to one of: ${sites.join(", ")}`,
    });
  }
  return site === undefined ? scores : scores.filter((row) => row.site === site);
});

const poolOf = (scores: ReadonlyArray<TraceScore>, traces: ReadonlyArray<Trace>): Row[] => {
  const rows = scores.map(({ trace_id, prompt_id, label, cliff, final }) => ({
    id: trace_id,
    prompt_id,
    label,
    misalignment: cliff,
    final,
  }));
  const scored = new Set(rows.map((row) => row.id));
  const others = traces
    .filter((trace) => !scored.has(trace.id))
    .map(({ id, prompt_id, label }) => ({ id, prompt_id, label, misalignment: null, final: null }));
  return [...rows, ...others];
};

/** The selection table and its metrics; both empty when the pool is. */
const rank = (rows: readonly Row[], { method, count, fraction, label, seed, name = method }: Config) => {
  const pool = rows.filter((row) => label === "any" || row.label === label);
  const outside = rows.filter((row) => !pool.includes(row));
  if (pool.length === 0) return { selection: [], metrics: [] };
  const ranked = select(pool, {
    method,
    seed,
    ...(count === undefined ? {} : { count }),
    ...(fraction === undefined ? {} : { fraction }),
  });

  const byId = new Map(rows.map((row) => [row.id, row]));
  const promptOf = (id: string): string => (byId.get(id) as Row).prompt_id;
  const selection: Selected[] = [
    ...ranked.map(({ id, ...rest }) => ({ trace_id: id, prompt_id: promptOf(id), method, ...rest })),
    ...outside.map(({ id, prompt_id, label: other }, i) => ({
      trace_id: id,
      prompt_id,
      rank: ranked.length + i + 1,
      method,
      score: null,
      selected: false,
      reason: `label ${other} is outside the pool`,
    })),
  ];

  const taken = ranked.filter((row) => row.selected);
  const cliffs = taken.map(({ id }) => byId.get(id)?.misalignment ?? null).filter((score) => score !== null);
  const plain = (key: string, value: number) => ({ key: `select.${name}.${key}`, value, lo: null, hi: null, n: null });
  const metrics: Array<typeof Metrics.tables.metrics.Type> = [
    plain("rows", taken.length),
    plain("pool_rows", pool.length),
  ];
  if (cliffs.length > 0) {
    const { value, lo, hi, n } = bootstrapMean(cliffs, { seed });
    const known = Number.isFinite(lo);
    metrics.push({ key: `select.${name}.mean_score`, value, lo: known ? lo : null, hi: known ? hi : null, n });
  }
  return { selection, metrics };
};
