/**
 * Formats of reasoning models by name: what stands around the thinking, and around the answer where that has markers too. For
 * models whose chat template does not show it. From the models' public chat templates and model cards.
 */
export interface KnownFormat {
  readonly open: string;
  readonly close: string;
  /** Between close marker and answer, where that is more than blanks. */
  readonly tail?: string;
  /** Behind the answer; no part of it. */
  readonly answerClose?: string;
  /** What a template's source must hold to be taken for this format; default: all of the above. */
  readonly cues?: ReadonlyArray<string>;
}

const think = { open: "<think>", close: "</think>" };
const tagged = { ...think, tail: "\n<answer>\n", answerClose: "</answer>" };
const openthinker = {
  open: "<|begin_of_thought|>",
  close: "<|end_of_thought|>",
  tail: "\n\n<|begin_of_solution|>\n\n",
  answerClose: "<|end_of_solution|>",
};

/** The most common first. */
export const KNOWN_FORMATS = {
  think,
  "deepseek-r1": think,
  qwen3: think,
  "phi-4-reasoning": think,
  "phi-4-mini-reasoning": think,
  "hermes-4": think,
  "minimax-m1": think,
  "r1-zero": tagged,
  "hunyuan-a13b": tagged,
  "granite-3.3": { ...think, tail: "<response>", answerClose: "</response>" },
  "granite-3.2": { open: "Here is my thought process:", close: "Here is my response:" },
  "seed-oss": { open: "<seed:think>", close: "</seed:think>" },
  "command-a": {
    open: "<|START_THINKING|>",
    close: "<|END_THINKING|>",
    tail: "<|START_RESPONSE|>",
    answerClose: "<|END_RESPONSE|>",
  },
  magistral: { open: "[THINK]", close: "[/THINK]" },
  openthinker,
  "sky-t1": openthinker,
  s1: { open: "<|im_start|>think", close: "<|im_start|>answer" },
  "marco-o1": {
    open: "<Thought>",
    close: "</Thought>",
    tail: "\n\n<Output>\n",
    answerClose: "</Output>",
    cues: ["<Thought>", "<Output>"],
  },
  "exaone-deep": { open: "<thought>", close: "</thought>" },
  thinking: { open: "<thinking>", close: "</thinking>" },
  reasoning: { open: "<reasoning>", close: "</reasoning>" },
  "kimi-vl": { open: "◁think▷", close: "◁/think▷" },
  "gpt-oss": {
    open: "<|channel|>analysis<|message|>",
    close: "<|end|><|start|>assistant<|channel|>final<|message|>",
    cues: ["<|channel|>analysis<|message|>", "<|channel|>final<|message|>"],
  },
  apriel: {
    open: "Here are my reasoning steps:",
    close: "[BEGIN FINAL RESPONSE]",
    answerClose: "[END FINAL RESPONSE]",
    cues: ["Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"],
  },
  apertus: { open: "<|inner_prefix|>", close: "<|inner_suffix|>" },
} as const satisfies Readonly<Record<string, KnownFormat>>;

export type KnownFormatName = keyof typeof KNOWN_FORMATS;
export const KNOWN_FORMAT_NAMES = Object.keys(KNOWN_FORMATS) as ReadonlyArray<KnownFormatName>;

export const knownFormat = (name: KnownFormatName): KnownFormat => KNOWN_FORMATS[name];

/** The format whose texts all stand in a template's source: of several the one with the most. */
export const formatInSource = (source: string): KnownFormat | undefined => {
  let best: { readonly format: KnownFormat; readonly texts: number } | undefined;
  for (const format of Object.values<KnownFormat>(KNOWN_FORMATS)) {
    const { open, close, tail, answerClose, cues } = format;
    const own = [open, close, tail?.trim(), answerClose].filter((text) => text !== undefined);
    if (!(cues ?? own).every((text) => source.includes(text))) continue;
    if (best === undefined || own.length > best.texts) best = { format, texts: own.length };
  }
  return best?.format;
};
