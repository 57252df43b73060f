/** A checkpoint that is being served, with what requests may name: adapters, sets of heads, directions. */
import {
  type AdapterWeights,
  type ChatOptions,
  type Checkpoint,
  LiveGenerator,
  type LiveOptions,
  type TemplateVars,
} from "@precipice/model";
import { Preparer } from "./preparer.ts";
import { Slots } from "./slots.ts";

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
  readonly preparer: Preparer;
  readonly slots: Slots;
  /** Takes all rows out and frees its threads. */
  readonly close: () => Promise<void>;
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
  try {
    const preparer = await Preparer.open({
      folder: checkpoint.folder,
      maxTokens: live.maxTokens,
      reasoning: model.reasoning,
      templateVars: model.templateVars,
    });
    const close = async () => {
      await Promise.all([live.close(), preparer.close()]);
    };
    const slots = new Slots((generator?.workers ?? 2) * (generator?.batch ?? 32));
    return { ...model, live, created: Math.floor(Date.now() / 1000), preparer, slots, close };
  } catch (error) {
    await live.close();
    throw error;
  }
};
