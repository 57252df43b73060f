/** Stage `probe.capture`: activations at named sites and positions, sized before anything is computed. */
import { Activations, Model, modelFolder, Traces } from "@precipice/artifacts";
import { Analyzer, allResidPost, Checkpoint, residPost, siteWidth } from "@precipice/model";
import { floats } from "@precipice/onnx";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { positionNames, tokensAt } from "./positions.ts";

const config = Schema.Struct({
  sites: Schema.Union([Schema.Literals(["last", "all"]), Schema.Array(Schema.String)])
    .annotate({ description: "last: the residual stream after the last block; all: after every block; or site names" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("last" as const))),
  positions: Schema.Array(Schema.Literals(positionNames))
    .annotate({ description: `Any of ${positionNames.join(", ")}` })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(["final" as const]))),
  maxBytes: Schema.Number.annotate({ description: "Refuse to capture more than this" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(2e9)),
  ),
});

export const probeCapture = Stage.make("probe.capture", {
  version: 1,
  description: "Captures activations of traces at named sites and positions",
  config,
  inputs: { model: Model, traces: Traces },
  outputs: { activations: Activations },
  run: Effect.fn("probe.capture")(function* ({ config, inputs, outputs, progress, log }) {
    const traces = yield* inputs.traces.rows("traces");
    const folder = yield* modelFolder(inputs.model);
    const checkpoint = yield* attempt(() => Checkpoint.open(folder));
    const sites =
      config.sites === "last"
        ? [residPost(checkpoint.config.layers - 1)]
        : config.sites === "all"
          ? allResidPost(checkpoint.config)
          : config.sites;
    const widths = yield* attempt(() => sites.map((site) => siteWidth(checkpoint.config, site)));
    const wanted = yield* attempt(() =>
      traces.map((trace) =>
        config.positions.flatMap((position) => tokensAt(trace, position).map((token) => ({ position, token }))),
      ),
    );
    const vectors = wanted.reduce((sum, w) => sum + w.length, 0);
    const bytes = 4 * vectors * widths.reduce((a, b) => a + b, 0);
    if (bytes > config.maxBytes) {
      return yield* new StageError({
        code: "E_CAPTURE_SIZE",
        message: `this would capture ${bytes} bytes (${vectors} vectors at ${sites.length} sites), the limit is ${config.maxBytes}`,
        remedy: "Take fewer sites or positions, or raise maxBytes",
      });
    }
    if (new Set(widths).size > 1) {
      return yield* new StageError({
        code: "E_CAPTURE_WIDTH",
        message: "the sites differ in width",
        remedy: "Capture sites of one width per node",
      });
    }
    yield* log(`${vectors} vectors at ${sites.length} sites, ${(bytes / 1e6).toFixed(1)} MB`);

    const dim = widths[0] as number;
    const analyzer = yield* Effect.acquireRelease(
      attempt(() => Analyzer.open(checkpoint, { capture: sites })),
      (open) => Effect.promise(() => open.close()),
    );
    // Batches come longest first; rows are put back into the order of the traces before they are written.
    const starts: number[] = [];
    let total = 0;
    for (const w of wanted) {
      starts.push(total);
      total += w.length;
    }
    const data = sites.map(() => new Float32Array(total * dim));
    yield* attempt(async (signal) => {
      const run = analyzer.run({
        rows: traces.map((t) => t.ids),
        captureAt: (row) => (wanted[row] ?? []).map((w) => w.token),
        signal,
        onRows: (done, all) => progress(done, all, "traces"),
      });
      for await (const { captured, outputs: found } of run) {
        const filled = new Map<number, number>();
        captured.forEach(({ row }, i) => {
          const k = filled.get(row) ?? 0;
          filled.set(row, k + 1);
          sites.forEach((site, s) => {
            data[s]?.set(floats(found[site]).subarray(i * dim, (i + 1) * dim), ((starts[row] as number) + k) * dim);
          });
        });
      }
    });
    const bad = data.findIndex((values) => values.some((v) => !Number.isFinite(v)));
    if (bad >= 0) {
      return yield* new StageError({
        code: "E_CAPTURE_NAN",
        message: `activations at ${sites[bad]} are not finite`,
        remedy: "Check the checkpoint's weights",
      });
    }
    for (const [s, site] of sites.entries()) {
      const columns = traces.flatMap((trace, i) =>
        (wanted[i] ?? []).map(({ position, token }) => ({ trace_id: trace.id, site, position, token_index: token })),
      );
      yield* outputs.activations.writeVectors("activations", { columns, dim, data: data[s] as Float32Array });
    }
  }),
});
