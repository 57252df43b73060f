/**
 * The result in plain words. Every sentence is made from numbers that are there; a sentence whose numbers are
 * missing is not said, and a rate whose interval holds the one it is compared with is not said to have changed.
 */
import { type ArmRow, armRows, headline } from "./arms.ts";
import type { ReportData } from "./data.ts";
import { count, interval, list, percent, score } from "./format.ts";
import { otherArms } from "./other-arms.ts";
import { type Repair, repairsOf } from "./repairs.ts";
import { type Series, seriesOf, steepest } from "./series.ts";

/** Falls smaller than this are called level: half of a tenth of the scale. */
const level = 0.05;

export const resultSentences = (data: ReportData): ReadonlyArray<string> => {
  const series = seriesOf(data);
  const main = steepest(series);
  return [
    ...(main === null ? [] : fallSentence(main, series)),
    ...headSentence(data),
    ...ablationSentence(data),
    ...otherSentence(data),
    ...repairSentence(data),
  ];
};

/** "0.29 [0.23, 0.35]"; the value alone where there is no interval. */
const within = ({ value, lo, hi }: Pick<ArmRow, "value" | "lo" | "hi">): string =>
  [score(value), interval(lo, hi)].filter((t) => t !== "").join(" ");

const fallSentence = (main: Series, series: ReadonlyArray<Series>): ReadonlyArray<string> => {
  if (main.levels === null) return [];
  const { plateau, final, cliff } = main.levels;
  const change =
    cliff.value > level
      ? `falls from ${within(plateau)} to ${within(final)}`
      : `does not fall (${within(plateau)} while thinking, ${within(final)} at the end)`;
  const others = series.filter((s) => s.site === main.site && s.node !== main.node && s.levels !== null);
  const compared = others.map((s) => {
    const levels = s.levels as NonNullable<Series["levels"]>;
    const verb = Math.abs(levels.cliff.value) <= level ? "stays at" : levels.cliff.value > 0 ? "falls to" : "rises to";
    return `in ${theModel(s.label)} it ${verb} ${within(levels.final)}`;
  });
  const rest = compared.length > 0 ? `; ${list(compared)}` : "";
  return [
    `At the end of thinking the refusal score of ${main.label === main.node && others.length === 0 ? "the model" : theModel(main.label)} ${change}${rest}.`,
  ];
};

/** "cliff" → "the cliff model"; a label that says model itself, or a site, stays as it is. */
const theModel = (label: string): string => (/model|·/i.test(label) ? label : `the ${label} model`);

const headSentence = (data: ReportData): ReadonlyArray<string> => {
  const truth = plantedRecall(data);
  if (truth === null) return [];
  const { planted, found } = truth;
  return [
    `Of the ${count(planted)} planted heads, ${count(found)} ${found === 1 ? "is" : "are"} among the ${count(planted)} that attribution ranks first.`,
  ];
};

/** How many of the k planted heads rank among the first k; null for models without ground truth. */
export const plantedRecall = (data: ReportData): { readonly planted: number; readonly found: number } | null => {
  const planted = (data.heads?.rows ?? []).filter((h) => h.planted === true);
  if (planted.length === 0) return null;
  return { planted: planted.length, found: planted.filter((h) => h.rank <= planted.length).length };
};

const ablationSentence = (data: ReportData): ReadonlyArray<string> => {
  const arms = headline(armRows(data, "asr"));
  if (arms === null) return [];
  const { base, ablated, random } = arms;
  const share = percent(ablated.arm.percent / 100);
  const effect = apart(base, ablated)
    ? `brings the attack success rate (ASR) from ${within(base)} to ${within(ablated)}`
    : `leaves the attack success rate (ASR) at ${within(ablated)} (${within(base)} without)`;
  const control =
    random === null
      ? ""
      : apart(base, random)
        ? `; as many random heads bring it to ${within(random)}`
        : `; as many random heads leave it at ${within(random)}`;
  return [`Ablating ${share} of the heads ${effect}${control}.`];
};

/** Whether neither interval holds the other's value; without intervals, whether they differ by more than `level`. */
const apart = (a: Pick<ArmRow, "value" | "lo" | "hi">, b: Pick<ArmRow, "value" | "lo" | "hi">): boolean => {
  const holds = (x: typeof a, value: number) => x.lo !== null && x.hi !== null && x.lo <= value && value <= x.hi;
  if (a.lo === null && b.lo === null) return Math.abs(a.value - b.value) > level;
  return !holds(a, b.value) && !holds(b, a.value);
};

const otherSentence = (data: ReportData): ReadonlyArray<string> => {
  const told = otherArms(data, "asr").map((arm) => `${within(arm)} for ${arm.label}`);
  return told.length === 0 ? [] : [`Of other arms the ASR is ${list(told)}.`];
};

const repairSentence = (data: ReportData): ReadonlyArray<string> => {
  const measured = repairsOf(data).filter((r) => r.asr !== null && r.rows !== null);
  if (measured.length === 0) return [];
  const told = measured.map(repairPhrase);
  return [`After fine-tuning on selected rows the ASR is ${list(told)}.`];
};

const repairPhrase = (repair: Repair): string => {
  const rows = repair.rows === null ? "" : ` (${count(repair.rows.selected)} rows)`;
  return `${repair.asr === null ? "–" : within(repair.asr)} with ${repair.label}${rows}`;
};
