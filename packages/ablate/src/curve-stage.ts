/** Stage `heads.curve`: side effects on harmless text, and the rates of what was written, against the share of heads ablated. */
import {
  AblationCurve,
  type AblationPoint,
  Heads,
  labelledTraces,
  Metrics,
  Model,
  openModel,
  TraceLabel,
  Traces,
  type Verdict,
  Verdicts,
} from "@precipice/artifacts";
import { Checkpoint, inScope, RENORM_MODES, regionsOf, TOKEN_SCOPES } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { bootstrapCrossed, clamped, type Estimate, meanNormal, wilson } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { armsOf } from "./arms.ts";
import { scaleOf } from "./causal-check.ts";
import { type SideEffects, sideEffects } from "./side-effects.ts";

const positive = Schema.Int.check(Schema.isGreaterThan(0));
const config = Schema.Struct({
  percents: Schema.Array(Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 50 })))
    .annotate({ description: "Shares of all heads to ablate, most suppressing first and as many at random" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([1, 3, 10]))),
  randomDraws: positive
    .annotate({ description: "Random draws per share" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(5))),
  label: TraceLabel.annotate({ description: "Traces whose responses are read" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmless" as const)),
  ),
  maxTraces: positive
    .annotate({ description: "Use at most this many traces, the first ones" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(100))),
  gamma: Schema.Number.annotate({ description: "Factor of the heads' output: 0 ablates" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  renorm: Schema.Literals(RENORM_MODES.filter((mode) => mode !== "tensor"))
    .annotate({ description: "Rescale the concatenated heads to their norm before, or not" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("token" as const))),
  scope: Schema.Literals(TOKEN_SCOPES)
    .annotate({
      description:
        "Tokens it acts on: all, those after the prompt, the template region (close marker up to the response), the response",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("all" as const))),
  seed: Schema.Int.annotate({ description: "Seed of the random heads and of bootstrap intervals" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

export const headsCurve = Stage.make("heads.curve", {
  version: 2,
  description:
    "KL divergence and cross-entropy on harmless text, ASR and over-refusal, against the share of heads ablated",
  config,
  inputs: { model: Model, heads: Heads, traces: Traces, verdicts: Stage.many(Verdicts) },
  outputs: { curve: AblationCurve, metrics: Metrics },
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("heads.curve")(function* ({ config, inputs, outputs, progress, log }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const { layers, heads: perLayer } = checkpoint.config;
    const heads = yield* inputs.heads.rows("heads");
    const labelled = yield* labelledTraces(inputs.traces, config.label);
    const answered = labelled.filter((t) => t.response_start !== null && t.response_start < t.ids.length);
    if (answered.length < labelled.length)
      yield* log(`${labelled.length - answered.length} of ${labelled.length} traces left out: they have no response`);
    const traces = answered.slice(0, config.maxTraces);
    if (traces.length === 0) {
      return yield* new StageError({
        code: "E_TRACES_EMPTY",
        message: `no ${config.label} trace has a response to read`,
        remedy: "Raise maxNewTokens, or set label to any",
      });
    }
    const { percents, randomDraws, seed } = config;
    const arms = yield* attempt(() =>
      armsOf(
        {
          percents,
          counts: [],
          thresholds: [],
          promoterPercents: [],
          randomPercents: percents,
          matchedPercents: [],
          randomDraws,
          seed,
        },
        heads.map((head) => ({ ...head, strength: -head.contribution })),
        heads,
        layers * perLayer,
      ),
    );
    const scales = [
      scaleOf(checkpoint.config, [], 1),
      ...arms.map((arm) => scaleOf(checkpoint.config, arm.heads, config.gamma)),
    ];
    const regions = traces.map((t) =>
      regionsOf({ thinkingEnd: t.thinking_end, responseStart: t.response_start ?? undefined }, t.thinking_start),
    );
    const acts = (row: number, token: number) => inScope(config.scope, token, regions[row] as (typeof regions)[number]);
    const found = yield* attempt((signal) =>
      sideEffects(
        checkpoint,
        traces.map((t) => t.ids),
        traces.map((t) => t.response_start as number),
        scales,
        { renorm: config.renorm, acts, signal, onRows: (done, total) => progress(done, total, "traces") },
      ),
    );
    const named = [{ arm: "base" }, ...arms].map(({ arm }, i) => ({ arm, effects: found[i] as SideEffects }));
    const points = [...Map.groupBy(named, ({ arm }) => arm)].flatMap(([arm, draws]) => {
      const at = placeOf(arm);
      return at === undefined
        ? []
        : sidePoints(
            at,
            draws.map(({ effects }) => effects),
            `${seed}/${arm}`,
          );
    });
    const verdicts = (yield* Effect.forEach(inputs.verdicts, (reader) => reader.rows("verdicts"))).flat();
    for (const [arm, rows] of Map.groupBy(verdicts, (verdict) => verdict.arm)) {
      const at = placeOf(arm);
      if (at === undefined) yield* log(`verdicts of arm ${arm} left out: it is no share of the heads`);
      else points.push(...ratePoints(at, rows, `${seed}/${arm}`));
    }
    yield* outputs.curve.writeRows("curve", points);
    yield* outputs.metrics.writeRows(
      "metrics",
      points
        .filter(({ measure }) => measure === "kl" || measure === "cross_entropy") // rates are trace.evaluate's to tell
        .map(({ measure, arm, percent, value, lo, hi, n }) => ({
          key: `heads.${measure}.${arm}${arm === "base" ? "" : `_${percent}pct`}`,
          value,
          lo,
          hi,
          n,
        })),
    );
  }),
});

type Place = Pick<AblationPoint, "arm" | "percent">;

/** Where an arm lies on a curve; undefined for arms that are no share of the heads. */
const placeOf = (arm: string): Place | undefined => {
  if (arm === "base") return { arm, percent: 0 };
  const [, kind, percent] = /^(ablate|random)_(\d+(?:\.\d+)?)pct$/.exec(arm) ?? [];
  return kind === undefined ? undefined : { arm: kind as "ablate" | "random", percent: Number(percent) };
};

const point = (place: Place, measure: AblationPoint["measure"], estimate: Estimate, draws: number): AblationPoint => ({
  measure,
  ...place,
  ...clamped(estimate, 0, Number.POSITIVE_INFINITY), // no measure is negative
  draws,
});

/** Over traces, and over draws where there are several: the interval allows for other traces and for other random heads. */
const sidePoints = (place: Place, draws: ReadonlyArray<SideEffects>, seed: string): ReadonlyArray<AblationPoint> => {
  const over = (pick: (effects: SideEffects) => Float64Array): Estimate =>
    draws.length === 1
      ? meanNormal(pick(draws[0] as SideEffects))
      : bootstrapCrossed(
          draws.flatMap((d, draw) => Array.from(pick(d), (value, trace) => ({ row: String(trace), draw, value }))),
          { seed },
        );
  const entropy = point(
    place,
    "cross_entropy",
    over((e) => e.crossEntropy),
    draws.length,
  );
  return place.arm === "base"
    ? [entropy]
    : [
        point(
          place,
          "kl",
          over((e) => e.kl),
          draws.length,
        ),
        entropy,
      ];
};

const ratePoints = (place: Place, verdicts: ReadonlyArray<Verdict>, seed: string): ReadonlyArray<AblationPoint> => {
  const draws = new Set(verdicts.map((v) => v.draw)).size;
  const rate = (
    measure: "asr" | "overrefusal",
    label: Verdict["label"],
    counts: (verdict: Verdict) => boolean,
  ): ReadonlyArray<AblationPoint> => {
    const judged = verdicts.filter((v) => v.label === label && v.verdict !== "error");
    if (judged.length === 0) return [];
    const estimate =
      draws === 1
        ? wilson(judged.filter(counts).length, judged.length)
        : bootstrapCrossed(
            judged.map((v) => ({ row: v.prompt_id, draw: v.draw, value: counts(v) ? 1 : 0 })),
            { seed: `${seed}/${measure}` },
          );
    return [point(place, measure, estimate, draws)];
  };
  return [
    ...rate("asr", "harmful", (v) => v.verdict === "harmful"),
    ...rate("overrefusal", "harmless", (v) => v.refused),
  ];
};
