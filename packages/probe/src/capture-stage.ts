/** Stage `probe.capture`: activations at named sites and positions, sized before anything is computed, written as they come. */
import { Activations, Model, modelFolder, openModel, type Trace, Traces } from "@precipice/artifacts";
import { Analyzer, Checkpoint, type DecoderConfig, openPlanned } from "@precipice/model";
import { release } from "@precipice/onnx";
import { asStageError, attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { bytesText, capturedSites, mostPlaces, type Place, placesOf } from "./capture-size.ts";
import { chunk } from "./chunk.ts";
import { positionNames, positionPattern } from "./positions.ts";
import { shuffledTokens } from "./shuffle-tokens.ts";
import { DTYPE_BYTES, VectorBlocks, type Vectors } from "./vector-blocks.ts";

const config = Schema.Struct({
  sites: Schema.Union([Schema.String, Schema.Array(Schema.String)])
    .annotate({
      description:
        "last: the residual stream after the last block; all: after every block; or site names and patterns such as blocks.*.hook_resid_post",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("last"))),
  positions: Schema.Array(
    Schema.String.check(
      Schema.isPattern(positionPattern, { expected: `${positionNames.join(", ")}, or with a step such as thinking:8` }),
    ),
  )
    .annotate({ description: `Any of ${positionNames.join(", ")}; NAME:k takes every k-th token of it` })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(["final"]))),
  dtype: Schema.Literals(["f32", "f16"])
    .annotate({ description: "How vectors are stored; f16 takes half the room and holds values up to 65,504" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("f32" as const))),
  shuffle: Schema.Literals(["none", "tokens"])
    .annotate({
      description:
        "tokens: a control, prompt and thinking tokens in random order; special tokens and the close marker stay in place",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("none" as const))),
  seed: Schema.Int.annotate({ description: "Seed of the shuffle" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  maxBytes: Schema.Number.annotate({ description: "Refuse to capture more than this" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(20e9)),
  ),
  chunk,
});
type Config = typeof config.Type;

const sizeOf = (model: DecoderConfig, { sites: chosen, dtype }: Config, vectors: number) => {
  const { sites, dim } = capturedSites(model, chosen);
  return { sites, dim, rows: vectors * sites.length, bytes: vectors * sites.length * dim * DTYPE_BYTES[dtype] };
};

/** Fails with `E_CAPTURE_SIZE` when so much is not allowed. */
const checkSize = (bytes: number, rows: number, sites: number, { maxBytes }: Config) =>
  bytes <= maxBytes
    ? Effect.void
    : new StageError({
        code: "E_CAPTURE_SIZE",
        message: `this would capture ${bytes} bytes (${rows / sites} vectors at ${sites} sites), the limit is ${maxBytes}`,
        remedy: "Take fewer sites or positions (a step such as thinking:8), set dtype: f16, or raise maxBytes",
      });

/** Captured vectors of one batch stay within this, whatever is captured. */
const BATCH_BYTES = 2 ** 21;

/** What a kill costs at most: so many tokens of work, or so many bytes where much is captured of each. */
const SHARD_TOKENS = 2 ** 14;
const SHARD_BYTES = 2 ** 25;

/** Traces from the longest to the shortest, equal ones as they stand: batches pad little, and the largest comes first. */
const longestFirst = (traces: ReadonlyArray<Trace>): ReadonlyArray<Trace> =>
  [...traces].sort((a, b) => b.ids.length - a.ids.length);

/**
 * Row order: traces from the longest to the shortest (equal ones as they stand), their tokens ascending, in blocks of about
 * 1 MiB each written site by site. Memory depends on sites and width, not on the number of traces. Batches end with their
 * shard, so that what a shard holds does not depend on what was there when it was computed.
 */
export const probeCapture = Stage.make("probe.capture", {
  version: 3,
  description: "Captures activations of traces at named sites and positions",
  config,
  inputs: { model: Model, traces: Traces },
  outputs: { activations: Activations },
  estimate: Effect.fn("probe.capture.estimate")(function* (config, { model, traces }) {
    const folder = model.reader === undefined ? model.facts?.["folder"] : yield* modelFolder(model.reader);
    if (typeof folder !== "string") return undefined;
    const checkpoint = yield* attempt(() => openPlanned(folder));
    if (traces.reader !== undefined) {
      const stored = yield* traces.reader.rows("traces");
      const vectors = yield* attempt(() =>
        stored.reduce((n, trace) => n + placesOf(trace, config.positions).length, 0),
      );
      const { sites, rows, bytes } = yield* attempt(() => sizeOf(checkpoint.config, config, vectors));
      yield* checkSize(bytes, rows, sites.length, config);
      return {
        rows,
        bytes,
        note: `exact: ${vectors} vectors of ${stored.length} stored traces at ${sites.length} sites`,
      };
    }
    const newTokens = traces.facts?.["maxNewTokens"];
    if (traces.rows === undefined || typeof newTokens !== "number") return undefined;
    const { maxPositions } = checkpoint.config;
    const perTrace = yield* attempt(() => mostPlaces(config.positions, { newTokens, positions: maxPositions }));
    const { sites, rows, bytes } = yield* attempt(() => sizeOf(checkpoint.config, config, perTrace * traces.rows!));
    const over = bytes > config.maxBytes ? `; more than maxBytes (${bytesText(config.maxBytes)}) is refused` : "";
    const note = `at most: ${newTokens} new tokens per trace, ${maxPositions} in all, at ${sites.length} sites${over}`;
    return { rows, bytes, note };
  }, Effect.mapError(asStageError)),
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("probe.capture")(function* ({ config, inputs, outputs, streamRows, log }) {
    const traces = longestFirst(yield* inputs.traces.rows("traces"));
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    // Places are listed when a trace's turn comes: all of them at once would outgrow the vectors of a batch.
    const vectors = yield* attempt(() =>
      traces.reduce((sum, trace) => sum + placesOf(trace, config.positions).length, 0),
    );
    const { sites, dim, rows, bytes } = yield* attempt(() => sizeOf(checkpoint.config, config, vectors));
    yield* checkSize(bytes, rows, sites.length, config);
    yield* log(`${vectors} vectors at ${sites.length} sites, ${bytesText(bytes)}`);

    // Dense captures of many sites take smaller batches, so that what leaves the model stays within BATCH_BYTES.
    const tokens = traces.reduce((sum, trace) => sum + trace.ids.length, 0);
    const perToken = (sites.length * dim * 4 * Math.max(vectors, 1)) / Math.max(tokens, 1);
    const tokensPerBatch = Math.min(4096, Math.max(128, Math.floor(BATCH_BYTES / perToken)));
    const tracesPer = (limit: number, all: number): number => Math.ceil((limit * traces.length) / Math.max(all, 1));
    const open = Effect.gen(function* () {
      const analyzer = yield* Effect.acquireRelease(
        attempt(() =>
          Analyzer.open(
            checkpoint,
            { capture: sites, captureDtype: config.dtype === "f16" ? "float16" : "float32" },
            { tokensPerBatch, chunk: config.chunk, longest: traces[0]?.ids.length ?? 1 },
          ),
        ),
        (opened) => Effect.promise(() => opened.close()),
      );
      const stop = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (controller) => Effect.sync(() => controller.abort()),
      );
      return { analyzer, signal: stop.signal, blocks: new VectorBlocks(sites, dim, config.dtype) };
    });
    const isSpecial = (id: number) => checkpoint.tokenizer.isSpecial(id);
    const nothing = {
      columns: [],
      dim,
      data: config.dtype === "f16" ? new Uint16Array(0) : new Float32Array(0),
    };
    const shards = yield* streamRows({
      kind: Activations,
      rows: traces,
      rowsPerShard: Math.max(1, Math.min(tracesPer(SHARD_TOKENS, tokens), tracesPer(SHARD_BYTES, bytes))),
      unit: "traces",
      open,
      run: Effect.fnUntraced(function* ({ analyzer, signal, blocks }, own, { writeVectors }, done) {
        const batches = analyzer.run({
          rows: yield* attempt(() =>
            own.map((trace) => (config.shuffle === "none" ? trace.ids : shuffledTokens(trace, isSpecial, config.seed))),
          ),
          captureAt: (row) => placesOf(own[row] as Trace, config.positions).map((place) => place.token),
          signal,
          onRows: done,
        });
        let through = { row: -1, places: [] as ReadonlyArray<Place>, done: 0 }; // of the trace in progress, which may come in chunks
        yield* Stream.runForEach(
          Stream.fromAsyncIterable(batches, asStageError),
          Effect.fnUntraced(function* ({ captured, outputs: found }) {
            const places = captured.map(({ row, token }) => {
              const trace = own[row] as Trace;
              if (through.row !== row) through = { row, places: placesOf(trace, config.positions), done: 0 };
              const { position } = through.places[through.done++] as Place;
              return { trace_id: trace.id, position, token_index: token };
            });
            const full = blocks.add(places, (site) => found[site]?.data as Vectors);
            yield* writeAll(full, (batch) => writeVectors("activations", batch));
            release(found); // the blocks hold copies
          }),
        );
        yield* writeAll(blocks.flush(), (batch) => writeVectors("activations", batch));
        // none of its traces may have the positions
        yield* writeVectors("activations", nothing);
      }),
    });
    for (const shard of shards) yield* outputs.activations.copyVectors("activations", shard);
    if (vectors === 0) yield* outputs.activations.writeVectors("activations", nothing);
  }),
});

/** Writes each batch before the next is asked for; what asking throws is a stage error. */
const writeAll = Effect.fnUntraced(function* <A, E>(batches: Iterator<A>, write: (batch: A) => Effect.Effect<void, E>) {
  while (true) {
    const { done, value } = yield* attempt(() => batches.next());
    if (done === true) return;
    yield* write(value);
  }
});
