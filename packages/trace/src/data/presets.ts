/**
 * Well-known prompt sets by name: where they are and which of their columns hold what. Their content stays where it is; several
 * are gated, and then the hub wants its terms accepted and a token.
 */
import { Pipeline, StageError } from "@precipice/runtime";
import type { Where } from "./choose-rows.ts";
import type { Columns, Labels } from "./to-prompt.ts";

export interface Preset {
  readonly source: string;
  readonly config?: string;
  readonly split: string;
  readonly columns: Columns;
  readonly labels: Labels;
  readonly where?: Where;
}

export const PRESETS: { readonly [name: string]: Preset } = {
  /** Zou et al. 2023: 520 harmful instructions with target openings. Gated. */
  advbench: {
    source: "hf://datasets/walledai/AdvBench",
    split: "train",
    columns: { prompt: "prompt", target: "target" },
    labels: "harmful",
  },
  /** Chao et al. 2024: 100 harmful behaviours and 100 benign ones on the same topics. */
  jailbreakbench: {
    source: "hf://datasets/JailbreakBench/JBB-Behaviors",
    config: "behaviors",
    split: "harmful+benign",
    columns: { prompt: "Goal", label: "$split", family: "Category", target: "Target", note: "Source" },
    labels: { harmful: "harmful", benign: "harmless" },
  },
  /** Mazeika et al. 2024, standard behaviours; `config: contextual` has a column `context` too. Gated. */
  harmbench: {
    source: "hf://datasets/walledai/HarmBench",
    config: "standard",
    split: "train",
    columns: { prompt: "prompt", family: "category" },
    labels: "harmful",
  },
  /** Souly et al. 2024: 313 forbidden questions. Gated. */
  strongreject: {
    source: "hf://datasets/walledai/StrongREJECT",
    split: "train",
    columns: { prompt: "prompt", family: "category", note: "source" },
    labels: "harmful",
  },
  /** Jiang et al. 2024, evaluation: 2,000 adversarial harmful prompts and 210 adversarial benign ones. Gated. */
  wildjailbreak: {
    source: "hf://datasets/allenai/wildjailbreak",
    config: "eval",
    split: "train",
    columns: { prompt: "adversarial", label: "data_type", family: "data_type" },
    labels: { adversarial_harmful: "harmful", adversarial_benign: "harmless" },
  },
  /** Jiang et al. 2024, training: 262 thousand plain and adversarial prompts with completions. Gated. */
  "wildjailbreak-train": {
    source: "hf://datasets/allenai/wildjailbreak",
    config: "train",
    split: "train",
    columns: { prompt: ["adversarial", "vanilla"], label: "data_type", family: "data_type", reference: "completion" },
    labels: {
      adversarial_harmful: "harmful",
      vanilla_harmful: "harmful",
      adversarial_benign: "harmless",
      vanilla_benign: "harmless",
    },
  },
  /** Röttger et al. 2024: 250 safe prompts that sound unsafe, and 200 unsafe contrasts. Gated. */
  xstest: {
    source: "hf://datasets/walledai/XSTest",
    split: "test",
    columns: { prompt: "prompt", label: "label", family: "type", note: "focus" },
    labels: { safe: "harmless", unsafe: "harmful" },
  },
  /** Cui et al. 2024: harmless prompts that get refused. `config: or-bench-80k` has more of them, `or-bench-toxic` harmful ones. */
  "or-bench": {
    source: "hf://datasets/bench-llm/or-bench",
    config: "or-bench-hard-1k",
    split: "train",
    columns: { prompt: "prompt", label: "$config", family: "category" },
    labels: { "or-bench-hard-1k": "harmless", "or-bench-80k": "harmless", "or-bench-toxic": "harmful" },
  },
  /** Ding et al. 2023, filtered by Tunstall et al.: everyday conversations; the first user turn is the prompt. */
  ultrachat: {
    source: "hf://datasets/HuggingFaceH4/ultrachat_200k",
    split: "train_sft",
    columns: { prompt: "prompt", id: "prompt_id", reference: "messages" },
    labels: "harmless",
  },
  /** Wang et al. 2025: 1,000 harmful questions with deliberate refusals, thinking included. */
  "star-1": {
    source: "hf://datasets/UCSC-VLAA/STAR-1",
    split: "train",
    columns: { prompt: "question", id: "id", family: "source", reference: "response" },
    labels: "harmful",
  },
};

/** The preset of `preset://name`; fails with the nearest name. */
export const presetOf = (source: string): Preset => {
  const name = source.replace(/^preset:\/\//, "");
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name] as Preset;
  const near = Pipeline.nearest(name, Object.keys(PRESETS));
  throw new StageError({
    code: "E_SOURCE",
    message: `${source}: there is no such preset; there are ${Object.keys(PRESETS).join(", ")}`,
    remedy: near === undefined ? "Choose one of them" : `Did you mean "preset://${near}"?`,
  });
};
