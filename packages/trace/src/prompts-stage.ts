/** Stage `data.prompts`: prompts of the organism's world, of a file, or of a data set on a hub. */
import { createHash } from "node:crypto";
import { type Prompt, PromptLabel, Prompts } from "@precipice/artifacts";
import { streamFile } from "@precipice/files";
import { isHubSource } from "@precipice/model";
import { organismPool, organismRequests } from "@precipice/organism";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { rowFilter } from "./data/choose-rows.ts";
import { countPrompts } from "./data/count-prompts.ts";
import { hubSplitDigest } from "./data/hub-dataset.ts";
import { dataFile, isPreset, type LoadOptions, loadPrompts, splitsOf, withPreset } from "./data/load-prompts.ts";
import { PRESETS } from "./data/presets.ts";
import { formatOf } from "./data/read-file.ts";
import type { FIELDS } from "./data/to-prompt.ts";

const withDefault = <const A extends string>(options: ReadonlyArray<A>, fallback: A, description: string) =>
  Schema.Literals(options)
    .annotate({ description })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));

const positive = Schema.Int.check(Schema.isGreaterThan(0));
const cell = Schema.Union([Schema.String, Schema.Array(Schema.String).check(Schema.isMinLength(1))]);
const value = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]);
const values = Schema.Union([value, Schema.Array(value)]);
const column = Schema.optionalKey(cell);

const config = Schema.Struct({
  source: Schema.String.annotate({
    description: `organism://requests, organism://pool; a .jsonl, .json, .csv, .tsv or .parquet file (relative to the pipeline file); hf://datasets/org/name@revision; or preset:// and one of ${Object.keys(PRESETS).join(", ")}`,
    path: true,
  }),
  config: Schema.optionalKey(Schema.String.annotate({ description: "hf://: the data set's configuration" })),
  split: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "hf://: the split, or several as train+test; default: train. organism://requests: train, heldout (default) or all",
    }),
  ),
  framings: withDefault(["plain", "jailbreak", "all"], "all", "organism://requests: which framings"),
  columns: Schema.optionalKey(
    Schema.Struct({
      prompt: column,
      label: column,
      id: column,
      split: column,
      family: column,
      reference: column,
      target: column,
      note: column,
    } satisfies Record<(typeof FIELDS)[number], typeof column>).annotate({
      description:
        'Which column holds what; also a template "{instruction}\\n{input}", or a list: the first that is not blank. Of a chat the first user turn is the prompt. reference is the answer to train towards, target what an attack wants to hear. $split and $config name the source',
    }),
  ),
  labels: Schema.optionalKey(
    Schema.Union([PromptLabel, Schema.Record(Schema.String, PromptLabel)]).annotate({
      description:
        'One label for all rows, or what the values of the label column mean: { unsafe: harmful, "*": harmless }',
    }),
  ),
  where: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.Union([values, Schema.Struct({ not: values }), Schema.Struct({ matches: Schema.String })]),
    ).annotate({
      description:
        "Keep rows whose columns have a value, one of several, { not: … }, or { matches: regular expression }; of organism:// those of a prompt: id, prompt, family, split, note",
    }),
  ),
  take: Schema.optionalKey(positive.annotate({ description: "Read only the first n rows of the source" })),
  dedup: Schema.Boolean.annotate({
    description: "Keep the first of prompts that differ in case and white space alone",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  label: withDefault(["harmful", "harmless", "both"], "both", "Keep prompts of this label"),
  count: Schema.optionalKey(
    positive.annotate({ description: "At most this many, drawn by seed; default: all (a pool: 3000)" }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the draw" }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
});

type Config = typeof config.Type;

const isOrganism = (source: string) => source.startsWith("organism://");

const ofOrganism = (
  { source, split = "heldout", framings, label, count, seed, where = {} }: Config,
  onNotice: (message: string) => void,
): ReadonlyArray<Prompt> => {
  const isSplit = (name: string): name is "train" | "heldout" | "all" => ["train", "heldout", "all"].includes(name);
  if (!isSplit(split)) {
    throw new StageError({
      code: "E_SOURCE",
      message: `${source} has no split "${split}"`,
      remedy: "Use train, heldout or all",
    });
  }
  const filter = rowFilter(where);
  const kept = (row: Prompt) => filter.keeps({ ...row });
  const told = (rows: ReadonlyArray<Prompt>) => {
    filter.unused().forEach(onNotice);
    return rows;
  };
  if (source === "organism://requests") {
    if (Object.keys(where).length === 0) return organismRequests({ split, framings, label, count, seed });
    const labels = label === "both" ? (["harmful", "harmless"] as const) : [label];
    return told(
      labels.flatMap((one, i) => {
        const rows = organismRequests({ split, framings, label: one, seed }).filter(kept);
        if (count === undefined) return rows;
        return random(seed, "organism", "where", one).sample(rows, Math.ceil((count - i) / labels.length));
      }),
    );
  }
  if (source === "organism://pool")
    return told(
      organismPool(count ?? 3000, seed).filter((row) => kept(row) && (label === "both" || row.label === label)),
    );
  throw new StageError({
    code: "E_SOURCE",
    message: `${source} is no prompt set`,
    remedy: "Use organism://requests, organism://pool, a data file, hf://datasets/org/name or preset://name",
  });
};

const fileDigest = async (file: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of await streamFile(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

/** What stands for the source's content: of a hub the commit and the files of the split, without reading them. */
const digestOf = async (config: Config, options: LoadOptions): Promise<string> => {
  if (isOrganism(config.source)) return config.source;
  const query = withPreset(config);
  if (isHubSource(query.source)) {
    const digests: string[] = [];
    for (const split of splitsOf(query)) digests.push(await hubSplitDigest(query.source, query.config, split, options));
    const preset = isPreset(config.source) ? [config.source, query.columns, query.labels, query.where] : [];
    return createHash("sha256")
      .update(JSON.stringify([digests, preset]))
      .digest("hex");
  }
  // a broken file is an error of the plan, not of the run, also in rows of the other label
  await loadPrompts({ ...config, label: "both", count: undefined }, options);
  const file = dataFile(query.source, options.base);
  return `${formatOf(file)} ${await fileDigest(file)}`;
};

export const dataPrompts = Stage.make("data.prompts", {
  version: 5,
  description: "Prompts with labels: of the organism's world, a data file, or a data set on a Hugging Face hub",
  config,
  inputs: {},
  outputs: { prompts: Prompts },
  fingerprint: (config, { pipelineDir, notice }) =>
    attempt((signal) => digestOf(config, { base: pipelineDir, signal, onNotice: notice })),
  estimate: (config, _, { pipelineDir }) =>
    attempt(async (signal) => {
      const rows = isOrganism(config.source)
        ? ofOrganism(config, () => undefined).length
        : await countPrompts(config, { base: pipelineDir, signal });
      if (rows === undefined) return undefined;
      const fewer = config.count !== undefined && rows < config.count;
      return { rows, ...(fewer ? { note: `count asks for ${config.count}` } : {}) };
    }),
  run: Effect.fn("data.prompts")(function* ({ config, outputs, pipelineDir, progress, log, note }) {
    const notices: string[] = [];
    const rows = yield* attempt((signal) =>
      isOrganism(config.source)
        ? ofOrganism(config, (message) => notices.push(message))
        : loadPrompts(config, {
            base: pipelineDir,
            signal,
            onProgress: (done, total, file) => progress(done, total, "bytes", file),
            onRows: (done, place) => done % 1000 === 0 && progress(done, 0, "rows", place),
            onNotice: (message) => Effect.runFork(log(message)),
            onNote: (message) => notices.push(message),
            onUnused: (message) => notices.push(message),
          }),
    );
    if (rows.length === 0) {
      return yield* new StageError({
        code: "E_PROMPTS_EMPTY",
        message: `${config.source} has no prompts for this config${notices.map((notice) => `; ${notice}`).join("")}`,
        remedy: "Widen split, framings, label or where",
      });
    }
    for (const notice of new Set(notices)) yield* note(notice);
    if (config.count !== undefined && rows.length < config.count)
      yield* note(`count asks for ${config.count} prompts, and there are ${rows.length} for this config`);
    yield* log(`${rows.length} prompts, ${rows.filter((r) => r.label === "harmful").length} harmful`);
    const answered = rows.filter((r) => r.reference !== null).length;
    if (answered > 0 && answered < rows.length)
      yield* note(`${rows.length - answered} of ${rows.length} have no reference (a blank one is none)`);
    yield* outputs.prompts.writeRows("prompts", rows);
  }),
});
