/** Stage `model.open`: find a checkpoint, check it, and say what it is. Weights stay where they are; a hub's go into its cache. */
import { existsSync } from "node:fs";
import { Model } from "@precipice/artifacts";
import {
  type Checkpoint,
  commitDigest,
  fetchHubCheckpoint,
  findHubCheckpoint,
  type HubOptions,
  hubCheckpointBytes,
  hubSettings,
  isHubSource,
  knownDigest,
  openKnown,
  openPlanned,
} from "@precipice/model";
import { checkpointFolder } from "@precipice/organism";
import { Artifact, attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const config = Schema.Struct({
  source: Schema.String.annotate({
    description:
      "A Hugging Face checkpoint folder, hf://org/name, hf://org/name@revision, or organism://aligned, organism://cliff, organism://drifted",
    path: true,
  }),
});

/** Opens weights, config and tokenizer; the chat template is asked for when a prompt is rendered. */
const openAt = (folder: string): Checkpoint => {
  const checkpoint = openKnown(folder);
  assertTokenizer(checkpoint);
  return checkpoint;
};

/** Throws where there is none. */
const assertTokenizer = ({ tokenizer }: Checkpoint): void => void tokenizer.encode("a");

/** Async, so that what opening throws is a rejection. */
const digestAt = async (folder: string): Promise<string> => await knownDigest(folder, assertTokenizer);

/** What stands for the content: of a hub's checkpoint the commit, so that a plan needs none of its files. */
const digestOf = async (source: string, base: string, options?: HubOptions): Promise<string> => {
  if (!isHubSource(source)) return digestAt(checkpointFolder(source, base));
  const { reference, commit } = await findHubCheckpoint(source, options);
  return commitDigest(reference, commit);
};

/** The folder, and what its config says that is left aside; a config that cannot be used is the run's concern. */
const planned = (folder: string) => {
  try {
    const { notices } = openPlanned(folder);
    return {
      rows: 1,
      facts: { folder },
      ...(notices.length === 0 ? {} : { note: `config.json: ${notices.join("; ")}` }),
    };
  } catch {
    return { rows: 1, facts: { folder } };
  }
};

/**
 * The key holds the content of the checkpoint, not its source: copies are one model. A stored result is used again while that content
 * still lies where the result says; a hub's while the snapshot is complete.
 */
export const modelOpen = Stage.make("model.open", {
  version: 1,
  description: "Opens a checkpoint and checks that config, weights and tokenizer fit together",
  config,
  inputs: {},
  outputs: { model: Model },
  fingerprint: ({ source }, { pipelineDir, notice }) =>
    attempt((signal) => digestOf(source, pipelineDir, { signal, onNotice: notice })),
  revalidate: ({ source }, outputs) =>
    Effect.gen(function* () {
      const rows = yield* outputs.model.rows("model");
      if (isHubSource(source)) {
        const { folder, cached } = yield* attempt(() => findHubCheckpoint(source));
        return cached && rows.every(({ path }) => path === folder && existsSync(path));
      }
      const digests = yield* attempt(() => Promise.all(rows.map(({ path }) => digestAt(path))));
      return rows.every(({ digest }, i) => digest === digests[i]);
    }).pipe(Effect.orElseSucceed(() => false)),
  estimate: ({ source }, _, { pipelineDir, notice }) =>
    attempt(async (signal) => {
      if (!isHubSource(source)) return planned(checkpointFolder(source, pipelineDir));
      const options: HubOptions = { signal, onNotice: notice };
      const { folder, cached } = await findHubCheckpoint(source, options);
      if (cached) return planned(folder);
      // without a network what is missing stays missing: better said now than after other work
      if (hubSettings().offline) await fetchHubCheckpoint(source, options);
      // a hub that does not answer is the run's concern
      const bytes = await hubCheckpointBytes(source, options).catch(() => undefined);
      return bytes === undefined ? { rows: 1 } : { rows: 1, note: `to download: ${(bytes / 1e9).toPrecision(3)} GB` };
    }),
  run: Effect.fn("model.open")(function* ({ config: { source }, outputs, progress, log, pipelineDir }) {
    const row = yield* attempt(async (signal) => {
      const folder = isHubSource(source)
        ? await fetchHubCheckpoint(source, {
            signal,
            onProgress: (done, total, file) => progress(done, total, "bytes", file),
            onNotice: (message) => Effect.runFork(log(message)),
          }).then((found) => found.folder)
        : checkpointFolder(source, pipelineDir);
      if (!isHubSource(source)) await Effect.runPromise(Artifact.assertWhole(folder));
      const checkpoint = openAt(folder);
      const { config, notices } = checkpoint;
      for (const notice of notices) Effect.runFork(log(`config.json: ${notice}`));
      return {
        source,
        path: checkpoint.folder,
        digest: isHubSource(source) ? await digestOf(source, pipelineDir) : await checkpoint.digest(),
        model_type: config.modelType,
        n_layers: config.layers,
        n_heads: config.heads,
        d_model: config.hidden,
        vocab_size: config.vocab,
      };
    });
    yield* outputs.model.writeRows("model", [row]);
  }),
});
