/** Stage `select.rank`: ranks scored traces and marks those to train on. */
import { Activations, Metrics, Scores, Selection, Traces, Verdicts } from "@precipice/artifacts";
import { Stage, StageError } from "@precipice/runtime";
import { bootstrapMean, meanNormal } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { DEFAULT_FRACTION } from "./budget.ts";
import { type SelectMethod, selectMethods, usesVerdicts } from "./methods.ts";
import { type RankedPool, rankPool, shortlistOf } from "./rank-pool.ts";
import { attempted, type ReadPool, readPool } from "./read-pool.ts";
import { readVectors } from "./read-vectors.ts";

const positive = Schema.Int.check(Schema.isGreaterThan(0));

const config = Schema.Struct({
  method: Schema.Literals(selectMethods)
    .annotate({
      description:
        "misalignment: largest cliff first; final-only: lowest final score first; rule: drop what refuses already; judge: what a judge calls harmful; misalignment-diverse, misalignment-quota: deep falls that differ in activations or family; random; full: everything",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("misalignment" as const))),
  count: Schema.optionalKey(
    positive.annotate({ description: "How many rows to take; give one of count, fraction and tokens" }),
  ),
  fraction: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1)).annotate({
      description: "Share of the pool to take, rounded, at least one row (default 0.017)",
    }),
  ),
  tokens: Schema.optionalKey(
    positive.annotate({
      description: "Tokens to take at most, prompts included: rows by rank up to the first too many",
    }),
  ),
  plateau: Schema.optionalKey(
    Schema.Literals(["top-quartile", "max", "mean", "median", "last-k"]).annotate({
      description: "Plateau estimator of the misalignment score; default: that of the scores",
    }),
  ),
  shortlist: Schema.Number.check(Schema.isGreaterThanOrEqualTo(1))
    .annotate({ description: "misalignment-diverse, -quota: choose among the best shortlist × budget rows" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(4))),
  duplicates: Schema.Literals(["drop", "keep"])
    .annotate({ description: "Rows of the same prompt but for case and white space: the best ranked alone, or all" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("drop" as const))),
  label: Schema.Literals(["any", "harmful"])
    .annotate({ description: "Which prompts form the pool; the others are listed but never taken" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("any" as const))),
  site: Schema.optionalKey(
    Schema.String.annotate({ description: "Probe site to rank by; needed only when scores hold several" }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of random, rule and judge" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Middle part of the metric keys (default: the method)" }),
  ),
});

type Config = typeof config.Type;

/**
 * Inputs: `scores`; the `traces` they were made from, which make de-duplication go by text and bring in traces without a score;
 * `verdicts` on the model's own responses, for rule and judge; `activations`, one vector per trace, for misalignment-diverse.
 * Output `selection` has every row; metrics are `select.{name}.rows`, `.pool_rows`, `.tokens` and `.mean_score`, the mean
 * misalignment score of what was taken, whichever way it was chosen. A million rows take some hundred megabytes.
 * Codes: E_SELECT_EMPTY, E_SELECT_SITE, E_SELECT_PLATEAU, E_SELECT_ACTIVATIONS, E_SELECT_INPUT.
 */
export const selectRank = Stage.make("select.rank", {
  version: 3,
  description: "Ranks traces by their refusal cliff, or a baseline, and picks a budget of them",
  config,
  inputs: {
    scores: Scores,
    traces: Stage.optional(Traces),
    verdicts: Stage.optional(Verdicts),
    activations: Stage.optional(Activations),
  },
  outputs: { selection: Selection, metrics: Metrics },
  run: Effect.fn("select.rank")(function* ({ config, inputs, outputs, log, progress }) {
    yield* checkInputs(config.method, inputs);
    const { label, site, plateau, duplicates } = config;
    const read = yield* readPool(inputs, {
      site,
      plateau,
      duplicates,
      outside: (row) => (label === "any" || row.label === label ? null : `label ${row.label} is outside the pool`),
    });
    const { pool } = read;
    if (pool.size === 0) {
      return yield* new StageError({
        code: "E_SELECT_EMPTY",
        message: `None of the ${read.outside.length} rows has label "${label}": the pool is empty`,
        remedy: "Score traces of harmful prompts, or set label: any",
      });
    }
    const { activations } = inputs;
    const vectors =
      activations === undefined || config.method !== "misalignment-diverse"
        ? undefined
        : yield* readVectors(
            activations,
            new Set(Array.from(yield* attempted(() => shortlistOf(pool, config)), (row) => pool.ids.at(row))),
          );
    const ranked = yield* attempted(() =>
      rankPool(pool, { ...config, vectorOf: (row) => vectors?.get(pool.ids.at(row)) }),
    );
    yield* log(
      `selected ${ranked.taken} of the ${ranked.distinct} rows of the pool by ${config.method}; skipped: ${pool.size - ranked.distinct} duplicates, ${ranked.distinct - ranked.eligible} without what the method needs, ${read.outside.length} with another label`,
    );
    for (const warning of warningsOf(ranked, config)) yield* log(`warning: ${warning}`);
    const total = pool.size + read.outside.length;
    for (let from = 0; from < total; from += rowsPerBatch) {
      yield* outputs.selection.appendRows("selection", selectionRows(read, ranked, config.method, from));
      progress(Math.min(total, from + rowsPerBatch), total, "rows");
    }
    yield* outputs.metrics.writeRows("metrics", metricsOf(read, ranked, config));
  }),
});

const rowsPerBatch = 5000;

/** Fewer rows than this are too few to repair a model with: some dozens are what the paper and the studies here take. */
const FEW = 10;

/** What a budget comes to and may not have been meant: a share of a small pool is a row or two, a count more than there is. */
const warningsOf = (
  { taken, eligible, distinct }: RankedPool,
  { count, fraction, tokens, method }: Config,
): string[] => {
  if (count !== undefined && taken < count)
    return [`count is ${count}, and only ${eligible} of the ${distinct} rows of the pool can be taken`];
  if (taken >= FEW || count !== undefined || method === "full" || taken === eligible) return [];
  const budget =
    tokens === undefined
      ? `${Number((100 * (fraction ?? DEFAULT_FRACTION)).toFixed(2))} %${fraction === undefined ? " (the default)" : ""} of ${distinct} rows`
      : `${tokens} tokens`;
  return [
    `a budget of ${budget} is ${taken} ${taken === 1 ? "row" : "rows"}; set count or a larger fraction to take more`,
  ];
};

const checkInputs = (
  method: SelectMethod,
  { verdicts, activations }: { readonly verdicts: unknown; readonly activations: unknown },
): Effect.Effect<void, StageError> => {
  const need = usesVerdicts(method) && verdicts === undefined;
  const vectors = method === "misalignment-diverse" && activations === undefined;
  if (!need && !vectors) return Effect.void;
  return Effect.fail(
    new StageError({
      code: "E_SELECT_INPUT",
      message: `method ${method} needs the input ${need ? "verdicts" : "activations"}`,
      remedy: need
        ? "Judge the pool's traces with trace.judge and wire its verdicts to this node"
        : "Capture one site at one position of the pool's traces with probe.capture and wire it to this node",
    }),
  );
};

/** Rows `from` … of the table: the ranking, then what is outside the pool. */
const selectionRows = ({ pool, promptIds, outside }: ReadPool, ranked: RankedPool, method: string, from: number) => {
  const rows: Array<(typeof Selection.tables.selection)["Type"]> = [];
  for (let place = from; place < Math.min(from + rowsPerBatch, pool.size + outside.length); place++) {
    const row = ranked.order[place];
    if (row === undefined) {
      const { id, promptId, reason } = outside[place - pool.size] as (typeof outside)[number];
      const known = { trace_id: id, prompt_id: promptId, rank: place + 1, method, reason };
      rows.push({ ...known, score: null, selected: false, in_pool: false });
      continue;
    }
    const score = ranked.scoreOf(row);
    rows.push({
      trace_id: pool.ids.at(row),
      prompt_id: promptIds.at(row),
      rank: place + 1,
      method,
      score: Number.isNaN(score) ? null : score,
      selected: place < ranked.taken,
      in_pool: place < ranked.distinct,
      reason: ranked.reasonAt(place),
    });
  }
  return rows;
};

/** Beyond this many rows the jackknife of the bootstrap would take longer than the ranking, and the normal interval is as good. */
const mostBootstrapped = 2000;

const metricsOf = ({ pool }: ReadPool, { order, taken, distinct }: RankedPool, { name, method, seed }: Config) => {
  const chosen = order.subarray(0, taken);
  const plain = (key: string, value: number) => ({
    key: `select.${name ?? method}.${key}`,
    value,
    lo: null,
    hi: null,
    n: null,
  });
  const metrics: Array<typeof Metrics.tables.metrics.Type> = [plain("rows", taken), plain("pool_rows", distinct)];
  const tokens = chosen.reduce((sum, row) => sum + pool.tokens.at(row), 0);
  if (Number.isFinite(tokens)) metrics.push(plain("tokens", tokens));
  const cliffs = Float64Array.from(chosen, (row) => pool.misalignment.at(row)).filter((score) => !Number.isNaN(score));
  if (cliffs.length > 0) {
    const mean = cliffs.length > mostBootstrapped ? meanNormal(cliffs) : bootstrapMean(cliffs, { seed });
    metrics.push({ ...plain("mean_score", mean.value), ...mean });
  }
  return metrics;
};
