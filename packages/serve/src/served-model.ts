/** A checkpoint that is being served, with what requests may name: adapters, sets of heads, directions. */
import {
  type AdapterWeights,
  type ChatOptions,
  type Checkpoint,
  CheckpointError,
  LiveGenerator,
  type LiveOptions,
  NO_MARKERS,
  type Reasoning,
  reasoningOf,
  type TemplateVars,
} from "@precipice/model";

export interface HeadFactor {
  readonly layer: number;
  readonly head: number;
  /** 0 ablates. */
  readonly scale: number;
}

export interface ServeModel {
  /** What requests call it. */
  readonly id: string;
  readonly checkpoint: Checkpoint;
  /** Also models of their own, under their names. */
  readonly adapters?: Readonly<Record<string, AdapterWeights>> | undefined;
  /** How heads are rescaled to their norm; undefined builds no interventions in. */
  readonly renorm?: "none" | "token" | undefined;
  readonly heads?: Readonly<Record<string, ReadonlyArray<HeadFactor>>> | undefined;
  readonly directions?: Readonly<Record<string, ReadonlyArray<number>>> | undefined;
  /** Thinking markers, where the chat template shows none or others. */
  readonly reasoning?: ChatOptions["reasoning"] | undefined;
  /** Variables of the chat template; a request's own go over them. */
  readonly templateVars?: TemplateVars | undefined;
  readonly generator?: Omit<LiveOptions, "adapters" | "headScale" | "directionEdit"> | undefined;
}

export interface ServedModel extends ServeModel {
  readonly live: LiveGenerator;
  readonly created: number;
  /** How it delimits its thinking; `none` where nothing shows it. */
  readonly reasoningWith: (vars: TemplateVars | undefined, system?: string) => Reasoning;
}

/** Loads it. Rejects with `SessionError`, `DecoderError`; throws `CheckpointError` where its tokenizer cannot be used. */
export const openServedModel = async (model: ServeModel): Promise<ServedModel> => {
  const { checkpoint, adapters, renorm, generator } = model;
  checkpoint.tokenizer; // opened now, so that a broken one is told now
  const live = await LiveGenerator.open(checkpoint, {
    ...generator,
    adapters,
    headScale: renorm,
    directionEdit: renorm !== undefined,
  });
  const known = new Map<string, Reasoning>();
  const reasoningWith = (vars: TemplateVars | undefined, system?: string): Reasoning => {
    const key = JSON.stringify([vars ?? {}, system]);
    const found = known.get(key) ?? shownReasoning(model, vars, system);
    if (known.size > 100) known.clear(); // callers choose the keys
    known.set(key, found);
    return found;
  };
  return { ...model, live, created: Math.floor(Date.now() / 1000), reasoningWith };
};

const shownReasoning = (
  { checkpoint, reasoning }: ServeModel,
  templateVars: TemplateVars | undefined,
  system: string | undefined,
): Reasoning => {
  try {
    return reasoningOf(checkpoint, {
      ...(reasoning === undefined ? {} : { reasoning }),
      ...(templateVars === undefined ? {} : { templateVars }),
      ...(system === undefined ? {} : { system }),
    });
  } catch (error) {
    if (error instanceof CheckpointError && error.problem === NO_MARKERS) return "none";
    throw error;
  }
};
