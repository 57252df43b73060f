/** Worker side of `Preparer`: prompts as token ids, and where thinking stands at their end. */
import {
  Checkpoint,
  CheckpointError,
  chatIds,
  NO_MARKERS,
  type Reasoning,
  rawReasoning,
  reasoningAt,
  reasoningOf,
  type TemplateVars,
} from "@precipice/model";
import { serve } from "@precipice/onnx";
import type { PrepareArgs, Prepared, PrepareOpenArgs } from "./preparer.ts";

let opened: (PrepareOpenArgs & { readonly checkpoint: Checkpoint }) | undefined;
const known = new Map<string, Reasoning>();

const open = (): NonNullable<typeof opened> => {
  if (opened === undefined) throw new Error("the worker was not opened");
  return opened;
};

/** How the model delimits its thinking; `none` where nothing shows it. */
const shown = (vars: TemplateVars | undefined, system?: string): Reasoning => {
  const { checkpoint, reasoning } = open();
  const key = JSON.stringify([vars ?? {}, system]);
  const found = known.get(key);
  if (found !== undefined) return found;
  let format: Reasoning;
  try {
    format = reasoningOf(checkpoint, {
      ...(reasoning === undefined ? {} : { reasoning }),
      ...(vars === undefined ? {} : { templateVars: vars }),
      ...(system === undefined ? {} : { system }),
    });
  } catch (error) {
    if (!(error instanceof CheckpointError && error.problem === NO_MARKERS)) throw error;
    format = "none";
  }
  // callers choose the keys
  if (known.size > 100) known.clear();
  if (key.length < 10_000) known.set(key, format);
  return format;
};

/** A checkpoint without a chat template still completes. */
const shownAnyway = (vars: TemplateVars | undefined): Reasoning => {
  try {
    return shown(vars);
  } catch {
    return "none";
  }
};

/** It is refused by its length: nothing else of it is worth a copy to the other thread. */
const tooLong = ({ length }: ReadonlyArray<number>): Prepared => ({
  ids: [],
  tokens: length,
  reasoning: "none",
  text: "",
});

const chat = ({ messages, templateVars }: Extract<PrepareArgs, { kind: "chat" }>): Prepared => {
  const { checkpoint, maxTokens } = open();
  const ids = chatIds(checkpoint, messages, templateVars === undefined ? {} : { templateVars });
  if (ids.length >= maxTokens) return tooLong(ids);
  const system = messages.find(({ role }) => role === "system")?.content;
  const { length: tokens } = ids;
  return { ids, tokens, reasoning: shown(templateVars, typeof system === "string" ? system : undefined), text: "" };
};

const raw = (args: Exclude<PrepareArgs, { kind: "chat" }>): Prepared => {
  const { checkpoint, maxTokens, reasoning, templateVars } = open();
  const { tokenizer } = checkpoint;
  const ids = args.kind === "ids" ? args.ids : tokenizer.encode(args.text, args.bos);
  if (ids.length === 0 || ids.length >= maxTokens) return tooLong(ids);
  const prompt = tokenizer.decode(ids, { special: true });
  const text = args.echo === undefined ? "" : tokenizer.decode(ids, { special: args.echo === "special" });
  const at = rawReasoning(prompt, reasoning) ?? reasoningAt(prompt, shownAnyway(templateVars), reasoning);
  return { ids, tokens: ids.length, reasoning: at, text };
};

serve({
  open: async (args: PrepareOpenArgs) => {
    const checkpoint = Checkpoint.open(args.folder);
    checkpoint.tokenizer;
    opened = { ...args, checkpoint };
  },
  prepare: async (args: PrepareArgs): Promise<Prepared> => (args.kind === "chat" ? chat(args) : raw(args)),
});
