/** Stage `finetune.merge`: a model with its adapter folded in, as a checkpoint of its own. */
import { dirname } from "node:path";
import { Adapter, Model, modelFolder } from "@precipice/artifacts";
import { Checkpoint } from "@precipice/model";
import { attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { mergeAdapter } from "./merge-adapter.ts";
import { readAdapter } from "./peft-files.ts";

export const finetuneMerge = Stage.make("finetune.merge", {
  version: 1,
  description: "Merges a LoRA adapter into its model: a complete Hugging Face checkpoint folder",
  config: Schema.Struct({}),
  inputs: { model: Model, adapter: Adapter },
  outputs: { model: Model },
  run: Effect.fn("finetune.merge")(function* ({ inputs, outputs }) {
    const folder = yield* modelFolder(inputs.model);
    const [base] = yield* inputs.model.rows("model");
    const merged = yield* attempt(async () => {
      const checkpoint = Checkpoint.open(folder);
      const target = dirname(outputs.model.file("checkpoint/model.safetensors"));
      mergeAdapter(
        checkpoint,
        readAdapter(dirname(inputs.adapter.file("adapter_config.json")), checkpoint.config),
        target,
      );
      const { config } = checkpoint;
      return {
        source: `${base?.source ?? folder} + adapter`,
        path: "checkpoint",
        digest: await Checkpoint.open(target).digest(),
        model_type: config.modelType,
        n_layers: config.layers,
        n_heads: config.heads,
        d_model: config.hidden,
        vocab_size: config.vocab,
      };
    });
    yield* outputs.model.writeRows("model", [merged]);
  }),
});
