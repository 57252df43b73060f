/**
 * Training rows of a repair, with the region and the loss weight of every token: the model's own thinking and close marker, then
 * the response it should give. What a row trains is thus written down beside its ids.
 */
import type { Prompt, Trace } from "@precipice/artifacts";
import { isBlank, referenceText } from "@precipice/judge";
import { type Checkpoint, type TrainingRow, turnEnd } from "@precipice/model";

export const REGIONS = ["prompt", "thinking", "template", "response"] as const;
export type Region = (typeof REGIONS)[number];

/** What a row is there for. */
export type RowRole = "selected" | "harmless" | "rejected";

export interface RepairRow extends TrainingRow {
  readonly id: string;
  readonly role: RowRole;
  readonly label: Trace["label"];
  readonly ids: ReadonlyArray<number>;
  readonly regions: ReadonlyArray<Region>;
  readonly lossWeight: ReadonlyArray<number>;
}

/** Region of token t of a trace whose thinking was closed. */
const regionAt = (trace: Trace, t: number): Region =>
  t < trace.thinking_start
    ? "prompt"
    : t < trace.thinking_end
      ? "thinking"
      : t < (trace.response_start as number)
        ? "template"
        : "response";

/** The first tokens of `trace`, up to its response, then `response`. */
const rowOf = (
  trace: Trace,
  response: ReadonlyArray<number>,
  loss: ReadonlyArray<Region>,
  role: RowRole,
): RepairRow => {
  const before = trace.ids.slice(0, trace.response_start as number);
  const regions = [...before.map((_, t) => regionAt(trace, t)), ...response.map(() => "response" as const)];
  return {
    id: trace.id,
    role,
    label: trace.label,
    ids: [...before, ...response],
    regions,
    lossWeight: regions.map((region) => (loss.includes(region) ? 1 : 0)),
  };
};

/** Ended as the model ends its own turns, where it is not ended already. */
const ended = (checkpoint: Checkpoint, ids: ReadonlyArray<number>): ReadonlyArray<number> => {
  const end = turnEnd(checkpoint).ids;
  const [last, own] = [ids.at(-1) as number, end.at(-1) as number];
  if (end.length === 0 || last === own || checkpoint.config.eosIds.includes(last)) return ids;
  return [...ids, ...end.slice(end.indexOf(last) + 1)];
};

/** What reference answers end with, in words for the log. */
export const describeEnd = (checkpoint: Checkpoint): string => {
  const { ids, text, shownBy, stops } = turnEnd(checkpoint);
  if (ids.length === 0)
    return "answers end without an end token: neither chat template nor tokenizer nor config names one";
  const guess = shownBy === "chat template" ? "" : "; the chat template shows none";
  const unheard = stops ? "" : "; generation does not stop at it: generation_config.json does not list it";
  return `answers end with ${JSON.stringify(text)}, from the ${shownBy}${guess}${unheard}`;
};

/**
 * The trace's thinking with the reference response; undefined where the thinking was never closed or no reference is known. A
 * reference that is blank, or of which the tokenizer leaves nothing but special tokens, is none: it would train the end alone.
 */
export const repairRow = (
  checkpoint: Checkpoint,
  trace: Trace,
  prompt: Prompt | undefined,
  loss: ReadonlyArray<Region>,
  role: RowRole = "selected",
): RepairRow | undefined => {
  const reference = referenceText(prompt?.reference);
  if (trace.state === "unclosed" || trace.response_start === null || reference === null) return undefined;
  const response = checkpoint.tokenizer.encode(reference);
  return isBlank(checkpoint.tokenizer.decode(response))
    ? undefined
    : rowOf(trace, ended(checkpoint, response), loss, role);
};

/** The trace as the model wrote it; undefined where the thinking was never closed, or the response was cut off or is blank. */
export const ownRow = (
  checkpoint: Checkpoint,
  trace: Trace,
  loss: ReadonlyArray<Region>,
  role: RowRole,
): RepairRow | undefined =>
  trace.state !== "complete" ||
  trace.response_start === null ||
  trace.finish !== "stop" ||
  isBlank(trace.response) ||
  trace.response_start >= trace.ids.length
    ? undefined
    : rowOf(trace, ended(checkpoint, trace.ids.slice(trace.response_start)), loss, role);
