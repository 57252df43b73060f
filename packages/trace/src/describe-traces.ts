/** In words for the log: how a model thinks, and how its traces ended. */
import type { Trace } from "@precipice/artifacts";
import type { Reasoning, ReasoningFormat } from "@precipice/model";

export const describeReasoning = (format: Reasoning): string => {
  if (format === "none") return "no thinking (as set): all the model writes is its response";
  const { open, close, opened, closed, shownBy } = format;
  const begins = closed
    ? "the prompt already closes it: the model answers at once"
    : opened
      ? "the prompt already opens it"
      : "the model opens it";
  return `thinking markers: ${open} … ${close} (${FOUND[shownBy]}; ${begins})`;
};

const FOUND: Readonly<Record<ReasoningFormat["shownBy"], string>> = {
  config: "as set",
  "generation prompt": "found in the generation prompt of the chat template",
  "assistant turn": "found in how the chat template writes an assistant's turn",
  "template source": "found in the text of the chat template",
  vocabulary:
    "guessed: the chat template shows none, the tokenizer has these as tokens; set reasoning if the model writes others",
};

/** What is not complete, or undefined when all is. */
export const describeStates = (traces: ReadonlyArray<Pick<Trace, "state">>): string | undefined => {
  const count = (state: Trace["state"]) => traces.filter((trace) => trace.state === state).length;
  const [unclosed, truncated] = [count("unclosed"), count("truncated")];
  const parts = [
    ...(unclosed === 0 ? [] : [`${unclosed} never closed the thinking and have no response`]),
    ...(truncated === 0 ? [] : [`${truncated} responses were cut by the token limit`]),
  ];
  return parts.length === 0 ? undefined : `of ${traces.length} traces ${parts.join(", ")}`;
};
