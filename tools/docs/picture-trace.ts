/** One trace as pictures: its words in the colour of the refusal score, and the score as a line with what is read off it. */
import { type Markup, markup } from "../../packages/report/src/markup.ts";
import type { Picture } from "../../packages/report/src/picture.ts";
import { linear } from "../../packages/report/src/scale.ts";

export interface ScoredToken {
  readonly token: string;
  readonly region: "prompt" | "thinking" | "template" | "response";
  readonly score: number;
}

const width = 760;
const shown = (token: string) => token.replaceAll("\n", "⏎").trim() || "␣";
const tone = (region: ScoredToken["region"]) =>
  ({ prompt: "muted", thinking: "s0", template: "suppress", response: "s2" })[region];

/** The words of a trace, left to right, darker where the score is higher; a line below them tells the region. */
export function wordsPicture(tokens: ReadonlyArray<ScoredToken>, title = ""): Picture {
  const top = title === "" ? 8 : 28;
  let x = 0;
  let y = top;
  const cells = tokens.map(({ token, region, score }) => {
    const text = shown(token);
    const size = text.length * 7.2 + 8;
    if (x + size > width) {
      x = 0;
      y += 34;
    }
    const at = x;
    x += size;
    return markup`<g class="refusal"><rect x="${at}" y="${y}" width="${size - 2}" height="22" rx="3" fill="currentColor" fill-opacity="${0.06 + 0.5 * score}"/></g><text class="name" x="${at + (size - 2) / 2}" y="${y + 15}" text-anchor="middle" style="font-family:ui-monospace,Menlo,Consolas,monospace">${text}</text><g class="${tone(region)}"><rect class="dot" x="${at}" y="${y + 24}" width="${size - 2}" height="3"/></g>`;
  });
  const legend = (["prompt", "thinking", "template", "response"] as const).map(
    (region, i) =>
      markup`<g class="${tone(region)}"><rect class="dot" x="${i * 110}" y="${y + 46}" width="14" height="3"/></g><text class="small" x="${i * 110 + 20}" y="${y + 51}">${region}</text>`,
  );
  return {
    width,
    height: y + 60,
    label: `${title} ${tokens.map(({ token }) => shown(token)).join(" ")}`,
    body: markup`${title !== "" && markup`<text class="panel-title" x="0" y="12">${title}</text>`}${cells}${legend}<text class="small end" x="${width}" y="${y + 51}">the stronger the blue, the higher the refusal score</text>`,
  };
}

export interface LineMarks {
  readonly title: string;
  /** Levels drawn across the thinking, with their names. */
  readonly levels?: ReadonlyArray<{ readonly name: string; readonly value: number; readonly tone: string }>;
  /** Thinking tokens to mark with a dot. */
  readonly dots?: (token: ScoredToken, index: number) => boolean;
  readonly final?: boolean;
  readonly cliff?: number;
  /** Write the tokens below the axis: for a few of them only. */
  readonly words?: boolean;
}

/** s(t) along the tokens of one trace. */
export function linePicture(tokens: ReadonlyArray<ScoredToken>, marks: LineMarks): Picture {
  const [left, right, top, bottom] = [34, width - 110, 34, 210];
  const height = bottom + (marks.words === true ? 74 : 40);
  const x = linear([0, Math.max(1, tokens.length - 1)], [left + 6, right]);
  const y = linear([0, 1], [bottom, top]);
  const regions = spans(tokens);
  const thinking = regions.find(({ region }) => region === "thinking");
  const last = tokens.findLastIndex(({ region }) => region === "template");
  const path = tokens.map(({ score }, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(score).toFixed(1)}`).join("");
  const finalScore = tokens[last]?.score ?? 0;
  const isEnd = last === tokens.length - 1; // the name of the final score stands where no line is
  const part = (condition: boolean, drawn: () => Markup) => (condition ? drawn() : null);
  return {
    width,
    height,
    label: `${marks.title}: the refusal score of ${tokens.length} tokens; ${finalScore.toFixed(2)} at the last one before the response.`,
    body: markup`<text class="panel-title" x="0" y="12">${marks.title}</text>
${[0, 0.5, 1].map((v) => markup`<path class="grid" d="M${left} ${y(v)}H${right}"/><text class="small end" x="${left - 6}" y="${y(v) + 4}">${v.toFixed(1)}</text>`)}
${regions.map(({ region, from, to }) => markup`<g class="${tone(region)}"><rect class="dot" x="${x(from) - 2}" y="${bottom + 8}" width="${Math.max(4, x(to) - x(from) + 4)}" height="4"/></g>${part(x(to) - x(from) > 46, () => markup`<text class="small mid" x="${(x(from) + x(to)) / 2}" y="${bottom + 28}">${region}</text>`)}`)}
<g class="refusal"><path class="line" d="${path}"/>${tokens.map((token, i) => part(marks.dots?.(token, i) === true, () => markup`<circle class="dot" r="3.5" cx="${x(i)}" cy="${y(token.score)}"/>`))}</g>
${(marks.levels ?? []).map(({ name, value, tone: own }, i) => markup`<g class="${own}"><path class="line thin" stroke-dasharray="5 3" d="M${x(thinking?.from ?? 0)} ${y(value)}H${right + 6}"/><text class="series-name small" x="${right + 10}" y="${y(value) + 4 + (marks.levels?.length === 1 ? 0 : 0 * i)}">${name} ${value.toFixed(2)}</text></g>`)}
${part(marks.final === true, () => markup`<g class="suppress"><circle class="dot" r="5" cx="${x(last)}" cy="${y(finalScore)}"/><text class="series-name small${isEnd ? "" : " end"}" x="${x(last) + (isEnd ? 10 : -9)}" y="${y(finalScore) + 4}">final ${finalScore.toFixed(2)}</text></g>`)}
${part(marks.cliff !== undefined, () => markup`<g class="suppress"><path class="line" d="M${right + 24} ${y(finalScore + (marks.cliff ?? 0)) + 10}V${y(finalScore)}M${right + 20} ${y(finalScore) - 6}l4 6l4 -6"/><text class="series-name small" x="${right + 34}" y="${(y(finalScore) + y(finalScore + (marks.cliff ?? 0))) / 2}">cliff ${(marks.cliff ?? 0).toFixed(2)}</text></g>`)}
${part(marks.words === true, () => markup`${tokens.map(({ token }, i) => markup`<text class="name small end" transform="translate(${x(i) + 4} ${bottom + 38}) rotate(-40)">${shown(token)}</text>`)}`)}`,
  };
}

function spans(tokens: ReadonlyArray<ScoredToken>) {
  const found: Array<{ region: ScoredToken["region"]; from: number; to: number }> = [];
  tokens.forEach(({ region }, i) => {
    const open = found.at(-1);
    if (open?.region === region) open.to = i;
    else found.push({ region, from: i, to: i });
  });
  return found;
}
