/** Stage `data.prompts`: prompts of the organism's world, or of a file. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { type Prompt, Prompts } from "@precipice/artifacts";
import { organismPool, organismRequests } from "@precipice/organism";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { readPromptsFile } from "./prompts-file.ts";

const withDefault = <const A extends string>(options: ReadonlyArray<A>, fallback: A, description: string) =>
  Schema.Literals(options)
    .annotate({ description })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));

const config = Schema.Struct({
  source: Schema.String.annotate({
    description: "organism://requests, organism://pool, or a .jsonl file (relative to the pipeline file)",
  }),
  split: withDefault(
    ["train", "heldout", "all"],
    "heldout",
    "organism://requests: pairs seen in training, never seen, or both",
  ),
  framings: withDefault(["plain", "jailbreak", "all"], "all", "organism://requests: which framings"),
  label: withDefault(["harmful", "harmless", "both"], "both", "Keep prompts of this label"),
  count: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThan(0)).annotate({
      description: "At most this many, drawn by seed; default: all (a pool: 3000)",
    }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the draw" }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
});

type Config = typeof config.Type;

const isOrganism = (source: string) => source.startsWith("organism://");
const fileOf = (source: string, base: string) => (isAbsolute(source) ? source : resolve(base, source));

const load = (options: Config, base: string): ReadonlyArray<Prompt> => {
  const { source, split, framings, label, count, seed } = options;
  const kept = (row: { readonly label: string }) => label === "both" || row.label === label;
  if (source === "organism://requests") return organismRequests({ split, framings, label, count, seed });
  if (source === "organism://pool") return organismPool(count ?? 3000, seed).filter(kept);
  if (isOrganism(source)) {
    throw new StageError({
      code: "E_SOURCE",
      message: `${source} is no prompt set`,
      remedy: "Use organism://requests, organism://pool or a .jsonl file",
    });
  }
  const rows = readPromptsFile(fileOf(source, base)).filter(kept);
  return count === undefined ? rows : random(seed, "data.prompts").sample(rows, count);
};

export const dataPrompts = Stage.make("data.prompts", {
  version: 1,
  description: "Prompts with labels: of the organism's world, or from a JSON Lines file",
  config,
  inputs: {},
  outputs: { prompts: Prompts },
  fingerprint: ({ source }, { pipelineDir }) =>
    attempt(() => {
      if (isOrganism(source)) return source;
      readPromptsFile(fileOf(source, pipelineDir)); // a broken file is an error of the plan, not of the run
      return createHash("sha256")
        .update(readFileSync(fileOf(source, pipelineDir)))
        .digest("hex");
    }),
  run: Effect.fn("data.prompts")(function* ({ config, outputs, pipelineDir, log }) {
    const rows = yield* attempt(() => load(config, pipelineDir));
    if (rows.length === 0) {
      return yield* new StageError({
        code: "E_PROMPTS_EMPTY",
        message: `${config.source} has no prompts for this config`,
        remedy: "Widen split, framings or label",
      });
    }
    yield* log(`${rows.length} prompts, ${rows.filter((r) => r.label === "harmful").length} harmful`);
    yield* outputs.prompts.writeRows("prompts", rows);
  }),
});
