/**
 * The map of heads as a grid one can walk with the arrow keys: one cell is in the tab order at a time. A click, Enter
 * or Space opens what is known of a head: its numbers, and where it looks if the page holds that.
 */
import { html } from "./elements.ts";
import { showTip, showTipAt } from "./tips.ts";

export const startHeads = (): void => {
  const detail = document.getElementById("head-detail");
  const cells = [...document.querySelectorAll<SVGElement>("#heads .cell[data-head]")];
  if (detail === null || cells.length === 0) return;
  const byPlace = new Map(cells.map((cell) => [cell.dataset["head"] ?? "", cell]));
  let current = cells[0] as SVGElement;

  const focus = (cell: SVGElement) => {
    current.setAttribute("tabindex", "-1");
    current = cell;
    cell.setAttribute("tabindex", "0");
    cell.focus();
    showTipAt(cell);
  };
  const open = (cell: SVGElement) => {
    for (const other of cells) other.removeAttribute("aria-pressed");
    cell.setAttribute("aria-pressed", "true");
    const place = cell.dataset["head"] ?? "";
    const [title = "", ...facts] = (cell.dataset["tip"] ?? "").split(" | ");
    const pattern = document.getElementById(`pattern-${place.replace(",", "-")}`);
    detail.replaceChildren(
      html("h3", {}, title.charAt(0).toUpperCase() + title.slice(1)),
      html("p", { class: "facts" }, ...facts.map((fact) => html("span", {}, fact))),
      pattern instanceof HTMLTemplateElement
        ? pattern.content.cloneNode(true)
        : html("p", { class: "note" }, "No attention pattern of this head was given to this report."),
    );
    detail.hidden = false;
  };

  const choose = (cell: SVGElement) => {
    focus(cell);
    showTip(null);
    open(cell);
  };
  // a name stands over a neighbour's cell, and means its own
  for (const name of document.querySelectorAll<SVGElement>("#heads [data-names]")) {
    const named = byPlace.get(name.dataset["names"] ?? "");
    if (named !== undefined) name.addEventListener("click", () => choose(named));
  }
  for (const cell of cells) {
    cell.addEventListener("click", () => choose(cell));
    cell.addEventListener("keydown", (event) => {
      const [layer = 0, head = 0] = (cell.dataset["head"] ?? "").split(",").map(Number);
      const steps: Readonly<Record<string, readonly [number, number]>> = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
      };
      const step = steps[event.key];
      if (step !== undefined) {
        event.preventDefault();
        const next = byPlace.get(`${layer + step[0]},${head + step[1]}`);
        if (next !== undefined) focus(next);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        open(cell);
      }
    });
  }
};
