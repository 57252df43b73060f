/** A run that goes on: its nodes, log and time as the server tells them; when it is over, the page is made anew. */
import type { LiveMessage, NodeLine } from "../view/live-line.ts";
import { listen } from "./follow.ts";
import { refresh } from "./refresh.ts";

export const startRun = (again: () => void): void => {
  const run = document.getElementById("run");
  const url = run?.dataset["events"];
  if (run === null || url === undefined) return;
  const rows = new Map([...run.querySelectorAll<HTMLElement>("li[data-node]")].map((li) => [li.dataset["node"], li]));
  const lines = new Map<string, NodeLine>();
  const stream = listen(url, {
    state: (data) => {
      const { nodes, log, summary, spanMs, span, whole } = JSON.parse(data) as LiveMessage;
      for (const line of nodes) lines.set(line.node, line);
      for (const [name, line] of lines) draw(rows.get(name), line, spanMs);
      text("sum", summary);
      text("span", span);
      say(log, whole);
    },
    end: () => {
      stream.close();
      void refresh().then(again);
    },
  });
};

const draw = (row: HTMLElement | undefined, line: NodeLine, spanMs: number): void => {
  if (row === undefined) return;
  const state = row.querySelector(".state");
  if (state !== null && state.textContent !== line.state) {
    state.textContent = line.state;
    state.className = `state ${line.state.split(" ")[0]}`;
  }
  set(row.querySelector(".took"), line.took);
  set(row.querySelector(".say"), line.note);
  const progress = row.querySelector("progress");
  if (progress !== null) {
    progress.hidden = line.fraction === null;
    if (line.fraction !== null) progress.value = line.fraction;
  }
  const bar = row.querySelector(".span");
  if (bar === null || line.fromMs === null || line.toMs === null) return;
  const to = line.state === "running" ? spanMs : line.toMs;
  bar.setAttribute("x", String(Math.min(996, (1000 * line.fromMs) / spanMs)));
  bar.setAttribute("width", String(Math.max(4, (1000 * (to - line.fromMs)) / spanMs)));
  bar.setAttribute("class", `span ${line.state.split(" ")[0]}`);
};

/** New lines below the old ones; a log that was at its end stays there. */
const say = (log: ReadonlyArray<string>, anew: boolean): void => {
  const box = document.getElementById("log-lines");
  if (box === null || log.length === 0) return;
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
  if (anew) box.replaceChildren();
  for (const line of log) {
    const span = document.createElement("span");
    span.textContent = line;
    box.append(span);
  }
  if (atEnd) box.scrollTop = box.scrollHeight;
};

const set = (element: Element | null, value: string): void => {
  if (element !== null && element.textContent !== value) element.textContent = value;
};
const text = (id: string, value: string): void => set(document.getElementById(id), value);
