/** The refusal score along the tokens of one run or two: drawn anew at every word, so by hand and small. */
import { svg } from "../../../report/src/browser/elements.ts";
import type { Run } from "./run.ts";

export interface Series {
  readonly run: Run;
  readonly name: string;
  readonly tone: "suppress" | "refusal";
}

const HEIGHT = 250;
const TOP = 26;
const BOTTOM = 26;
const LEFT = 30;
/** Room for names at the lines' ends; on a narrow screen they stand below instead. */
const RIGHT = 110;
const NARROW = 560;

const rightOf = (width: number): number => (width < NARROW ? 8 : RIGHT);

export class ScoreChart {
  readonly #holder: HTMLElement;
  readonly #onToken: (token: number | null) => void;
  #series: ReadonlyArray<Series> = [];
  #marked: number | null = null;
  #length = 1;

  constructor(holder: HTMLElement, onToken: (token: number | null) => void) {
    this.#holder = holder;
    this.#onToken = onToken;
    new ResizeObserver(() => this.#draw()).observe(holder);
    holder.addEventListener("pointermove", ({ clientX }) => {
      const box = holder.getBoundingClientRect();
      const at = Math.floor(((clientX - box.left - LEFT) / (box.width - LEFT - rightOf(box.width))) * this.#length);
      onToken(at >= 0 && at < this.#length ? at : null);
    });
    holder.addEventListener("pointerleave", () => this.#onToken(null));
  }

  show(series: ReadonlyArray<Series>): void {
    this.#series = series;
    this.#draw();
  }

  mark(token: number | null): void {
    if (token === this.#marked) return;
    this.#marked = token;
    this.#draw();
  }

  #draw(): void {
    const width = this.#holder.clientWidth;
    if (width === 0) return;
    const right = rightOf(width);
    // room for a usual trace from the start, so that the lines grow into it
    this.#length = Math.max(60, ...this.#series.map(({ run }) => run.tokens.length));
    const x = (token: number) => LEFT + ((token + 0.5) / this.#length) * (width - LEFT - right);
    const y = (score: number) => TOP + (1 - score) * (HEIGHT - TOP - BOTTOM);
    const children: SVGElement[] = [];
    const text = (content: string, px: number, py: number, style: string) =>
      svg("text", { class: style, x: px, y: py }, content);
    const first = this.#series[0];
    if (first !== undefined) {
      const [thinking, template, response] = first.run.starts(first.run.shown);
      const edge = (token: number) => x(token) - (x(1) - x(0)) / 2;
      const shade = (from: number, to: number) =>
        to > from &&
        children.push(
          svg("rect", { class: "shade", x: edge(from), y: TOP, width: edge(to) - edge(from), height: y(0) - TOP }),
        );
      shade(0, thinking);
      shade(template, response);
      const name = (content: string, from: number, to: number) =>
        to > from && children.push(text(content, (edge(from) + edge(to)) / 2, TOP - 9, "region-name mid"));
      name("prompt", 0, Math.min(thinking, first.run.shown));
      name("thinking", thinking, template);
      name("response", response, first.run.shown);
    }
    for (const score of [0, 0.5, 1]) {
      children.push(svg("line", { class: "grid", x1: LEFT, x2: width - right, y1: y(score), y2: y(score) }));
      children.push(text(String(score), LEFT - 8, y(score) + 4, "end small"));
    }
    children.push(text("token", width - right, HEIGHT - 8, "end small"));
    const ends: Array<{ at: number; readonly series: Series }> = [];
    for (const series of this.#series) {
      const { run, tone } = series;
      const line = (from: number, to: number, style: string) => {
        if (to - from < 1) return;
        const points = run.tokens
          .slice(from, to)
          .map(({ score }, i) => `${x(from + i).toFixed(1)} ${y(score).toFixed(1)}`);
        children.push(svg("path", { class: `line ${tone} ${style}`, d: `M${points.join("L")}` }));
      };
      line(0, Math.min(run.promptLength, run.shown), "early"); // before the model's own words
      line(run.promptLength - 1, run.shown, "");
      const last = run.tokens[run.shown - 1];
      if (last === undefined) continue;
      children.push(svg("circle", { class: `dot ${tone}`, cx: x(run.shown - 1), cy: y(last.score), r: 3 }));
      ends.push({ at: y(last.score) + 4, series });
    }
    // names keep apart
    const [one, other] = ends.toSorted((a, b) => a.at - b.at);
    if (one !== undefined && other !== undefined && other.at - one.at < 15) {
      const middle = (one.at + other.at) / 2;
      one.at = middle - 7.5;
      other.at = middle + 7.5;
    }
    if (width < NARROW) {
      const words = ends.flatMap(({ series }) => [
        svg("tspan", { class: `series-name ${series.tone}`, dx: 0 }, `${series.name}\u2003`),
      ]);
      children.push(svg("text", { class: "small", x: LEFT, y: HEIGHT - 8 }, ...words));
    } else
      for (const { at, series } of ends)
        children.push(text(series.name, x(series.run.shown - 1) + 9, at, `series-name halo small ${series.tone}`));
    if (this.#marked !== null) this.#cross(children, this.#marked, x, y, width);
    this.#holder.replaceChildren(
      svg(
        "svg",
        { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": this.#label() },
        ...children,
      ),
    );
  }

  #cross(
    children: SVGElement[],
    token: number,
    x: (token: number) => number,
    y: (score: number) => number,
    width: number,
  ): void {
    const read = this.#series.flatMap(({ run, tone }) => {
      const at = token < run.shown ? run.tokens[token] : undefined;
      return at === undefined ? [] : [{ ...at, tone }];
    });
    if (read.length === 0) return;
    children.push(svg("line", { class: "cross", x1: x(token), x2: x(token), y1: TOP, y2: y(0) }));
    for (const { score, tone } of read)
      children.push(svg("circle", { class: `dot ${tone}`, cx: x(token), cy: y(score), r: 4.5 }));
    const words = [...new Set(read.map(({ piece }) => piece.replaceAll("\n", "⏎")))].join(" | ");
    const told = `${words}  ${read.map(({ score }) => score.toFixed(3)).join(" | ")}`;
    const side = x(token) > width * 0.55 ? "end" : "";
    const place = x(token) + (side === "end" ? -6 : 6);
    children.push(svg("text", { class: `small strong halo ${side}`, x: place, y: y(0) - 6 }, told));
  }

  #label(): string {
    const told = this.#series.flatMap(({ run, name }) => {
      const { plateau = null, final = null } = run.outcome ?? {};
      return plateau === null || final === null
        ? []
        : [`${name}: ${plateau.toFixed(2)} while thinking, ${final.toFixed(2)} before the answer`];
    });
    return `Refusal score by token. ${told.join(". ")}`;
  }
}
