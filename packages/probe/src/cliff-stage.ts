/** Stage `cliff.score`: refusal scores at every token of every trace by one probe or several, and the cliffs that follow. */
import {
  chosenProbes,
  labelledTraces,
  Metrics,
  Model,
  openModel,
  Probe,
  Scores,
  type TokenScore,
  type Trace,
  TraceLabel,
  Traces,
} from "@precipice/artifacts";
import { Checkpoint, matchesSite, openTokenScores, tokenScores } from "@precipice/model";
import { Artifact, attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { chunk } from "./chunk.ts";
import type { ScoredTrace } from "./cliff.ts";
import { fallRows, plateauRows, summaryRows } from "./cliff-tables.ts";
import { plateauEstimators } from "./plateau.ts";
import { probabilityOf } from "./probability.ts";
import { scoreCliff } from "./score-cliff.ts";
import { spansOf } from "./score-traces.ts";
import { regionOf } from "./spans.ts";

const config = Schema.Struct({
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become cliff.{name}.plateau …; default: no name" }),
  ),
  site: Schema.optionalKey(
    Schema.Union([Schema.String, Schema.NonEmptyArray(Schema.String)]).annotate({
      description:
        "Sites of the probes to use, all scored in one pass: names, or patterns such as blocks.*.hook_resid_post; default: the selected probe's",
    }),
  ),
  chunk,
  label: TraceLabel.annotate({ description: "Traces that are scored" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmful" as const)),
  ),
  plateau: Schema.Literals(plateauEstimators)
    .annotate({ description: "Estimator of the plateau over the thinking tokens" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("top-quartile" as const))),
  lastK: Schema.Int.check(Schema.isGreaterThan(0))
    .annotate({ description: "Thinking tokens that the estimator last-k averages" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(8))),
  tokens: Schema.Boolean.annotate({ description: "Also write the score of every token" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(true)),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

/** Scores of some traces, before anything is made of them: what survives a crash. */
const ProbeScores = Artifact.kind("probe-scores", {
  version: 1,
  description: "Refusal scores at every token, per trace and site",
  tables: {
    scores: Schema.Struct({ trace_id: Schema.String, site: Schema.String, scores: Schema.Array(Schema.Number) }),
  },
});

/**
 * Only scores leave the model: a probe is one more product in its graph, so ten sites cost about what one does. Metrics are those
 * of the selected probe, or of the last one scored; with several sites each also has `cliff.{site}.plateau` and so on.
 */
export const cliffScore = Stage.make("cliff.score", {
  version: 3,
  description: "Scores refusal at every token of the traces: plateau, final score, cliff, mean curves",
  config,
  inputs: { model: Model, probe: Probe, traces: Traces },
  outputs: { scores: Scores, metrics: Metrics },
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("cliff.score")(function* ({ config, inputs, outputs, mapRows, log }) {
    const traces = yield* labelledTraces(inputs.traces, config.label);
    const patterns = config.site === undefined ? undefined : [config.site].flat();
    const probes = yield* chosenProbes(
      inputs.probe,
      ({ site, selected }) => patterns?.some((pattern) => matchesSite(pattern, site)) ?? selected,
      patterns?.join(", ") ?? "a selected site",
    );
    const mapped = yield* mapRows({
      kind: ProbeScores,
      rows: traces.map(({ id, ids }) => ({ id, ids })),
      id: ({ id }) => id,
      port: "traces",
      // what is made of the scores afterwards is no part of them
      key: { site: config.site ?? null, chunk: config.chunk ?? null },
      rowsPerShard: 512,
      // the last bits of a score follow the rows beside it in a batch
      together: "shard",
      unit: "traces",
      open: Effect.gen(function* () {
        const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
        const sites = probes.map(({ site }) => site);
        const longest = traces.reduce((most, { ids }) => Math.max(most, ids.length), 1);
        const analyzer = yield* Effect.acquireRelease(
          attempt(() => openTokenScores(checkpoint, sites, { longest, chunk: config.chunk })),
          (opened) => Effect.promise(() => opened.close()),
        );
        return { checkpoint, analyzer };
      }),
      run: ({ checkpoint, analyzer }, wanted, { emit, detail }) =>
        attempt(async (signal) => {
          const probabilities = probes.map(probabilityOf);
          const started = performance.now();
          let tokens = 0;
          await tokenScores(
            checkpoint,
            wanted.map(({ ids }) => ids),
            probes,
            {
              analyzer,
              signal,
              onScores: (row, logits) => {
                tokens += wanted[row]?.ids.length ?? 0;
                detail(`${Math.round((1000 * tokens) / (performance.now() - started))} tokens/s`);
                emit(row, {
                  scores: logits.map((values, p) => ({
                    trace_id: wanted[row]?.id ?? "",
                    site: (probes[p] as (typeof probes)[number]).site,
                    scores: Array.from(values, probabilities[p] as (logit: number) => number),
                  })),
                });
              },
            },
          );
        }),
    });
    const bySite = Map.groupBy(yield* mapped.rows("scores"), (row) => row.site);
    const scored = probes.map(({ site }) =>
      traces.map((trace, i) => {
        const scores = bySite.get(site)?.[i]?.scores ?? [];
        return { id: trace.id, scores, spans: spansOf(trace), group: trace.prompt_id };
      }),
    );
    const { plateau, lastK, seed } = config;
    const sites = yield* Effect.forEach(probes, ({ site, selected }, p) =>
      attempt(() => {
        const own = scored[p] as ReadonlyArray<ScoredTrace>;
        const result = scoreCliff(own, { plateau, lastK, seed });
        const plateaus = plateauRows(site, own, result.traces, { lastK });
        const falls = fallRows(site, traces, own, result.traces);
        const summary = summaryRows(site, own, result, plateaus, falls, seed);
        return { site, selected, scored: own, result, plateaus, falls, summary };
      }),
    );

    yield* outputs.scores.writeRows(
      "traces",
      sites.flatMap(({ site, result }) =>
        traces.map(({ id, prompt_id, label, family, ids, tokens }, i) => {
          const { plateau, final, cliff, fallIndex } = result.traces[i] as (typeof result.traces)[number];
          return {
            trace_id: id,
            prompt_id,
            label,
            family,
            site,
            plateau,
            final,
            cliff,
            fall_index: fallIndex,
            fall_token: fallIndex === null ? null : (tokens[fallIndex] ?? null),
            n_tokens: ids.length,
          };
        }),
      ),
    );
    yield* outputs.scores.writeRows("tokens", config.tokens ? sites.flatMap((one) => tokenRows(traces, one)) : []);
    yield* outputs.scores.writeRows(
      "curves",
      sites.flatMap(({ site, result }) => result.curves.map((point) => ({ site, ...point }))),
    );
    for (const table of ["plateaus", "falls", "summary"] as const)
      yield* outputs.scores.writeRows(
        table,
        sites.flatMap((one) => one[table] as ReadonlyArray<never>),
      );

    const prefix = config.name === undefined ? "cliff" : `cliff.${config.name}`;
    const used = (sites.find(({ selected }) => selected) ?? sites.at(-1)) as (typeof sites)[number];
    const parts = ["plateau", "final", "cliff"] as const;
    const metrics = ({ result }: typeof used, keys: string) =>
      parts.flatMap((part) => {
        const { value, lo, hi, n } = result[part];
        return Number.isFinite(value) ? [{ key: `${keys}.${part}`, value, lo, hi, n }] : [];
      });
    const { missing } = used.result;
    yield* log(
      `${used.site}: ${metrics(used, "")
        .map(({ key, value }) => `${key.slice(1)} ${value.toFixed(3)}`)
        .join(", ")}${missing > 0 ? `; ${missing} traces without a cliff` : ""}`,
    );
    yield* outputs.metrics.writeRows("metrics", [
      ...metrics(used, prefix),
      ...(sites.length > 1 ? sites.flatMap((one) => metrics(one, `${prefix}.${one.site}`)) : []),
    ]);
  }),
});

interface SiteScores {
  readonly site: string;
  readonly scored: ReadonlyArray<ScoredTrace>;
}

const tokenRows = (traces: ReadonlyArray<Trace>, { site, scored }: SiteScores): ReadonlyArray<TokenScore> =>
  scored.flatMap(({ id, scores, spans }, i) =>
    Array.from(scores, (score, token_index) => ({
      trace_id: id,
      site,
      token_index,
      region: regionOf(spans, token_index),
      token: traces[i]?.tokens[token_index] ?? "",
      score,
    })),
  );
