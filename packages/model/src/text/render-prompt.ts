/** The one way from a user's words to a model's prompt: every stage and command renders here. */
import type { Checkpoint } from "../checkpoint.ts";
import { CheckpointError } from "../errors.ts";
import type { ChatOptions } from "./chat-options.ts";
import type { Message } from "./chat-template.ts";
import { type Reasoning, reasoningFormat } from "./reasoning-format.ts";

/**
 * The rendered prompt of one user turn as token ids. It starts with exactly one beginning-of-sequence token where the template
 * or the tokenizer (or `bos: once`) asks for one, and with none where neither does, as with Qwen and Phi-4. Throws
 * `CheckpointError` where the template fails or leaves out a system prompt it was given.
 */
export const promptIds = (
  { template, tokenizer }: Pick<Checkpoint, "template" | "tokenizer">,
  prompt: string,
  { system, templateVars, bos = "auto" }: ChatOptions = {},
): number[] => {
  const user = [{ role: "user", content: prompt }];
  const text = template.render(
    system === undefined ? user : [{ role: "system", content: system }, ...user],
    templateVars,
  );
  if (system !== undefined && text === template.render(user, templateVars))
    throw new CheckpointError({
      file: template.file,
      place: "chat template",
      problem: "leaves out the system message",
      remedy: "take out system: this template has its own way",
    });
  return tokenizer.encode(text, bos);
};

/** A whole conversation, up to where the model starts to write, as token ids; as `promptIds` else. */
export const chatIds = (
  { template, tokenizer }: Pick<Checkpoint, "template" | "tokenizer">,
  messages: ReadonlyArray<Message>,
  { templateVars, bos = "auto" }: Omit<ChatOptions, "system" | "reasoning"> = {},
): number[] => tokenizer.encode(template.render(messages, templateVars), bos);

/** How this checkpoint delimits its thinking under these options. Throws `CheckpointError` where nothing shows it. */
export const reasoningOf = (
  { template, tokenizer }: Pick<Checkpoint, "template" | "tokenizer">,
  { system, templateVars, reasoning }: ChatOptions = {},
): Reasoning =>
  reasoningFormat({
    template,
    override: reasoning,
    system,
    templateVars,
    hasToken: (text) => tokenizer.id(text) !== undefined,
  });
