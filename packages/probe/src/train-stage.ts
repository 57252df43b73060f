/** Stage `probe.train`: refusal probes from captured activations and verdicts. */
import { Activations, Metrics, Probe, Traces, Verdicts } from "@precipice/artifacts";
import { Stage, StageError } from "@precipice/runtime";
import type { Estimate } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { calibrations } from "./calibrate.ts";
import { randomLabelControl } from "./controls.ts";
import { crossValidate } from "./cross-validate.ts";
import { probeMethods } from "./fit-probe.ts";
import { groupings } from "./groups.ts";
import { type ProbeErrorCode, ProbeInputError } from "./probe-error.ts";
import { qualityRow } from "./quality.ts";
import { checkSelectable, isSearch } from "./select-place.ts";
import { activationsAt, capturedAt } from "./site-activations.ts";
import { fitOptions, probeTables, trainPlace } from "./train-probes.ts";
import { type Place, type TrainingSet, trainingSet } from "./training-set.ts";

const config = Schema.Struct({
  site: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "Probe to use: a captured site; best: the highest held-out AUROC; earliest: the first site whose AUROC is within the best one's interval; default: the last captured",
    }),
  ),
  position: Schema.Union([Schema.String, Schema.NonEmptyArray(Schema.String)])
    .annotate({ description: "Position the probe is trained at, or several: a probe for each site at each position" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("final"))),
  method: Schema.Literals(probeMethods)
    .annotate({
      description:
        "logistic: L2 logistic regression to convergence; difference-in-means; lda: linear discriminant; paper-code: as the reference trains it",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("logistic" as const))),
  l2: Schema.Number.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "L2 strength beside the loss summed over rows, on standardised features" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(1))),
  shrinkage: Schema.optionalKey(
    Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 })).annotate({
      description: "lda: shrinkage of the covariance; default: Ledoit and Wolf's",
    }),
  ),
  calibration: Schema.Literals(calibrations)
    .annotate({
      description: "How logits become probabilities, fitted to held-out logits: none (sigmoid), platt or isotonic",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("none" as const))),
  folds: Schema.Int.check(Schema.isGreaterThanOrEqualTo(2))
    .annotate({ description: "Cross-validation folds; traces of one group share one" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(5))),
  group: Schema.Literals(groupings)
    .annotate({
      description:
        "What is never split between folds: request (prompt ids equal up to #), prompt, or family (whole framings held out)",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("request" as const))),
  groupPattern: Schema.optionalKey(
    Schema.String.annotate({
      description: "Instead of group: a regular expression over prompt ids; its first capture group names the group",
    }),
  ),
  permutations: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "Label permutations behind the p-value; 0: none" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(999))),
  labelDraws: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "Control: retrain the selected probe on this many random labelings; 0: none" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(5))),
  perClass: Schema.Int.check(Schema.isGreaterThan(0))
    .annotate({ description: "Most examples per class; classes are balanced" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(200))),
  minPerClass: Schema.Int.check(Schema.isGreaterThan(1))
    .annotate({ description: "Fewest examples per class to go on with" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(10))),
  seed: Schema.Int.annotate({ description: "Seed of sampling, folds and intervals" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become probe.{name}.accuracy_heldout …; default: no name" }),
  ),
});

/** What to do about each problem of the data. */
const remedies: { readonly [C in ProbeErrorCode]: string } = {
  shape: "Capture activations for these traces at the position the probe is trained at",
  "not-finite": "Check the checkpoint and its dtype: activations must be finite in f32",
  label: "Check the verdicts",
  "one-class": "Add prompts of the other class",
  "none-refused":
    "Check the judge, and that the prompts include harmful ones this model refuses; without refusals there is no probe",
  "too-few": "Generate more traces, or lower minPerClass",
  "too-few-groups": "Add different prompts of that class, not only variants or draws of one",
  "no-direction": "Train at another site or position: this one does not tell the classes apart",
  "unknown-site": "Name one of the captured sites, or capture this one",
  option: "Check the node's config",
};

/**
 * Positives are traces of harmful prompts that the model refused, negatives those of harmless
 * prompts that it answered; errors of the judge are left out. Outputs one probe per captured
 * site and position, one of them selected, and metrics of that one: `probe.accuracy_heldout`,
 * `probe.auroc_heldout`, `probe.ece_heldout` (95 % intervals bootstrapped over groups), `probe.auroc_p`, `probe.n`, and
 * `probe.random_labels.accuracy` …, `probe.shuffled_tokens.accuracy` … of the controls.
 * Codes: E_PROBE_ and the ProbeInputError code, e.g. E_PROBE_TOO_FEW.
 */
export const probeTrain = Stage.make("probe.train", {
  version: 3,
  description: "Fits a refusal probe per captured site and position and scores it on held-out prompts",
  config,
  inputs: {
    activations: Activations,
    traces: Traces,
    verdicts: Verdicts,
    /** A capture of the same traces with `shuffle: tokens`: what the words say without their order. */
    shuffled: Stage.optional(Activations),
  },
  outputs: { probe: Probe, metrics: Metrics },
  run: Effect.fn("probe.train")(function* ({ config, inputs, outputs, progress, log }) {
    const traces = yield* inputs.traces.rows("traces");
    const verdicts = yield* inputs.verdicts.rows("verdicts");
    const options = { ...config, site: config.site };
    const captured = yield* capturedAt(inputs.activations, [config.position].flat());
    const attemptFit = <A>(fit: () => A) => Effect.try({ try: fit, catch: stageError });
    const activationsOf = (source: typeof inputs.activations, { site, position }: Place, set: TrainingSet) =>
      activationsAt(source, site, position, set.traceIds).pipe(
        Effect.mapError((error) => (error instanceof ProbeInputError ? stageError(error) : error)),
      );
    const set = yield* attemptFit(() => {
      const chosen = trainingSet(captured, traces, verdicts, config);
      checkSelectable(chosen.places, config.site);
      return chosen;
    });
    const unclosed = verdicts.filter((verdict) => verdict.state === "unclosed").length;
    if (unclosed > 0)
      yield* log(
        `${unclosed} of ${verdicts.length} traces left out: their thinking never closed, so nothing was answered`,
      );
    const trained = yield* Effect.forEach(set.places, (place, i) =>
      Effect.gen(function* () {
        const X = yield* activationsOf(inputs.activations, place, set);
        const fitted = yield* attemptFit(() => trainPlace(place, X, set, options));
        progress(i + 1, set.places.length, "probes", `${place.site} at ${place.position}`);
        return fitted;
      }),
    );
    const tables = yield* attemptFit(() => probeTables(trained, set, options));
    const used = trained[tables.selected] as (typeof trained)[number];
    const { heldOut } = used;

    const controls: Array<ReturnType<typeof qualityRow>> = [];
    if (config.labelDraws > 0) {
      const X = yield* activationsOf(inputs.activations, used, set);
      const control = yield* attemptFit(() =>
        randomLabelControl(X, set.y, set.groups, { ...fitOptions(options), labelDraws: config.labelDraws }),
      );
      for (const metric of ["accuracy", "auroc"] as const)
        controls.push(qualityRow(used, "random_labels", metric, control[metric]));
    }
    if (inputs.shuffled !== undefined) {
      const { shuffled } = inputs;
      const X = yield* activationsOf(shuffled, used, set);
      yield* attemptFit(() => checkComplete(X, used, set));
      const control = yield* attemptFit(() => crossValidate(X, set.y, set.groups, fitOptions(options)));
      for (const metric of ["accuracy", "auroc"] as const)
        controls.push(qualityRow(used, "shuffled_tokens", metric, control[metric]));
    }

    const groups = new Set(set.groups).size;
    const rule = isSearch(config.site) ? `, taken as ${config.site} of ${trained.length} by held-out AUROC` : "";
    const accuracyText = `held-out accuracy ${heldOut.accuracy.value.toFixed(3)} on ${set.y.length} traces of ${groups} groups`;
    yield* log(`${used.site} at ${used.position}${rule}: ${accuracyText}`);
    if (config.calibration !== "none" && heldOut.calibration.method === "none")
      yield* log(`${used.site}: not calibrated, no increasing ${config.calibration} fit to its held-out logits`);
    yield* outputs.probe.writeRows("probes", tables.rows);
    yield* outputs.probe.writeRows("quality", [...tables.quality, ...controls]);
    yield* outputs.probe.writeRows("predictions", tables.predictions);
    yield* outputs.probe.writeRows("calibration", tables.calibration);
    const columns = tables.rows.map(({ site, position }) => ({ site, position }));
    yield* outputs.probe.writeVectors("weights", { columns, dim: tables.dim, data: tables.weights });

    const prefix = config.name === undefined ? "probe" : `probe.${config.name}`;
    const metric = (key: string, { value, lo, hi, n }: Estimate) => ({ key: `${prefix}.${key}`, value, lo, hi, n });
    yield* outputs.metrics.writeRows("metrics", [
      metric("accuracy_heldout", heldOut.accuracy),
      metric("auroc_heldout", heldOut.auroc),
      metric("ece_heldout", heldOut.ece),
      { key: `${prefix}.n`, value: set.y.length, lo: null, hi: null, n: null },
      ...(tables.p === null
        ? []
        : [{ key: `${prefix}.auroc_p`, value: tables.p, lo: null, hi: null, n: heldOut.auroc.n }]),
      ...controls.map(({ on, metric: name, value, lo, hi, n }) => ({
        key: `${prefix}.${on}.${name}`,
        value,
        lo,
        hi,
        n,
      })),
    ]);
  }),
});

/** A control on fewer traces than the probe would compare unlike things. `X` is empty where nothing was captured at the place. */
const checkComplete = (X: Float32Array, { site, position }: Place, { y }: TrainingSet): void => {
  const width = X.length / y.length;
  for (let row = 0; row < y.length; row++) {
    if (width > 0 && X.subarray(row * width, (row + 1) * width).some((value) => value !== 0)) continue;
    throw new ProbeInputError(
      "shape",
      `the shuffled capture lacks traces at ${site}, position "${position}": capture the same traces, sites and positions`,
    );
  }
};

const stageError = (cause: unknown): StageError =>
  cause instanceof ProbeInputError
    ? new StageError({
        code: `E_PROBE_${cause.code.toUpperCase().replaceAll("-", "_")}`,
        message: cause.message,
        remedy: remedies[cause.code],
        cause,
      })
    : new StageError({ code: "E_PROBE", message: `The probe could not be trained: ${String(cause)}`, cause });
