/** Stage `heads.attribute`: rank all heads by what they write along the probe at the final position, and check the ranking by other methods. */
import {
  HeadEffects,
  Heads,
  labelledTraces,
  Metrics,
  Model,
  openModel,
  Planted,
  POSITIONS,
  Probe,
  positionNames,
  selectedProbe,
  TraceLabel,
  Traces,
  Verdicts,
} from "@precipice/artifacts";
import { Checkpoint, inScope, regionsOf } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import {
  type Attribution,
  additivityError,
  attributeAlong,
  directionNorm,
  type ProbeDirection,
} from "./attribute-heads.ts";
import { meanScoreChange, readAblated } from "./causal-check.ts";
import { headCount } from "./choose-heads.ts";
import { greedyHeads } from "./greedy-heads.ts";
import { causalEffects, directEffects, effectRows, type MethodEffects, patchingEffects } from "./head-effects.ts";
import { agreementMetrics, recallMetrics } from "./head-metrics.ts";
import { firstTokens, logitDirection, tokensOf } from "./logit-difference.ts";
import { patchHeads } from "./patch-heads.ts";
import { atFinal, rankedHeads } from "./rank-heads.ts";

const texts = (kind: string) =>
  Schema.optionalKey(
    Schema.Array(Schema.String).annotate({
      description: `Texts that ${kind} begin with, for the logit difference: the first token of each. Default: what the verdicts show`,
    }),
  );

const config = Schema.Struct({
  label: TraceLabel.annotate({ description: "Traces to average over" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmful" as const)),
  ),
  maxTraces: Schema.Int.check(Schema.isGreaterThan(0))
    .annotate({ description: "Use at most this many traces, the first ones" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(200))),
  positions: Schema.Array(Schema.Literals(positionNames))
    .annotate({
      description: "Where direct effects are read beside the final position, which everything else is about",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  patching: Schema.Boolean.annotate({
    description: "Estimate by gradients what ablating each head would do: one backward pass over the traces",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(true))),
  causal: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "Ablate this many top heads one by one and record the change of the final score" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(12))),
  greedy: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({
      description:
        "Choose up to this many heads together, of those ablated one by one: forward selection by the probe's logit",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  greedyLeast: Schema.Number.annotate({
    description: "Stop the selection when the best head left raises the probe's logit by less",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0.05))),
  scope: Schema.Literals(["all", "generated", "template"])
    .annotate({
      description:
        "Tokens at which patching, causal and greedy take heads away: all, those after the prompt, or the template region (close marker up to the response)",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("all" as const))),
  refusalTokens: texts("refusals"),
  complianceTokens: texts("compliances"),
  recallPercent: Schema.Number.annotate({
    description: "Planted heads are looked for among this share of all heads",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(3))),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

export const headsAttribute = Stage.make("heads.attribute", {
  version: 2,
  description: "Attributes the probe's final score and the logits to attention heads, most suppressing first",
  config,
  inputs: {
    model: Model,
    probe: Probe,
    traces: Traces,
    planted: Stage.optional(Planted),
    verdicts: Stage.optional(Verdicts),
  },
  outputs: { heads: Heads, effects: HeadEffects, metrics: Metrics },
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("heads.attribute")(function* ({ config, inputs, outputs, progress, log }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const labelled = yield* labelledTraces(inputs.traces, config.label);
    const all = labelled.filter((trace) => trace.response_start !== null);
    if (all.length < labelled.length)
      yield* log(`${labelled.length - all.length} of ${labelled.length} traces left out: their thinking never closed`);
    const traces = all.slice(0, config.maxTraces);
    if (traces.length === 0) {
      return yield* new StageError({
        code: "E_TRACES_EMPTY",
        message: `no ${config.label} trace reached a response, so there is no final position`,
        remedy: "Raise maxNewTokens, or set label to any",
      });
    }
    const probe = yield* selectedProbe(inputs.probe);
    const { heads: perLayer, layers } = checkpoint.config;
    // wired, or what the checkpoint says of itself
    const truth =
      inputs.planted === undefined
        ? yield* attempt(() => checkpoint.plantedHeads)
        : yield* inputs.planted.rows("planted");
    const planted = truth && new Set(truth.map((h) => `${h.layer}.${h.head}`));

    // What refusals and compliances begin with: as configured, else as judged.
    const verdicts = inputs.verdicts === undefined ? [] : yield* inputs.verdicts.rows("verdicts");
    const begun = firstTokens(yield* inputs.traces.rows("traces"), verdicts);
    const sets = yield* attempt(() => ({
      refusal: config.refusalTokens === undefined ? begun.refusal : tokensOf(checkpoint, config.refusalTokens),
      compliance:
        config.complianceTokens === undefined ? begun.compliance : tokensOf(checkpoint, config.complianceTokens),
    }));
    const hasLogits = sets.refusal.length > 0 && sets.compliance.length > 0;
    const shown = (ids: ReadonlyArray<number>) =>
      ids.map((id) => JSON.stringify(checkpoint.tokenizer.decode([id]))).join(" ");
    yield* log(
      hasLogits
        ? `logit difference: ${shown(sets.refusal)} against ${shown(sets.compliance)}`
        : "no logit difference: give verdicts that hold refusals and compliances, or refusalTokens and complianceTokens",
    );
    const targets: ReadonlyArray<ProbeDirection & { readonly target: "probe" | "logit_difference" }> = [
      { target: "probe", site: probe.site, weights: probe.weights },
      ...(hasLogits
        ? yield* attempt(() => [{ target: "logit_difference" as const, ...logitDirection(checkpoint, sets) }])
        : []),
    ];

    const rows = traces.map((t) => t.ids);
    const at = traces.map((t) => (t.response_start as number) - 1);
    const regions = traces.map((t) =>
      regionsOf({ thinkingEnd: t.thinking_end, responseStart: t.response_start ?? undefined }, t.thinking_start),
    );
    const acts =
      config.scope === "all"
        ? undefined
        : (row: number, token: number) => inScope(config.scope, token, regions[row] as (typeof regions)[number]);
    const positions = [...new Set<keyof typeof POSITIONS>(["final", ...config.positions])];
    const places = traces.map((trace) =>
      [...new Set(positions.flatMap((position) => POSITIONS[position](trace)))].sort((a, b) => a - b),
    );
    const report = (total: number, detail: string) => (done: number) => progress(done, total, "traces", detail);
    const found = yield* attempt((signal) =>
      attributeAlong(checkpoint, rows, places, targets, { signal, onRows: report(rows.length, "direct") }),
    );

    /** Per trace that has it, the flat places of a position's tokens. */
    const placesOf = (position: keyof typeof POSITIONS): ReadonlyArray<ReadonlyArray<number>> => {
      let first = 0;
      return traces.flatMap((trace, row) => {
        const tokens = places[row] as ReadonlyArray<number>;
        const here = POSITIONS[position](trace).map((token) => first + tokens.indexOf(token));
        first += tokens.length;
        return here.length === 0 ? [] : [here];
      });
    };
    const methods: MethodEffects[] = [];
    for (const [d, direction] of targets.entries()) {
      const norm = directionNorm(checkpoint, direction);
      for (const position of positions) {
        const groups = placesOf(position);
        if (groups.length === 0) {
          yield* log(`no trace has a ${position} position`);
          continue;
        }
        const heads = directEffects(found[d] as Attribution, norm, layers, groups);
        methods.push({ target: direction.target, method: "direct", position, heads });
      }
      if (config.patching) {
        const effects = yield* attempt((signal) =>
          patchHeads(checkpoint, rows, at, direction, {
            renorm: "token",
            acts,
            signal,
            onRows: report(rows.length, `patching ${direction.target}`),
          }),
        );
        const heads = patchingEffects(effects, direction.site, layers);
        methods.push({ target: direction.target, method: "patching", position: "final", heads });
      }
    }

    const final = atFinal(found[0] as Attribution, placesOf("final"));
    const ranked = rankedHeads(final, probe.site, layers, planted, config.seed);
    const tested = ranked.slice(0, config.causal);
    if (tested.length > 0) {
      const readings = yield* attempt((signal) =>
        readAblated(
          checkpoint,
          rows,
          at,
          targets,
          tested.map((head) => [head]),
          {
            renorm: "token",
            acts,
            signal,
            onHead: (done, total) => progress(done, total, "heads", "ablated alone"),
          },
        ),
      );
      targets.forEach(({ target }, d) => {
        methods.push({ target, method: "causal", position: "final", heads: causalEffects(tested, readings, d) });
      });
      tested.forEach((cell, i) => {
        const [before, after] = [readings.base[0], readings.ablated[i]?.[0]] as [Float64Array, Float64Array];
        ranked[i] = { ...cell, causal_delta: meanScoreChange(before, after, probe.bias) };
      });
    }
    if (config.greedy > 0) {
      const steps = yield* attempt((signal) =>
        greedyHeads(checkpoint, rows, at, probe, tested, {
          most: config.greedy,
          least: config.greedyLeast,
          renorm: "token",
          acts,
          signal,
          onHead: (done, total) => progress(done, total, "heads", "chosen together"),
        }),
      );
      const heads = steps.map(({ layer, head, gain }) => ({ layer, head, values: gain }));
      methods.push({ target: "probe", method: "greedy", position: "final", heads });
      yield* log(`chosen together: ${heads.map((h) => `(${h.layer},${h.head})`).join(" ") || "none"}`);
    }
    yield* outputs.heads.writeRows("heads", ranked);
    const effects = methods.map((method) => effectRows(method, planted));
    yield* outputs.effects.writeRows("effects", effects.flat());

    const k = headCount(config.recallPercent, layers * perLayer);
    const names = ranked.slice(0, k).map((h) => `(${h.layer},${h.head})`);
    yield* log(`top ${k} of ${layers * perLayer} heads: ${names.join(" ")}`);
    const top = ranked[0];
    yield* outputs.metrics.writeRows("metrics", [
      {
        key: "heads.top_contribution",
        value: top?.contribution ?? 0,
        lo: top?.lo ?? null,
        hi: top?.hi ?? null,
        n: traces.length,
      },
      { key: "heads.additivity_error", value: additivityError(final, layers), lo: null, hi: null, n: traces.length },
      ...agreementMetrics(methods, config.seed),
      ...(planted === undefined ? [] : recallMetrics(ranked, effects, planted, k)),
    ]);
  }),
});
