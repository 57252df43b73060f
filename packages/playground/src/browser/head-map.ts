/** The map of heads as switches: a click, Enter or Space switches one off or on, arrow keys walk. */
import { html } from "../../../report/src/browser/elements.ts";
import { showTipAt } from "../../../report/src/browser/tips.ts";
import type { PageData } from "../page-data.ts";

const signed = (value: number): string => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`;

export class HeadMap {
  readonly #cells: ReadonlyArray<HTMLButtonElement>;
  readonly #data: PageData;
  #current = 0;

  constructor(holder: HTMLElement, data: PageData, onSwitch: (head: number) => void) {
    this.#data = data;
    const { layers, heads } = data.model;
    holder.style.setProperty("--columns", String(heads));
    const strongest = data.heads.findIndex(({ rank }) => rank === 1);
    this.#current = Math.max(0, strongest);
    this.#cells = data.heads.map(({ planted }, i) =>
      html("button", {
        type: "button",
        class: planted ? "head planted" : "head",
        tabindex: i === this.#current ? 0 : -1,
        "data-head": `${Math.floor(i / heads)}.${i % heads}`,
      }),
    );
    for (let layer = 0; layer < layers; layer++)
      holder.append(html("span", {}, String(layer)), ...this.#cells.slice(layer * heads, (layer + 1) * heads));
    holder.append(html("span", {}), ...Array.from({ length: heads }, (_, h) => html("span", {}, String(h))));
    this.#cells.forEach((cell, i) => {
      cell.addEventListener("click", () => {
        this.#focus(i);
        onSwitch(i);
      });
      cell.addEventListener("keydown", (event) => this.#walk(event));
    });
  }

  /** Colours by `values [layers · heads]`, named `what`; `off` are crossed out. */
  show(values: ArrayLike<number>, what: string, off: ReadonlyArray<number>): void {
    const { heads } = this.#data.model;
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] as number));
    this.#cells.forEach((cell, i) => {
      const value = values[i] as number;
      const isOff = off.includes(i);
      cell.classList.toggle("suppress", value < 0);
      cell.classList.toggle("refusal", value >= 0);
      // as in the report: a few heads are ten times the rest
      cell.style.setProperty("--d", (most === 0 ? 0 : Math.sqrt(Math.abs(value) / most)).toFixed(3));
      cell.setAttribute("aria-pressed", String(isOff));
      const facts = [
        `layer ${Math.floor(i / heads)}, head ${i % heads}${isOff ? ", off" : ""}`,
        `writes ${signed(value)} (${what})`,
        ...(this.#data.heads[i]?.planted === true ? ["tuned to suppress"] : []),
      ];
      cell.dataset["tip"] = facts.join(" | ");
      cell.setAttribute("aria-label", `Switch off ${facts.join("; ")}`);
    });
  }

  #walk(event: KeyboardEvent): void {
    const { heads } = this.#data.model;
    const step = { ArrowUp: -heads, ArrowDown: heads, ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = this.#current + step;
    const wraps = Math.abs(step) === 1 && Math.floor(next / heads) !== Math.floor(this.#current / heads);
    if (!wraps && this.#cells[next] !== undefined) this.#focus(next);
  }

  #focus(index: number): void {
    this.#cells[this.#current]?.setAttribute("tabindex", "-1");
    this.#current = index;
    const cell = this.#cells[index] as HTMLButtonElement;
    cell.setAttribute("tabindex", "0");
    cell.focus();
    if (cell.matches(":focus-visible")) showTipAt(cell);
  }
}
