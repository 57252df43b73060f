/**
 * How a model delimits its thinking, found by rendering its chat template with messages made for it and by reading the
 * template's source; never by the model's name. A template that shows nothing is an error that says what to set.
 */
import { CheckpointError } from "../errors.ts";
import type { ChatTemplate, Message, TemplateVars } from "./chat-template.ts";
import { formatInSource, KNOWN_FORMAT_NAMES, type KnownFormatName, knownFormat } from "./known-formats.ts";
import { closersOf, isPair, KNOWN_MARKERS, type Markers, markersIn, opensThinking } from "./marker-pairs.ts";
import { generationPrompt, promptState, type ThinkingState } from "./prompt-state.ts";

export interface ReasoningFormat extends Markers {
  /** The rendered prompt ends inside the thinking, or behind it: the model does not write the open marker. */
  readonly opened: boolean;
  /**
   * The rendered prompt ends behind the thinking: an empty one (Qwen3 with `enable_thinking: false`), or a lone close marker
   * (DeepSeek-V3.1). The model answers at once.
   */
  readonly closed: boolean;
  /** Between close marker and answer, as the template writes it, e.g. `\n\n`; undefined where it does not show it. */
  readonly tail: string | undefined;
  /** A marker that the model writes behind its answer, such as `</response>`; no part of the answer. */
  readonly answerClose?: string | undefined;
  /** The template drops the thinking of earlier turns from a conversation. */
  readonly stripsEarlierThinking: boolean;
  /** What showed the markers. */
  readonly shownBy: "config" | "generation prompt" | "assistant turn" | "template source" | "vocabulary";
}

/** A model's format, or `none`: all it writes is its answer. */
export type Reasoning = ReasoningFormat | "none";

/**
 * What a user may set instead: `none`, a known format by name, or markers. Where the prompt ends in or behind the thinking is read
 * off the prompt unless it is said here.
 */
export type ReasoningOverride =
  | "none"
  | KnownFormatName
  | {
      readonly format?: KnownFormatName | undefined;
      readonly open?: string | undefined;
      readonly close?: string | undefined;
      readonly opened?: boolean | undefined;
      readonly closed?: boolean | undefined;
    };

export interface ReasoningQuestion {
  readonly template: ChatTemplate;
  readonly override?: ReasoningOverride | undefined;
  readonly system?: string | undefined;
  readonly templateVars?: TemplateVars | undefined;
  /** Is this text one token of the tokenizer? */
  readonly hasToken: (text: string) => boolean;
}

const USER = "Which mushroom is this one";
const THOUGHT = "Chanterelle seems plausible here";
const ANSWER = "It looks like a chanterelle";

/**
 * In this order: the user's setting; a marker in the generation prompt (DeepSeek-R1, Qwen3-Thinking); the template's
 * rendering of an assistant turn with separate reasoning (Qwen3, Seed, Command, Magistral); a pair named in the template's
 * source, such as in its system prompt (Phi-4-reasoning); a pair among the tokenizer's tokens. Throws `CheckpointError`
 * when nothing shows a pair.
 */
export const reasoningFormat = (question: ReasoningQuestion): Reasoning => {
  const { template, override, system, templateVars } = question;
  if (override === "none") return "none";
  const first: ReadonlyArray<Message> = [
    ...(system === undefined ? [] : [{ role: "system", content: system }]),
    { role: "user", content: USER },
  ];
  const prompt = template.render(first, templateVars);
  const asked = prompt.lastIndexOf(USER);
  if (asked < 0)
    throw new CheckpointError({
      file: template.file,
      place: "chat template",
      problem: "leaves out the user's message",
      remedy: "check the template: it must write the content of the messages",
    });
  const started = generationPrompt(prompt, rendered(template, first, templateVars, false), asked + USER.length);
  const turn = assistantTurn(template, first, templateVars);
  const set = overrideOf(override);
  const found = set.markers ?? findMarkers(question, started.text, turn);
  if (found === undefined)
    throw new CheckpointError({
      file: template.file,
      place: "chat template",
      problem: NO_MARKERS,
      remedy: SET_REASONING,
    });
  const { open, close, answerClose, shownBy } = found;
  const tail = found.tail ?? (turn !== undefined && turn.close === close ? turn.tail : undefined);
  return {
    open,
    close,
    ...withOverride(started.state({ open, close, tail }), set),
    tail,
    ...(answerClose === undefined ? {} : { answerClose }),
    stripsEarlierThinking: stripsEarlier(template, first, found, templateVars),
    shownBy,
  };
};

/** The problem of the `CheckpointError` where nothing shows a pair. */
export const NO_MARKERS = "shows no thinking markers";

const SET_REASONING = [
  'set reasoning: { open: "<think>", close: "</think>" } with what this model writes',
  `or a known format by name, e.g. reasoning: phi-4-mini-reasoning (${KNOWN_FORMAT_NAMES.join(", ")})`,
  "or reasoning: none if it does not think",
].join(", ");

type Found = Markers & {
  readonly tail?: string | undefined;
  readonly answerClose?: string | undefined;
  readonly shownBy: ReasoningFormat["shownBy"];
};

interface Override {
  readonly markers: Found | undefined;
  readonly opened?: boolean | undefined;
  readonly closed?: boolean | undefined;
}

const overrideOf = (override: Exclude<ReasoningOverride, "none"> | undefined): Override => {
  const { format, open, close, opened, closed } =
    typeof override === "string" ? { format: override } : (override ?? { format: undefined });
  const known = format === undefined ? undefined : knownFormat(format);
  const pair = open === undefined || close === undefined ? known : { ...known, open, close };
  return { markers: pair === undefined ? undefined : { ...pair, shownBy: "config" }, opened, closed };
};

/** What the user says goes over what the prompt shows; thinking that is said to be open is not closed. */
const withOverride = (shown: ThinkingState, { opened, closed }: Override): ThinkingState => ({
  opened: opened ?? (closed === true ? true : shown.opened),
  closed: closed ?? (opened === undefined ? shown.closed : false),
});

/**
 * How thinking is delimited behind a raw prompt: by what the user says of the markers, and by the end of the prompt. undefined
 * where no markers are said.
 */
export const rawReasoning = (prompt: string, override: ReasoningOverride | undefined): Reasoning | undefined => {
  if (override === "none") return "none";
  const set = overrideOf(override);
  if (set.markers === undefined) return undefined;
  const { open, close, tail, answerClose } = set.markers;
  return {
    open,
    close,
    ...withOverride(promptState(prompt, { open, close, tail }), set),
    tail,
    ...(answerClose === undefined ? {} : { answerClose }),
    stripsEarlierThinking: false,
    shownBy: "config",
  };
};

/** A format whose markers are known, at the end of a raw prompt; what the user says of that end goes over it. */
export const reasoningAt = (prompt: string, format: Reasoning, override: ReasoningOverride | undefined): Reasoning =>
  format === "none" || override === "none"
    ? "none"
    : { ...format, ...withOverride(promptState(prompt, format), overrideOf(override)) };

const findMarkers = (
  { template, hasToken }: ReasoningQuestion,
  head: string,
  turn: AssistantTurn | undefined,
): Found | undefined => {
  const { source } = template;
  const named = formatInSource(source);
  const inHead = markersIn(head)
    .filter(({ marker }) => opensThinking(marker))
    .at(-1)?.marker;
  if (inHead !== undefined) {
    if (named?.open === inHead) return { ...named, shownBy: "generation prompt" };
    const close =
      closersOf(inHead).find((marker) => head.includes(marker) || source.includes(marker)) ??
      KNOWN_MARKERS.find((pair) => pair.open === inHead)?.close;
    if (close !== undefined) return { open: inHead, close, shownBy: "generation prompt" };
  }
  if (turn !== undefined) {
    const same = named?.open === turn.open && named.close === turn.close ? named : undefined;
    return { open: turn.open, close: turn.close, answerClose: same?.answerClose, shownBy: "assistant turn" };
  }
  if (named !== undefined) return { ...named, shownBy: "template source" };
  const half = KNOWN_MARKERS.find(({ close }) => source.includes(close));
  if (half !== undefined) return { ...half, shownBy: "template source" };
  const known = KNOWN_MARKERS.find(({ open, close }) => hasToken(open) && hasToken(close));
  return known === undefined ? undefined : { ...known, shownBy: "vocabulary" };
};

interface AssistantTurn extends Markers {
  readonly tail: string;
}

/** The fields in which templates look for an assistant's reasoning. */
const withReasoning: ReadonlyArray<Message> = [
  { role: "assistant", content: ANSWER, reasoning_content: THOUGHT },
  { role: "assistant", content: ANSWER, reasoning: THOUGHT },
  { role: "assistant", content: ANSWER, thinking: THOUGHT },
  {
    role: "assistant",
    content: [
      { type: "thinking", thinking: [{ type: "text", text: THOUGHT }] },
      { type: "text", text: ANSWER },
    ],
  },
  {
    role: "assistant",
    content: [
      { type: "thinking", thinking: THOUGHT },
      { type: "text", text: ANSWER },
    ],
  },
];

/** The markers with which the template writes a turn that has reasoning, if it writes it at all. */
const assistantTurn = (
  template: ChatTemplate,
  first: ReadonlyArray<Message>,
  vars: TemplateVars | undefined,
): AssistantTurn | undefined => {
  for (const message of withReasoning) {
    const text = rendered(template, [...first, message], vars, false);
    const thought = text?.indexOf(THOUGHT) ?? -1;
    const answer = text?.indexOf(ANSWER, thought + THOUGHT.length) ?? -1;
    if (text === undefined || thought < 0 || answer < 0) continue;
    const before = text.slice(0, thought);
    const between = text.slice(thought + THOUGHT.length, answer);
    const open = markersIn(before).at(-1);
    const close = markersIn(between)[0];
    if (open === undefined || close === undefined || !isPair(open.marker, close.marker)) continue;
    return { open: open.marker, close: close.marker, tail: between.slice(close.at + close.marker.length) };
  }
  return undefined;
};

/** Is the thinking of an earlier turn left out, both when it is part of the content and when it comes apart? */
const stripsEarlier = (
  template: ChatTemplate,
  first: ReadonlyArray<Message>,
  { open, close }: Markers,
  vars: TemplateVars | undefined,
): boolean => {
  const inline = { role: "assistant", content: `${open}\n${THOUGHT}\n${close}\n\n${ANSWER}` };
  const next = { role: "user", content: USER };
  const apart = withReasoning.filter(({ content }) => typeof content === "string");
  const texts = [inline, ...apart].map((turn) => rendered(template, [...first, turn, next], vars, true));
  return texts.every((text) => text?.includes(THOUGHT) !== true);
};

/** undefined where the template refuses such messages: not every template knows every field. */
const rendered = (
  template: ChatTemplate,
  messages: ReadonlyArray<Message>,
  vars: TemplateVars | undefined,
  generationPrompt: boolean,
): string | undefined => {
  try {
    return template.render(messages, vars, { generationPrompt });
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
};
