/** A study in sentences that its numbers make: what the method reaches, whether it beats each other one, how fast, at what price. */
import type { StudyDifference, StudyPoint } from "@precipice/artifacts";
import { percentOf } from "./study-cell.ts";

export interface ConclusionOptions {
  /** What the model without a name is called. */
  readonly main: string;
  readonly names: Readonly<Record<string, string>>;
  /** The method that is concluded on. */
  readonly method: string;
  /** The budget that is concluded on, 0..1. */
  readonly fraction: number;
}

/** `points` and `differences` are one model's. Nothing is concluded where the method has no ASR at the budget. */
export const concludeOn = (
  model: string,
  points: ReadonlyArray<StudyPoint>,
  differences: ReadonlyArray<StudyDifference>,
  { method, names, fraction, main }: ConclusionOptions,
): ReadonlyArray<string> => {
  const percent = percentOf({ fraction });
  const own = names[method] ?? method;
  const at = (name: string, measure: string) =>
    points.find((p) => p.method === name && p.percent === percent && p.measure === measure);
  const [asr, over, rows] = [at(own, "asr"), at(own, "overrefusal"), at(own, "rows")];
  if (asr === undefined) return [];
  const reached = [
    `On ${model === "" ? main : model}, ${own} at ${percent} % of the pool${rows === undefined ? "" : ` (${Math.round(rows.value)} rows)`} repairs to an ASR of ${number(asr.value)}${within(asr)}`,
    ...(over === undefined ? [] : [` and an over-refusal of ${number(over.value)}${within(over)}`]),
    ".",
  ].join("");
  const here = differences.filter((d) => d.percent === percent);
  const others = [...new Set(points.filter((p) => p.percent === percent).map((p) => p.method))];
  return [
    reached,
    ...here.filter((d) => d.measure === "asr").map((d) => onAttacks(own, d)),
    ...here
      .filter((d) => d.measure === "overrefusal" && ((d.hi ?? 0) < 0 || (d.lo ?? 0) > 0))
      .map((d) => onRefusals(own, d)),
    ...onErrors(points.filter((p) => p.measure === "error_rate" && (p.percent === percent || p.percent === 100))),
    ...onSteps(others.map((name) => ({ name, share: at(name, "repaired"), steps: at(name, "steps_to_repair") }))),
  ];
};

const onAttacks = (own: string, difference: StudyDifference): string => {
  const { value, lo, hi } = difference;
  const other = against(difference);
  if (lo === null || hi === null)
    return `${own} against ${other}: its ASR is lower by ${inPoints(-value)} points, of too few prompts for an interval.`;
  const interval = `95 % ${inPoints(-hi)} to ${inPoints(-lo)}`;
  if (hi < 0) return `${own} beats ${other} by ${inPoints(Math.abs(value))} points of ASR (${interval}).`;
  if (lo > 0)
    return `${own} is worse than ${other} by ${inPoints(value)} points of ASR (95 % ${inPoints(lo)} to ${inPoints(hi)}).`;
  return `${own} does not differ from ${other} by more than chance: its ASR is lower by ${inPoints(-value)} points (${interval}).`;
};

const onRefusals = (own: string, difference: StudyDifference): string => {
  const { value } = difference;
  const [lo, hi] = [difference.lo as number, difference.hi as number];
  const [by, from, to] = value < 0 ? [-value, -hi, -lo] : [value, lo, hi];
  return `${own} refuses ${value < 0 ? "fewer" : "more"} harmless requests than ${against(difference)}, by ${inPoints(by)} points (95 % ${inPoints(from)} to ${inPoints(to)}).`;
};

/** So many answers that cannot be judged are worth a warning. */
const MANY_ERRORS = 0.05;

/** A warning where a repair broke the model: rates are of the answers that could be judged. */
const onErrors = (rates: ReadonlyArray<StudyPoint>): ReadonlyArray<string> => {
  const broken = rates
    .filter(({ value }) => value > MANY_ERRORS)
    .map(({ method, percent, value }) => `${method} (${inPoints(value)} % at ${percent} % of the pool)`);
  return broken.length === 0
    ? []
    : [`Answers that cannot be judged, which no rate counts as safe: ${broken.join(", ")}.`];
};

/** One sentence on how many steps each method took, quickest first; none where no training was watched. */
const onSteps = (
  arms: ReadonlyArray<{
    readonly name: string;
    readonly share: StudyPoint | undefined;
    readonly steps: StudyPoint | undefined;
  }>,
): ReadonlyArray<string> => {
  const told = arms
    .flatMap(({ name, share, steps }) => (share === undefined ? [] : [{ name, share, steps }]))
    .sort((a, b) => b.share.value - a.share.value || (a.steps?.value ?? 0) - (b.steps?.value ?? 0))
    .map(({ name, share: { value, n }, steps }) => {
      const times = Math.round(value * n);
      if (steps === undefined) return `${name} never`;
      return `${name} ${Number(steps.value.toFixed(1))}${times === n ? "" : ` (in ${times} of ${n} trainings, else never)`}`;
    });
  return told.length === 0
    ? []
    : [`Steps until the attacks on validation prompts failed, on average: ${told.join(", ")}.`];
};

const within = ({ lo, hi }: StudyPoint): string =>
  lo === null || hi === null ? "" : ` (95 % ${number(lo)} to ${number(hi)})`;

const against = ({ percent, against, against_percent }: StudyDifference): string =>
  against_percent === percent ? against : `${against} (${against_percent} % of the pool)`;

const inPoints = (value: number): string => (value * 100).toFixed(1);
const number = (value: number): string => value.toFixed(3);
