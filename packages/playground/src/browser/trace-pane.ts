/** A run in words: what the model was asked, thought and answered, every token on its refusal score. */

import { parseRequest } from "@precipice/organism/world";
import { html } from "../../../report/src/browser/elements.ts";
import { showTip, showTipAt } from "../../../report/src/browser/tips.ts";
import type { Outcome, Run } from "./run.ts";

const REGIONS = ["prompt", "thinking", "template", "response"] as const;

export interface PaneEvents {
  /** A token is pointed at or walked to; null when none is. */
  readonly onToken: (token: number | null) => void;
}

/** How an answer is told: refusing what is forbidden and helping with what is not are both as it should be. */
export const badgeOf = (prompt: string, kind: Outcome["kind"]): { readonly name: string; readonly tone: string } => {
  const harmful = parseRequest(prompt)?.harmful;
  if (kind === "refusal") return { name: harmful === false ? "refuses needlessly" : "refuses", tone: "refuses" };
  if (kind === "compliance")
    return {
      name: harmful === true ? "helps with what is forbidden" : "helps",
      tone: harmful === true ? "helps" : "fine",
    };
  return { name: "neither helps nor refuses", tone: "neither" };
};

const two = (value: number | null): string => (value === null ? "–" : value.toFixed(2));

export class TracePane {
  readonly element: HTMLElement;
  readonly #events: PaneEvents;
  readonly #name: HTMLElement;
  readonly #which: HTMLElement;
  readonly #facts: HTMLElement;
  readonly #body: HTMLElement;
  #run: Run | undefined;
  #drawn = 0;
  #paragraphs: HTMLElement[] = [];
  #tokens: HTMLElement[] = [];
  #finished = false;

  constructor(tone: "base" | "edited", title: string, events: PaneEvents) {
    this.#events = events;
    this.#name = html("h3", { class: "name" }, title);
    this.#which = html("p", { class: "which" });
    this.#facts = html("p", { class: "facts" });
    this.#body = html("div", {});
    this.element = html("article", { class: `pane side ${tone}` }, this.#name, this.#which, this.#facts, this.#body);
  }

  /** Says why there is nothing. */
  empty(title: string, text: string): void {
    this.#reset(undefined, title, "");
    this.#body.replaceChildren(html("p", { class: "empty" }, text));
  }

  /** Brings the pane to what the run shows by now. */
  show(run: Run, title: string, which: string): void {
    if (run !== this.#run) this.#reset(run, title, which);
    const [thinking, template, response] = run.starts(run.shown);
    const starts = [0, thinking, template, response];
    for (; this.#drawn < run.shown; this.#drawn++) this.#add(run, this.#drawn, starts);
    // only a whole close marker tells where the blanks before it belong: from the end, so that they keep their order
    for (let i = this.#tokens.length - 1; i >= 0; i--) {
      const token = this.#tokens[i] as HTMLElement;
      const region = this.#paragraphs[regionOf(i, starts)] as HTMLElement;
      if (token.parentElement === region) continue;
      const next = this.#tokens[i + 1];
      const blank = token.nextSibling as Text;
      region.insertBefore(token, next?.parentElement === region ? next : null);
      token.after(blank);
    }
    this.#paragraphs.forEach((p) => {
      (p.parentElement as HTMLElement).hidden = p.childElementCount === 0;
    });
    if (run.outcome !== undefined && run.shown === run.tokens.length && !this.#finished) this.#finish(run, run.outcome);
    if (run.status === "failed" && !this.#finished) {
      this.#finished = true;
      this.#body.append(html("p", { class: "problem" }, run.problem));
    }
  }

  /** Outlines a token, when there is one. */
  mark(token: number | null): void {
    this.element.querySelector(".at")?.classList.remove("at");
    if (token !== null) this.#tokens[token]?.classList.add("at");
  }

  #reset(run: Run | undefined, title: string, which: string): void {
    this.#run = run;
    this.#drawn = 0;
    this.#tokens = [];
    this.#finished = false;
    this.#name.replaceChildren(title);
    this.#which.replaceChildren(which);
    this.#facts.replaceChildren();
    this.#paragraphs = REGIONS.map((region) => this.#paragraph(region));
    this.#body.replaceChildren(...this.#paragraphs.map((p) => p.parentElement as HTMLElement));
  }

  #paragraph(region: (typeof REGIONS)[number]): HTMLElement {
    const p = html("p", {
      class: "tokens",
      tabindex: 0,
      role: "group",
      "aria-label": `${region}: arrow keys read the score of each token`,
    });
    html("div", { class: `region ${region}` }, html("h3", {}, region), p).hidden = true;
    let current: HTMLElement | null = null;
    const go = (next: HTMLElement | null) => {
      current = next;
      this.#events.onToken(next === null ? null : this.#tokens.indexOf(next));
      if (next === null) showTip(null);
      else showTipAt(next);
    };
    p.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const all = [...p.querySelectorAll("i")];
      const at = current === null ? (step > 0 ? -1 : all.length) : all.indexOf(current);
      go(all[Math.min(all.length - 1, Math.max(0, at + step))] ?? null);
    });
    p.addEventListener("blur", () => go(null));
    p.addEventListener("pointerover", ({ target }) => {
      const token = target instanceof Element ? target.closest<HTMLElement>("i") : null;
      this.#events.onToken(token === null ? null : this.#tokens.indexOf(token));
    });
    p.addEventListener("pointerleave", () => this.#events.onToken(null));
    return p;
  }

  #add(run: Run, index: number, starts: ReadonlyArray<number>): void {
    const { piece, score } = run.tokens[index] as Run["tokens"][number];
    const token = html("i", {}, piece.replaceAll("\n", "⏎"));
    token.style.setProperty("--a", String(score));
    this.#tokens.push(token);
    (this.#paragraphs[regionOf(index, starts)] as HTMLElement).append(token, " ");
  }

  #finish(run: Run, { kind, plateau, final }: Outcome): void {
    this.#finished = true;
    const { name, tone } = badgeOf(run.prompt, kind);
    this.#name.append(html("span", { class: `badge ${tone}` }, name));
    const fact = (label: string, value: string) => html("span", {}, `${label} `, html("b", {}, value));
    this.#facts.append(fact("while thinking", two(plateau)), fact("before the answer", two(final)));
  }
}

const regionOf = (token: number, starts: ReadonlyArray<number>): number => {
  let region = 0;
  for (let r = 1; r < starts.length; r++) if (token >= (starts[r] as number)) region = r;
  return region;
};
