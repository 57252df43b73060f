/** The trace browser: search and filters on the left, the chosen trace on the right, another of its prompt beside it. */
import { visibleText } from "../visible-text.ts";
import { counterparts } from "./before-after.ts";
import { save } from "./downloads.ts";
import { html } from "./elements.ts";
import { type Entry, type Library, readLibrary } from "./library.ts";
import { tokensCsv, tracesCsv } from "./trace-csv.ts";
import { level, traceView } from "./trace-view.ts";
import { virtualList } from "./virtual-list.ts";

const rowHeight = 58;

const orders: Readonly<Record<string, (a: Entry, b: Entry) => number>> = {
  cliff: (a, b) => down(a.cliff, b.cliff),
  "cliff-up": (a, b) => down(-a.cliff, -b.cliff),
  plateau: (a, b) => down(a.plateau, b.plateau),
  final: (a, b) => down(a.final, b.final),
  prompt: (a, b) => (a.promptId < b.promptId ? -1 : a.promptId > b.promptId ? 1 : a.index - b.index),
};
/** Falling; what has no value comes last. */
const down = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : b - a;

const cliffs: Readonly<Record<string, (cliff: number) => boolean>> = {
  "": () => true,
  deep: (cliff) => cliff >= 0.5,
  some: (cliff) => cliff >= 0.1 && cliff < 0.5,
  level: (cliff) => cliff < 0.1,
  none: (cliff) => Number.isNaN(cliff),
};

export const startTraces = (): void => {
  const browser = document.getElementById("browser");
  if (browser === null) return;
  const start = async () => {
    const library = await readLibrary();
    if (library !== null) run(browser, library);
  };
  // after the first paint: the page is there before its traces are
  requestAnimationFrame(() => setTimeout(start, 0));
};

const run = (browser: HTMLElement, library: Library): void => {
  const field = <E extends HTMLElement>(name: string) => browser.querySelector<E>(`[name="${name}"]`) as E;
  const search = field<HTMLInputElement>("search");
  const [source, label, verdict, cliff, order] = ["source", "label", "verdict", "cliff", "order"].map((name) =>
    field<HTMLSelectElement>(name),
  ) as [HTMLSelectElement, HTMLSelectElement, HTMLSelectElement, HTMLSelectElement, HTMLSelectElement];
  const told = browser.querySelector("output") as HTMLOutputElement;
  const view = browser.querySelector(".view") as HTMLElement;
  const offer = (select: HTMLSelectElement, values: ReadonlyArray<string>) => {
    for (const value of [...new Set(values)].sort())
      select.append(html("option", { value: `=${value}` }, value === "" ? "not judged" : visibleText(value)));
    (select.closest("label") as HTMLElement).hidden = new Set(values).size < 2;
  };
  offer(source, library.entries.map(sourceOf));
  offer(
    label,
    library.entries.map((e) => e.label),
  );
  offer(
    verdict,
    library.entries.map((e) => e.verdict),
  );

  const byPrompt = Map.groupBy(library.entries, (e) => e.promptId);
  const list = virtualList<Entry>(browser.querySelector(".list") as HTMLElement, rowHeight, drawRow, (entry) =>
    show(entry),
  );
  let shown: ReadonlyArray<Entry> = [];
  let beside = "";

  const show = (entry: Entry) => {
    const others = counterparts(
      entry,
      (byPrompt.get(entry.promptId) ?? []).filter((e) => e !== entry),
    );
    const main = html("div", { class: "side" }, traceView(library, entry));
    if (others.length === 0) {
      view.replaceChildren(main);
      return;
    }
    const select = html("select", { name: "beside" }, html("option", { value: "" }, "nothing"));
    for (const other of others)
      select.append(html("option", { value: String(other.index) }, visibleText(nameOf(other))));
    const second = html("div", { class: "side" });
    const compare = () => {
      const other = others.find((e) => String(e.index) === select.value);
      beside = other === undefined ? "nothing" : sourceOf(other);
      second.replaceChildren(...(other === undefined ? [] : [traceView(library, other)]));
      view.classList.toggle("double", other !== undefined);
    };
    // the same model as last time beside the next trace, so that a walk down the list compares like with like
    const kept = beside === "nothing" ? undefined : (others.find((e) => sourceOf(e) === beside) ?? others[0]);
    select.value = kept === undefined ? "" : String(kept.index);
    select.addEventListener("change", compare);
    view.replaceChildren(
      html("p", { class: "beside" }, html("label", {}, "Same prompt beside it ", select)),
      html("div", { class: "sides" }, main, second),
    );
    compare();
  };

  const update = () => {
    const words = search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((w) => w !== "");
    const is = (select: HTMLSelectElement, value: string) => select.value === "" || select.value === `=${value}`;
    const fits = cliffs[cliff.value] ?? (() => true);
    shown = library.entries
      .filter(
        (e) =>
          is(source, sourceOf(e)) &&
          is(label, e.label) &&
          is(verdict, e.verdict) &&
          fits(e.cliff) &&
          (words.length === 0 || words.every((w) => library.lowerText(e).includes(w))),
      )
      .sort(orders[order.value] ?? (() => 0));
    told.textContent = `${shown.length.toLocaleString("en")} of ${library.entries.length.toLocaleString("en")} traces`;
    list.show(shown);
    if (shown.length > 0) list.choose(0);
    else view.replaceChildren(html("p", { class: "note" }, "No trace fits."));
  };
  let later = 0;
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(update, 120);
  });
  for (const select of [source, label, verdict, cliff, order]) select.addEventListener("change", update);
  browser.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  browser
    .querySelector("button[name=traces-csv]")
    ?.addEventListener("click", () => save("traces.csv", tracesCsv(library, shown)));
  browser
    .querySelector("button[name=tokens-csv]")
    ?.addEventListener("click", () => save("tokens.csv", tokensCsv(library, shown)));
  browser.hidden = false;
  update();
};

/** What a trace is listed under: its model, and the arm where that says more. */
const sourceOf = (entry: Entry): string =>
  entry.arm === "" || entry.arm === entry.source || /^base(line)?$/.test(entry.arm) || entry.colour < 255
    ? entry.source
    : `${entry.source} · ${entry.arm}`;
const nameOf = (entry: Entry): string =>
  [sourceOf(entry), entry.verdict, level(entry.cliff) && `cliff ${level(entry.cliff)}`]
    .filter((t) => t !== "")
    .join(", ");

const drawRow = (entry: Entry): HTMLElement =>
  html(
    "div",
    { class: "row" },
    html("span", { class: "prompt" }, visibleText(entry.prompt) || entry.id),
    html(
      "span",
      { class: "about" },
      html("b", { class: `key s${entry.colour}` }, visibleText(sourceOf(entry))),
      entry.family === "" ? null : html("span", {}, visibleText(entry.family)),
      entry.verdict === ""
        ? null
        : html(
            "span",
            { class: `verdict ${/harmful/.test(entry.verdict) ? "harmful" : ""}` },
            visibleText(entry.verdict),
          ),
      Number.isNaN(entry.cliff)
        ? null
        : html("span", { class: "levels" }, `${level(entry.plateau)} → ${level(entry.final)}`),
    ),
  );
