/** Title, result in words, key numbers. */
import { armRows, headline } from "./arms.ts";
import type { ReportData } from "./data.ts";
import { count, interval, percent, score } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { repairsOf } from "./repairs.ts";
import { plantedRecall, resultSentences } from "./result-text.ts";
import { seriesOf, steepest } from "./series.ts";

interface Tile {
  readonly name: string;
  readonly value: string;
  /** Interval and n. */
  readonly detail: string;
}

export const headSection = (data: ReportData): Markup => {
  const sentences = resultSentences(data);
  const tiles = tilesOf(data);
  return markup`<header><h1>${data.title}</h1>${data.subtitle && markup`<p class="subtitle">${data.subtitle}</p>`}
${sentences.length > 0 && markup`<p class="result">${sentences.join(" ")}</p>`}
${tiles.length > 0 && markup`<dl class="tiles">${tiles.map((t) => markup`<div><dt>${t.name}</dt><dd><span class="value">${t.value}</span><span class="detail">${t.detail}</span></dd></div>`)}</dl><p class="note">Square brackets hold 95\u00a0% intervals.</p>`}</header>`;
};

const tilesOf = (data: ReportData): ReadonlyArray<Tile> => {
  const main = steepest(seriesOf(data));
  const arms = headline(armRows(data, "asr"));
  const truth = plantedRecall(data);
  const repaired = repairsOf(data)
    .filter((r) => r.asr !== null && r.rows !== null)
    .toSorted(
      (a, b) => (a.rows?.selected ?? 0) - (b.rows?.selected ?? 0) || (a.asr?.value ?? 0) - (b.asr?.value ?? 0),
    )[0];
  const tile = (
    name: string,
    row: { value: number; lo: number | null; hi: number | null; n: number | null },
  ): Tile => ({
    name,
    value: score(row.value),
    detail: [interval(row.lo, row.hi), row.n === null ? "" : `n ${count(row.n)}`].filter((s) => s !== "").join("  "),
  });
  return [
    ...(main?.levels == null
      ? []
      : [
          tile(`${main.label}: plateau while thinking`, main.levels.plateau),
          tile(`${main.label}: score before the response`, main.levels.final),
          tile(`${main.label}: fall between them`, main.levels.cliff),
        ]),
    ...(arms === null
      ? []
      : [
          tile("ASR, no ablation", arms.base),
          tile(`ASR, ${percent(arms.ablated.arm.percent / 100)} of heads off`, arms.ablated),
          ...(arms.random === null
            ? []
            : [tile(`ASR, ${percent(arms.random.arm.percent / 100)} random off`, arms.random)]),
        ]),
    ...(truth === null
      ? []
      : [
          {
            name: "planted heads found",
            value: `${count(truth.found)} of ${count(truth.planted)}`,
            detail: `in the first ${count(truth.planted)} ranks`,
          },
        ]),
    ...(repaired?.asr == null ? [] : [tile(`ASR after repair, ${repaired.label}`, repaired.asr)]),
  ];
};
