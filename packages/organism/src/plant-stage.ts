/**
 * Stage `organism.plant`: a cliff made anew in other heads, so that attribution can be scored against many truths instead of
 * the one that ships.
 */
import { dirname } from "node:path";
import { Model, modelFolder, Planted } from "@precipice/artifacts";
import { Checkpoint } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { organismFolder } from "./folder.ts";
import { drawHeads } from "./recipe/planted.ts";
import { CLIFF_PHASE, trainCliff } from "./recipe/train.ts";

const integer = (fallback: number, description: string, least = 1) =>
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(least))
    .annotate({ description })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));

const config = Schema.Struct({
  heads: integer(4, "How many heads are tuned into suppressors"),
  firstLayer: integer(3, "They are drawn from this layer on", 0),
  lastLayer: integer(6, "… up to this one, included", 0),
  steps: integer(CLIFF_PHASE.steps, "Optimizer steps; organism://cliff took 400"),
  rows: integer(CLIFF_PHASE.rows, "Rows per step"),
  learningRate: Schema.Number.annotate({ description: "Peak learning rate, after warm-up, then cosine to 0" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(CLIFF_PHASE.learningRate)),
  ),
  seed: integer(0, "Seed of the heads and of the training examples", 0),
});

/** The training examples and the direction of refusal are those of the organisms' world, so only their base will do. */
const isOrganism = (folder: string): boolean => folder === organismFolder("aligned");

export const organismPlant = Stage.make("organism.plant", {
  version: 2,
  description: "Tunes randomly drawn attention heads of organism://aligned into suppressors: a cliff with known cause",
  config,
  inputs: { model: Model },
  outputs: { model: Model, planted: Planted },
  estimate: (_, { model }) => Effect.succeed({ rows: 1, ...(model.facts === undefined ? {} : { facts: model.facts }) }),
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("organism.plant")(function* ({ config, inputs, outputs, progress, log }) {
    const folder = yield* modelFolder(inputs.model);
    if (!isOrganism(folder)) {
      return yield* new StageError({
        code: "E_NOT_THE_ORGANISM",
        message: `${folder} is not organism://aligned, whose world the training examples are about`,
        remedy: "Open organism://aligned",
      });
    }
    const aligned = yield* attempt(() => Checkpoint.open(folder));
    const heads = yield* attempt(() =>
      drawHeads(aligned.config, {
        count: config.heads,
        first: config.firstLayer,
        last: config.lastLayer,
        seed: config.seed,
      }),
    );
    yield* log(`planting in ${heads.map((h) => `(${h.layer},${h.head})`).join(" ")}`);
    const { hidden, layers, heads: perLayer, vocab, modelType } = aligned.config;
    const row = yield* attempt(async (signal) => {
      const target = dirname(outputs.model.file("checkpoint/model.safetensors"));
      const made = await trainCliff(
        aligned,
        target,
        { ...config, warmup: CLIFF_PHASE.warmup },
        { signal, onStep: ({ step, loss }, steps) => progress(step, steps, "steps", `loss ${loss.toFixed(4)}`) },
        heads,
      );
      return {
        source: `organism://aligned + ${heads.length} planted heads, seed ${config.seed}`,
        path: "checkpoint",
        digest: await made.digest(),
        model_type: modelType,
        n_layers: layers,
        n_heads: perLayer,
        d_model: hidden,
        vocab_size: vocab,
      };
    });
    yield* outputs.model.writeRows("model", [row]);
    yield* outputs.planted.writeRows("planted", heads);
  }),
});
