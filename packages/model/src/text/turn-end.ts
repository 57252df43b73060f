/**
 * The tokens that end a model's own turns: `<|eot_id|>` in Llama 3, `<|im_end|>` in ChatML, `<|end|>` in Phi. A list of end tokens
 * does not say which one that is, and its first is often the end of a document; the chat template shows it.
 */
import type { Checkpoint } from "../checkpoint.ts";
import { CheckpointError } from "../errors.ts";
import type { ChatTemplate } from "./chat-template.ts";

export interface TurnEnd {
  /** One token; more where the template closes the answer and the turn apart (`<|END_RESPONSE|><|END_OF_TURN_TOKEN|>`). Empty: none is known. */
  readonly ids: ReadonlyArray<number>;
  readonly text: string;
  readonly shownBy: "chat template" | "tokenizer" | "generation config" | "nothing";
  /** Generation stops at the last of them. */
  readonly stops: boolean;
}

type Sources = Pick<Checkpoint, "template" | "tokenizer" | "config">;

/**
 * In this order: the end token that the template writes behind an assistant's words, by the model's end tokens; any token that it
 * writes there whether or not the turn is the last; the tokenizer's `eos_token`; the only or first end token of the generation
 * config. Throws `CheckpointError` where the checkpoint has no usable tokenizer.
 */
export const turnEnd = (checkpoint: Sources): TurnEnd => {
  const { tokenizer, config } = checkpoint;
  const eos = tokenizer.eosId === undefined ? [] : [tokenizer.eosId];
  const stops: ReadonlySet<number> = new Set([...config.eosIds, ...eos]);
  const end = (ids: ReadonlyArray<number>, shownBy: TurnEnd["shownBy"]): TurnEnd => ({
    ids,
    text: tokenizer.decode(ids, { special: true }),
    shownBy,
    stops: config.eosIds.includes(ids.at(-1) ?? -1),
  });
  const added = (text: string) => tokenizer.encode(text).filter((id) => tokenizer.isAdded(id));
  const upToStop = (text: string): ReadonlyArray<number> => {
    const ids = added(text);
    return ids.slice(0, ids.findIndex((id) => stops.has(id)) + 1);
  };
  const { last = "", middle = last } = behindAnswer(checkpoint);
  const always = shared(last, middle);
  for (const ids of [upToStop(always), added(always), upToStop(last), upToStop(middle)])
    if (ids.length > 0) return end(ids, "chat template");
  if (eos.length > 0) return end(eos, "tokenizer");
  return end(config.eosIds.slice(0, 1), config.eosIds.length === 0 ? "nothing" : "generation config");
};

const ANSWER = "It looks like a chanterelle";
const NEXT = "Which mushroom is that one";

/** What a template writes behind an assistant's words: at the end of a conversation, and up to the next user's words. */
const behindAnswer = (
  checkpoint: Sources,
): { readonly last: string | undefined; readonly middle: string | undefined } => {
  const template = templateOf(checkpoint);
  if (template === undefined) return { last: undefined, middle: undefined };
  const turns = [
    { role: "user", content: "Which mushroom is this one" },
    { role: "assistant", content: ANSWER },
  ];
  const behind = (text: string | undefined): string | undefined => {
    const at = text?.lastIndexOf(ANSWER) ?? -1;
    return at < 0 ? undefined : text?.slice(at + ANSWER.length);
  };
  const middle = behind(rendered(template, [...turns, { role: "user", content: NEXT }]))?.split(NEXT)[0];
  return { last: behind(rendered(template, turns)), middle };
};

/** A model of raw prompts has no turns. */
const templateOf = (checkpoint: Sources): ChatTemplate | undefined => safely(() => checkpoint.template);

const rendered = (template: ChatTemplate, messages: Parameters<ChatTemplate["render"]>[0]): string | undefined =>
  safely(() => template.render(messages, {}, { generationPrompt: false }));

const safely = <A>(work: () => A): A | undefined => {
  try {
    return work();
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
};

/** The beginning that two texts share. */
const shared = (a: string, b: string): string => {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return a.slice(0, n);
};
