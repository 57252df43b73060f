/** Flags on chat and thinking: what stages take as `system`, `templateVars` and `reasoning`. */
import type { ChatOptions, Checkpoint, Reasoning } from "@precipice/model";
import { KNOWN_FORMAT_NAMES, type KnownFormatName } from "@precipice/model/spans";
import * as Flag from "effect/cli/Flag";
import * as Option from "effect/Option";
import { CommandError } from "../terminal/errors.ts";

export const chatFlags = {
  system: Flag.String("system").pipe(
    Flag.withDescription("System prompt; default: the template's own"),
    Flag.withMetavar("text"),
    Flag.optional,
  ),
  templateVars: Flag.String("template-var").pipe(
    Flag.withDescription("Variable of the chat template, e.g. enable_thinking=false; may be repeated"),
    Flag.withMetavar("name=value"),
    Flag.atLeast(0),
  ),
  thinkOpen: Flag.String("think-open").pipe(
    Flag.withDescription("Marker before the thinking; default: by the chat template"),
    Flag.withMetavar("text"),
    Flag.optional,
  ),
  thinkClose: Flag.String("think-close").pipe(
    Flag.withDescription("Marker after the thinking"),
    Flag.withMetavar("text"),
    Flag.optional,
  ),
  thinkOpened: Flag.Boolean("think-opened").pipe(
    Flag.withDescription(
      "The prompt ends inside the thinking; --no-think-opened: it does not; default: as it is rendered",
    ),
    Flag.optional,
  ),
  thinkClosed: Flag.Boolean("think-closed").pipe(
    Flag.withDescription("The prompt ends behind the thinking, the model answers at once; default: as it is rendered"),
    Flag.optional,
  ),
  reasoning: Flag.Literals("reasoning", ["none", ...KNOWN_FORMAT_NAMES]).pipe(
    Flag.withDescription("A known format instead of the markers, or none for a model that only answers"),
    Flag.optional,
  ),
};

export interface ChatFlags {
  readonly system: Option.Option<string>;
  readonly templateVars: ReadonlyArray<string>;
  readonly thinkOpen: Option.Option<string>;
  readonly thinkClose: Option.Option<string>;
  readonly thinkOpened: Option.Option<boolean>;
  readonly thinkClosed: Option.Option<boolean>;
  readonly reasoning: Option.Option<"none" | KnownFormatName>;
}

/** Throws `CommandError` E_FLAG for half a pair of markers, for flags that contradict, and for a variable without a value. */
export const chatOf = (flags: ChatFlags): ChatOptions => {
  const { system, templateVars } = flags;
  const reasoning = reasoningFlags(flags);
  return {
    ...(Option.isNone(system) ? {} : { system: system.value }),
    ...(templateVars.length === 0 ? {} : { templateVars: Object.fromEntries(templateVars.map(variable)) }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
};

const reasoningFlags = (flags: ChatFlags): ChatOptions["reasoning"] => {
  const [open, close] = [Option.getOrUndefined(flags.thinkOpen), Option.getOrUndefined(flags.thinkClose)];
  const format = Option.getOrUndefined(flags.reasoning);
  if ((open === undefined) !== (close === undefined) || open === "" || close === "")
    throw new CommandError("E_FLAG", "--think-open and --think-close go together, and neither is empty");
  const state = {
    ...(Option.isNone(flags.thinkOpened) ? {} : { opened: flags.thinkOpened.value }),
    ...(Option.isNone(flags.thinkClosed) ? {} : { closed: flags.thinkClosed.value }),
  };
  const says = open !== undefined || Object.keys(state).length > 0;
  if (format === "none") {
    if (says) throw new CommandError("E_FLAG", "--reasoning none has no thinking: leave out the flags --think-…");
    return "none";
  }
  if (format !== undefined && open !== undefined)
    throw new CommandError("E_FLAG", "give --reasoning or --think-open and --think-close, not both");
  const markers = open === undefined || close === undefined ? {} : { open, close };
  if (format === undefined) return says ? { ...markers, ...state } : undefined;
  return Object.keys(state).length === 0 ? format : { format, ...state };
};

/** `true`, `false` and numbers are what they look like; everything else is text. */
const variable = (text: string): [string, string | number | boolean] => {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError("E_FLAG", `--template-var takes name=value, not ${JSON.stringify(text)}`);
  const value = text.slice(at + 1);
  const named: Readonly<Record<string, boolean>> = { true: true, false: false };
  const typed = named[value] ?? (/^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value);
  return [text.slice(0, at), typed];
};

/** How the model delimits its thinking, if that is known: a raw prompt has no template to ask. The note says why it is not. */
export const formatOf = async (
  checkpoint: Checkpoint,
  chat: ChatOptions,
  rawPrompt: string | undefined,
): Promise<{ readonly format: Reasoning | undefined; readonly note: string | undefined }> => {
  const { CheckpointError, NO_MARKERS, rawReasoning, reasoningOf } = await import("@precipice/model");
  if (rawPrompt !== undefined) {
    const format = rawReasoning(rawPrompt, chat.reasoning);
    if (format === undefined && chat.reasoning !== undefined)
      throw new CommandError(
        "E_FLAG",
        "--think-opened and --think-closed of a raw prompt need markers",
        "Give --think-open and --think-close, or --reasoning.",
      );
    return { format, note: undefined };
  }
  try {
    return { format: reasoningOf(checkpoint, chat), note: undefined };
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.problem !== NO_MARKERS) throw error;
    return {
      format: undefined,
      note: `${error.file}: the chat template shows no thinking markers; thinking and answer are not told apart unless you set --think-open and --think-close, or --reasoning with a known format (${KNOWN_FORMAT_NAMES.join(", ")})`,
    };
  }
};
