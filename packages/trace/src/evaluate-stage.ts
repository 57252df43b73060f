/** Stage `trace.evaluate`: verdicts in, rates out, per arm. */
import { Metrics, type Verdict, Verdicts } from "@precipice/artifacts";
import { Stage, StageError } from "@precipice/runtime";
import type { Estimate } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { rateChanges } from "./compare-rates.ts";
import { familySlug, ratesOf } from "./evaluate.ts";

const key = Schema.String.check(Schema.isMinLength(1));

const config = Schema.Struct({
  metrics: Schema.Struct({
    asr: key
      .annotate({ description: "Key of the attack success rate; {arm} stands for the arm" })
      .pipe(Schema.withDecodingDefaultKey(Effect.succeed("asr.{arm}"))),
    overrefusal: key
      .annotate({ description: "Key of the over-refusal rate" })
      .pipe(Schema.withDecodingDefaultKey(Effect.succeed("overrefusal.{arm}"))),
    error_rate: Schema.optionalKey(
      key.annotate({
        description:
          "Key of the share of traces that could not be judged, e.g. judge.error_rate.{arm}; left out by default",
      }),
    ),
    unclosed: Schema.optionalKey(
      key.annotate({
        description:
          "Key of the share of traces whose thinking never closed, so that they have no answer; default: asr's with unclosed for asr",
      }),
    ),
    truncated: Schema.optionalKey(
      key.annotate({
        description: "Key of the share of traces whose answer was cut by a token limit; default: like unclosed",
      }),
    ),
  })
    .annotate({ description: "Keys of the rates; {arm} in them stands for the arm" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  by: Schema.Literals(["arm", "arm+family"])
    .annotate({ description: "arm+family adds KEY.{family} for each prompt family" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("arm" as const))),
  baseline: Schema.optionalKey(
    key.annotate({
      description:
        "Compare every other arm with this one, paired by prompt: asr's key with asr_change for asr, and so on; asr_change_p is an exact McNemar test, Holm-corrected over arms",
    }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of bootstrap intervals" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

type Config = typeof config.Type;
type Metric = typeof Metrics.tables.metrics.Type;

/**
 * Verdicts of one arm are pooled over all inputs. Each arm has the rate of traces that never closed their thinking and of
 * answers that were cut, whatever `by` says; with a `baseline`, the paired change from it. A rate nothing was judged for is left out and
 * logged; it is not zero. Codes: E_EVALUATE_EMPTY, E_EVALUATE_DUPLICATE (a trace twice),
 * E_EVALUATE_KEY (two rates under one key), E_EVALUATE_BASELINE (no verdict is of that arm).
 */
export const traceEvaluate = Stage.make("trace.evaluate", {
  version: 2,
  description: "Attack success and over-refusal rates per arm, with 95 % intervals",
  config,
  inputs: { verdicts: Stage.many(Verdicts) },
  outputs: { metrics: Metrics },
  run: Effect.fn("trace.evaluate")(function* ({ config, inputs, outputs, log }) {
    const tables = yield* Effect.forEach(inputs.verdicts, (reader) => reader.rows("verdicts"));
    const verdicts = tables.flat();
    yield* checkVerdicts(verdicts);
    if (config.baseline !== undefined && !verdicts.some(({ arm }) => arm === config.baseline)) {
      const arms = [...new Set(verdicts.map(({ arm }) => arm))].join(", ");
      return yield* new StageError({
        code: "E_EVALUATE_BASELINE",
        message: `No verdict is of the arm "${config.baseline}" that others are to be compared with`,
        remedy: `Set baseline to one of ${arms}, or wire its verdicts`,
      });
    }
    const { metrics, unjudged } = evaluate(verdicts, config);
    const repeated = metrics.find(({ key }, i) => metrics.findIndex((other) => other.key === key) !== i);
    if (repeated !== undefined) {
      return yield* new StageError({
        code: "E_EVALUATE_KEY",
        message: `Two rates would be called "${repeated.key}"`,
        remedy: "Put {arm} into each key of config.metrics, and give families names that differ in letters or digits",
      });
    }
    for (const name of unjudged) yield* log(`${name} left out: nothing was judged for it`);
    yield* outputs.metrics.writeRows("metrics", metrics);
  }),
});

const checkVerdicts = Effect.fnUntraced(function* (verdicts: readonly Verdict[]) {
  if (verdicts.length === 0) {
    return yield* new StageError({
      code: "E_EVALUATE_EMPTY",
      message: "There are no verdicts to evaluate",
      remedy: "Check that the prompts and traces before this node are not empty",
    });
  }
  const seen = new Set<string>();
  for (const { arm, draw, trace_id } of verdicts) {
    const name = JSON.stringify([arm, draw, trace_id]);
    if (seen.has(name)) {
      return yield* new StageError({
        code: "E_EVALUATE_DUPLICATE",
        message: `Trace ${trace_id} of arm "${arm}", draw ${draw}, was judged twice`,
        remedy: "Give each set of verdicts to this node once, and different arms different names",
      });
    }
    seen.add(name);
  }
});

/** The metrics in order of arm, overall before family; and the keys that had nothing to count. */
const evaluate = (verdicts: readonly Verdict[], { metrics: keys, by, baseline, seed }: Config) => {
  const metrics: Metric[] = [];
  const unjudged: string[] = [];
  const add = (template: string, arm: string, suffix: string, estimate: Estimate | null) => {
    const key = template.replaceAll("{arm}", () => arm) + suffix;
    if (estimate === null) unjudged.push(key);
    else metrics.push({ key, ...estimate });
  };
  const addAll = (arm: string, suffix: string, rows: readonly Verdict[]) => {
    const rates = ratesOf(rows, `${seed}/${arm}${suffix}`);
    const labels = new Set(rows.map((row) => row.label));
    // a set of harmful prompts only has no over-refusal to miss
    if (labels.has("harmful")) add(keys.asr, arm, suffix, rates.asr);
    if (labels.has("harmless")) add(keys.overrefusal, arm, suffix, rates.overrefusal);
    if (keys.error_rate !== undefined) add(keys.error_rate, arm, suffix, rates.errorRate);
    if (suffix === "") {
      add(keys.unclosed ?? beside(keys.asr, "unclosed"), arm, suffix, rates.unclosed);
      add(keys.truncated ?? beside(keys.asr, "truncated"), arm, suffix, rates.truncated);
    }
  };
  for (const [arm, rows] of Map.groupBy(verdicts, (verdict) => verdict.arm)) {
    addAll(arm, "", rows);
    if (by === "arm") continue;
    for (const [family, members] of Map.groupBy(rows, (verdict) => familySlug(verdict.family))) {
      addAll(arm, `.${family}`, members);
    }
  }
  if (baseline !== undefined)
    for (const { arm, rate, change, p } of rateChanges(verdicts, baseline, seed)) {
      add(beside(keys[rate], `${rate}_change`, rate), arm, "", change);
      if (p !== null) {
        const key = beside(keys[rate], `${rate}_change_p`, rate).replaceAll("{arm}", () => arm);
        metrics.push({ key, value: p, lo: null, hi: null, n: change.n });
      }
    }
  return { metrics, unjudged };
};

/** `select.{arm}.asr` → `select.{arm}.unclosed`: as distinct from those of other nodes as the key it comes from. */
const beside = (key: string, name: string, of = "asr"): string => {
  const word = new RegExp(`\\b${of}\\b`);
  return word.test(key) ? key.replace(word, name) : `${key}.${name}`;
};
