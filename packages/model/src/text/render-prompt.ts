/** The one way from messages to a model's prompt: every stage, command and server renders here. */
import type { Checkpoint } from "../checkpoint.ts";
import { CheckpointError } from "../errors.ts";
import type { ChatOptions } from "./chat-options.ts";
import type { ChatTemplate, Message, TemplateVars } from "./chat-template.ts";
import { type Reasoning, reasoningFormat } from "./reasoning-format.ts";

/**
 * The rendered prompt of one user turn as token ids. They start with a beginning-of-sequence token where the template writes one, as
 * in transformers' `apply_chat_template`, or with `bos: once`. Throws `CheckpointError` where the template fails or leaves out
 * words that it was given.
 */
export const promptIds = (
  checkpoint: Pick<Checkpoint, "template" | "tokenizer">,
  prompt: string,
  { system, ...options }: ChatOptions = {},
): number[] => {
  const user = [{ role: "user", content: prompt }];
  return chatIds(checkpoint, system === undefined ? user : [{ role: "system", content: system }, ...user], options);
};

/** A whole conversation, up to where the model starts to write, as token ids; as `promptIds` else. */
export const chatIds = (
  { template, tokenizer }: Pick<Checkpoint, "template" | "tokenizer">,
  messages: ReadonlyArray<Message>,
  { templateVars, bos = "auto" }: Omit<ChatOptions, "system" | "reasoning"> = {},
): number[] => {
  const text = template.render(messages, templateVars);
  refuseDropped(template, messages, templateVars);
  // a template has the last word on the token: no tokenizer adds one in front of it
  return tokenizer.encode(text, bos === "once" ? "once" : "asis");
};

/** Throws `CheckpointError` where words of a system prompt or a user are not in the rendered text. */
const refuseDropped = (
  template: ChatTemplate,
  messages: ReadonlyArray<Message>,
  templateVars: TemplateVars | undefined,
): void => {
  const probe = (i: number) => `\nchanterelle ${i} seen`;
  const isAsked = ({ role, content }: Message) => (role === "system" || role === "user") && typeof content === "string";
  const probed = messages.map((message, i) =>
    isAsked(message) ? { ...message, content: `${message.content}${probe(i)}` } : message,
  );
  const text = template.render(probed, templateVars).toLowerCase();
  const dropped = messages.find((message, i) => isAsked(message) && !text.includes(probe(i).trim()));
  if (dropped === undefined) return;
  if (dropped.role === "system")
    throw new CheckpointError({
      file: template.file,
      place: "chat template",
      problem: "leaves out the system message",
      remedy: "take out system: this template has its own way",
    });
  throw new CheckpointError({
    file: template.file,
    place: "chat template",
    problem: "leaves out the user's message",
    remedy: "check the template: it must write the content of the messages",
  });
};

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
