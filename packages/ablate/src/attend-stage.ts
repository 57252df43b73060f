/** Stage `heads.attend`: where do the suppressing heads look? Mean attention by region of the trace and by token. */
import {
  Heads,
  labelledTraces,
  Model,
  openModel,
  Patterns,
  POSITIONS,
  positionNames,
  type Region,
  type Trace,
  TraceLabel,
  Traces,
} from "@precipice/artifacts";
import { Checkpoint } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { clamped, meanNormal } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { attendedBy } from "./attended.ts";
import { topHeads } from "./choose-heads.ts";

const positive = Schema.Int.check(Schema.isGreaterThan(0));
const config = Schema.Struct({
  top: positive
    .annotate({ description: "How many of the most suppressing heads to look at" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(8))),
  positions: Schema.Array(Schema.Literals(positionNames))
    .check(Schema.isMinLength(1))
    .annotate({ description: "Where the heads look from" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(["final" as const]))),
  tokens: positive
    .annotate({ description: "How many tokens to list per head and position, most looked at first" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(10))),
  label: TraceLabel.annotate({ description: "Traces to average over" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmful" as const)),
  ),
  maxTraces: positive
    .annotate({ description: "Use at most this many traces, the first ones" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(200))),
});

const REGIONS = ["prompt", "thinking", "template", "response"] as const satisfies ReadonlyArray<Region>;

export const headsAttend = Stage.make("heads.attend", {
  version: 1,
  description: "Tells where the most suppressing heads look, by region and by token",
  config,
  inputs: { model: Model, heads: Heads, traces: Traces },
  outputs: { patterns: Patterns },
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("heads.attend")(function* ({ config, inputs, outputs, progress }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const heads = topHeads(yield* inputs.heads.rows("heads"), config.top);
    const labelled = yield* labelledTraces(inputs.traces, config.label);
    const positions = [...new Set(config.positions)];
    const traces = labelled
      .filter((trace) => positions.some((position) => POSITIONS[position](trace).length > 0))
      .slice(0, config.maxTraces);
    if (traces.length === 0) {
      return yield* new StageError({
        code: "E_TRACES_EMPTY",
        message: `no ${config.label} trace has a position ${positions.join(" or ")}`,
        remedy: "Raise maxNewTokens, choose another position, or set label to any",
      });
    }
    const at = traces.map((trace) =>
      [...new Set(positions.flatMap((position) => POSITIONS[position](trace)))].sort((a, b) => a - b),
    );
    const sums = yield* attempt(async (signal) => {
      const looks = new Looks(traces, positions);
      const found = attendedBy(
        checkpoint,
        traces.map((t) => t.ids),
        at,
        heads,
        { signal, onRows: (done, total) => progress(done, total, "traces") },
      );
      for await (const { head, row, token, weights } of found) looks.add(head, row, token, weights);
      return looks;
    });
    yield* outputs.patterns.writeRows(
      "patterns",
      heads.flatMap(({ layer, head }, h) =>
        positions.flatMap((position) =>
          sums.rows(h, position, config.tokens).map((row) => ({ layer, head, position, ...row })),
        ),
      ),
    );
  }),
});

const regionOf = (trace: Trace, t: number): Region => {
  if (t < trace.thinking_start) return "prompt";
  if (t < trace.thinking_end) return "thinking";
  return trace.response_start === null || t < trace.response_start ? "template" : "response";
};

const estimate = (values: ReadonlyArray<number>) => {
  const { value, lo, hi, n } = clamped(meanNormal(values), 0, 1);
  return { weight: value, lo, hi, n };
};

interface Seen {
  readonly regions: Map<Region, number>;
  readonly tokens: Map<string, number>;
}

/** Weights by head, position, trace and what is looked at; of a trace the mean over its tokens there. */
class Looks {
  readonly #traces: ReadonlyArray<Trace>;
  readonly #from: ReadonlyArray<ReadonlyMap<string, ReadonlySet<number>>>;
  readonly #seen = new Map<string, Map<number, Seen>>();

  constructor(traces: ReadonlyArray<Trace>, positions: ReadonlyArray<keyof typeof POSITIONS>) {
    this.#traces = traces;
    this.#from = traces.map((trace) => new Map(positions.map((p) => [p, new Set(POSITIONS[p](trace))])));
  }

  add(head: number, row: number, token: number, weights: Float32Array): void {
    const trace = this.#traces[row] as Trace;
    for (const [position, from] of this.#from[row] as ReadonlyMap<string, ReadonlySet<number>>) {
      if (!from.has(token)) continue;
      const key = `${head} ${position}`;
      const byTrace = this.#seen.get(key) ?? new Map<number, Seen>();
      this.#seen.set(key, byTrace);
      const { regions, tokens } = byTrace.get(row) ?? { regions: new Map(), tokens: new Map() };
      byTrace.set(row, { regions, tokens });
      for (let t = 0; t <= token; t++) {
        const weight = (weights[t] as number) / from.size;
        const region = regionOf(trace, t);
        const text = trace.tokens[t] as string;
        regions.set(region, (regions.get(region) ?? 0) + weight);
        tokens.set(text, (tokens.get(text) ?? 0) + weight);
      }
    }
  }

  /** All regions, then the `most` tokens that are looked at most; a trace without a token counts as weight 0. */
  rows(head: number, position: string, most: number) {
    const byTrace = [...(this.#seen.get(`${head} ${position}`)?.values() ?? [])];
    if (byTrace.length === 0) return [];
    const texts = [...new Set(byTrace.flatMap(({ tokens }) => [...tokens.keys()]))].sort();
    return [
      ...REGIONS.map((name) => ({
        target: "region" as const,
        name,
        ...estimate(byTrace.map(({ regions }) => regions.get(name) ?? 0)),
      })),
      ...texts
        .map((name) => ({
          target: "token" as const,
          name,
          ...estimate(byTrace.map(({ tokens }) => tokens.get(name) ?? 0)),
        }))
        .sort((a, b) => b.weight - a.weight)
        .slice(0, most),
    ];
  }
}
