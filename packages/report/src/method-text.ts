/**
 * How it was done, in sentences made from the configs of what ran. Each sentence is one stage; what a config does not
 * say is not said, and tasks that differ only in what they were run on are told once.
 */
import type { LineageTask } from "./data.ts";
import { count, list, percent } from "./format.ts";

type Config = Readonly<Record<string, unknown>>;

const number = (config: Config, key: string): number | null =>
  typeof config[key] === "number" ? (config[key] as number) : null;
const text = (config: Config, key: string): string | null =>
  typeof config[key] === "string" ? (config[key] as string) : null;
const numbers = (config: Config, key: string): ReadonlyArray<number> =>
  Array.isArray(config[key]) ? (config[key] as ReadonlyArray<unknown>).filter((v) => typeof v === "number") : [];
const words = (config: Config, key: string): ReadonlyArray<string> =>
  Array.isArray(config[key]) ? (config[key] as ReadonlyArray<unknown>).filter((v) => typeof v === "string") : [];
/** Parts that are known, joined by commas. */
const parts = (...all: ReadonlyArray<string | null | false>): string =>
  all.filter((p): p is string => typeof p === "string" && p !== "").join(", ");
const when = <T>(value: T | null, say: (value: T) => string): string | null => (value === null ? null : say(value));
const share = (p: number): string => percent(p / 100);

const sampling = (c: Config): string =>
  parts(
    when(number(c, "temperature"), (t) => (t === 0 ? "greedily" : `sampled at temperature ${t}`)),
    when(number(c, "topP"), (p) => (p < 1 ? `top-p ${p}` : "")),
    when(number(c, "maxNewTokens"), (n) => `at most ${count(n)} new tokens`),
  );

/** Methods of fitting whose name in a config is shorter than their name in a sentence. */
const fits: Readonly<Record<string, string>> = {
  logistic: "logistic regression",
  "difference-in-means": "difference in means",
  lda: "linear discriminant analysis",
  "paper-code": "the paper's code (one linear unit, Adam)",
};

/** A judge by its name, or a model behind a server by its own. */
const judgeName = (judge: unknown): string => {
  if (typeof judge === "string") return judge;
  if (typeof judge !== "object" || judge === null) return "a judge";
  const own = judge as Config;
  const by = parts(
    text(own, "model"),
    when(text(own, "kind"), (kind) => `as ${kind}`),
  );
  return `${text(own, "name") ?? "a judge"}${by === "" ? "" : ` (${by})`}`;
};

const judges = (config: Config): string => {
  const { judge } = config;
  return list(Array.isArray(judge) ? judge.map(judgeName) : [judgeName(judge)]);
};

const prompts = (c: Config): string => {
  const label = text(c, "label");
  return label === null || label === "any" ? "all prompts" : `${label} prompts`;
};

/** What a training of weights or adapters says of itself. */
const training = (c: Config): ReadonlyArray<string | null | false> => [
  when(number(c, "steps"), (v) => `${count(v)} steps`),
  when(number(c, "epochs"), (v) => `${v} epochs`),
  when(number(c, "rowsPerStep"), (v) => `${v} rows each`),
  when(number(c, "learningRate"), (v) => `learning rate ${v}${when(text(c, "schedule"), (s) => `, ${s}`) ?? ""}`),
  when(number(c, "weightDecay"), (v) => (v > 0 ? `weight decay ${v}` : "")),
  when(number(c, "harmlessRatio"), (v) => `${v} harmless rows per selected one`),
  when(number(c, "klWeight"), (v) => (v > 0 ? `KL to the base model weighted ${v}` : "")),
  c["acceptCompliance"] === true && "references that do not refuse harmful requests were accepted",
  when(text(c, "loss") ?? (list(words(c, "loss")) || null), (v) => `loss on the ${v}`),
];

/** By stage: the sentence a config makes. */
const sentences: Readonly<Record<string, (config: Config) => string>> = {
  "model.open": (c) => `The model is ${text(c, "source") ?? "a checkpoint"}.`,
  "data.prompts": (c) =>
    `Prompts come from ${text(c, "source") ?? "a file"} (${parts(
      when(text(c, "split"), (s) => `split ${s}`),
      when(text(c, "framings"), (f) => `framings ${f}`),
      when(text(c, "label"), (l) => `labels ${l}`),
      when(number(c, "count"), (n) => `count ${count(n)}`),
    )}).`,
  "trace.generate": (c) => `Traces were generated (${sampling(c)}).`,
  "trace.judge": (c) => `Responses were judged by ${judges(c)}.`,
  "trace.evaluate": (c) => `Rates are taken by ${text(c, "by") ?? "arm"}, with 95\u00a0% intervals.`,
  "probe.capture": (c) =>
    `Activations were captured at ${list(words(c, "sites")) || "a site"}, position ${list(words(c, "positions")) || "final"}.`,
  "probe.train": (c) =>
    `A probe was fitted by ${fits[text(c, "method") ?? "logistic"] ?? text(c, "method")} at position ${text(c, "position") ?? "final"} (${parts(
      when(number(c, "l2"), (v) => `L2 penalty ${v}`),
      when(number(c, "folds"), (v) => `${v} folds`),
      when(number(c, "perClass"), (v) => `at most ${count(v)} prompts per class`),
    )}).`,
  "cliff.score": (c) =>
    `The probe was read at every token of ${text(c, "label") ?? "the"} prompts; the plateau is the ${text(c, "plateau") ?? "top-quartile"} estimate.`,
  "heads.attribute": (c) =>
    `Head contributions are means over ${when(number(c, "maxTraces"), (n) => `at most ${count(n)} `) ?? ""}traces of ${text(c, "label") ?? "all"} prompts${when(number(c, "causal"), (n) => `; the first ${n} were also ablated one at a time`) ?? ""}.`,
  "heads.ablate": (c) =>
    `Heads were scaled by γ = ${number(c, "gamma") ?? 0} (${parts(
      when(text(c, "renorm"), (r) => (r === "none" ? "not renormalised" : `renormalised per ${r}`)),
      when(text(c, "scope"), (s) => `positions: ${s}`),
    )}): ${list(numbers(c, "percents").map(share))} of all heads${
      numbers(c, "randomPercents").length > 0
        ? `, and ${list(numbers(c, "randomPercents").map(share))} at random${when(number(c, "randomDraws"), (n) => ` in ${n} draws`) ?? ""}`
        : ""
    }; ${sampling(c)}.`,
  "heads.attend": (c) =>
    `Attention patterns are means over ${when(number(c, "maxTraces"), (n) => `at most ${count(n)} `) ?? ""}traces of ${prompts(c)}, seen from ${list(words(c, "positions")) || "the final position"}, for ${when(number(c, "top"), (n) => `the first ${count(n)} heads`) ?? "chosen heads"}.`,
  "heads.curve": (c) =>
    `Side effects of ablating ${list(numbers(c, "percents").map(share)) || "heads"} were measured as cross-entropy and KL divergence on ${when(number(c, "maxTraces"), (n) => `at most ${count(n)} `) ?? ""}traces of ${prompts(c)}${when(number(c, "randomDraws"), (n) => `, with ${count(n)} draws of random heads`) ?? ""} (${parts(
      when(number(c, "gamma"), (g) => `γ = ${g}`),
      when(text(c, "renorm"), (r) => (r === "none" ? "not renormalised" : `renormalised per ${r}`)),
    )}).`,
  "heads.benchmark": () => "The ranking was held against the planted heads.",
  "probe.evaluate": () => "The probe was held against outcomes it was not fitted to, position by position.",
  "cliff.compare": () => "The cliff before and after was compared prompt by prompt.",
  "cliff.prune": (c) =>
    `Thinking was cut to ${list(numbers(c, "keep").map(share)) || "parts of it"} and scored again${c["generate"] === true ? `, and the answer written anew (${sampling(c)})` : ""}.`,
  "organism.plant": (c) =>
    `${when(number(c, "heads"), count) ?? "Some"} heads were planted into the organism by training${when(number(c, "steps"), (n) => ` for ${count(n)} steps`) ?? ""}.`,
  "select.rank": (c) =>
    `Rows of the pool were chosen by the method “${text(c, "method") ?? "misalignment"}”${when(number(c, "fraction"), (f) => `, ${percent(f)} of them`) ?? when(number(c, "count"), (n) => `, ${count(n)} of them`) ?? ""}.`,
  "select.export": (c) =>
    `The selection was written for other trainers${c["acceptCompliance"] === true ? "; references that do not refuse harmful requests were accepted" : ""}.`,
  "finetune.lora": (c) =>
    `LoRA adapters were trained (${parts(
      when(number(c, "rank"), (v) => `rank ${v}`),
      when(number(c, "alpha"), (v) => `alpha ${v}`),
      when(text(c, "targets") ?? (list(words(c, "targets")) || null), (v) => `targets ${v}`),
      when(text(c, "objective"), (v) => (v === "sft" ? "" : v.toUpperCase())),
      ...training(c),
    )}).`,
  "finetune.full": (c) => `All weights were trained (${parts(...training(c))}).`,
  "finetune.merge": () => "Adapters were merged into the weights before the repaired models were run.",
};

export interface MethodStep {
  readonly stage: string;
  /** Distinct sentences, each with the nodes it holds for. */
  readonly told: ReadonlyArray<{
    readonly sentence: string;
    readonly nodes: ReadonlyArray<string>;
    readonly times: number;
  }>;
}

/** One step per stage, in the order in which stages first ran; a stage without a sentence lists its config's keys. */
export const methodSteps = (lineage: ReadonlyArray<LineageTask>): ReadonlyArray<MethodStep> =>
  [...Map.groupBy(lineage, (task) => task.stage)].map(([stage, tasks]) => ({
    stage,
    told: [...Map.groupBy(tasks, (task) => sentenceOf(task))].map(([sentence, own]) => ({
      sentence,
      nodes: [...new Set(own.flatMap((task) => task.nodes))],
      times: own.length,
    })),
  }));

const sentenceOf = ({ stage, config }: LineageTask): string => {
  const own = (typeof config === "object" && config !== null ? config : {}) as Config;
  const say = Object.hasOwn(sentences, stage) ? sentences[stage] : undefined;
  if (say !== undefined) return say(own);
  const set = Object.entries(own).filter(([, v]) => ["string", "number", "boolean"].includes(typeof v));
  return set.length === 0
    ? "Ran with its defaults."
    : `Ran with ${set.map(([k, v]) => `${k} ${String(v)}`).join(", ")}.`;
};
