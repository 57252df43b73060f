/** Small pieces that several pages of the viewer share. */
import { type Markup, markup, type Part } from "@precipice/report/html";

/** Names and values in a row; what has no value is left out. */
export const facts = (...all: ReadonlyArray<readonly [name: string, value: Part]>): Markup =>
  markup`<dl class="facts">${all.flatMap(([name, value]) =>
    value === undefined || value === null || value === "" || value === false
      ? []
      : [markup`<div><dt>${name}</dt><dd>${value}</dd></div>`],
  )}</dl>`;

/** A state in words, with a sign of its own: colour alone says nothing. */
export const stateMark = (state: string): Markup =>
  markup`<span class="state ${state.split(" ")[0] ?? ""}">${state}</span>`;

/** `2026-11-24 01:45:30`, in the time zone of this machine. */
export const timeText = (iso: string | null | undefined): Part => {
  const date = iso === null || iso === undefined ? undefined : new Date(iso);
  if (date === undefined || Number.isNaN(date.getTime())) return "";
  return markup`<time datetime="${date.toISOString()}">${date.toLocaleString("sv-SE")}</time>`;
};

/** Pretty JSON, a line per element: text is made visible line by line, so that the breaks must be markup. */
export const json = (value: unknown): Markup =>
  markup`<pre>${(JSON.stringify(value, null, 2) ?? "").split("\n").map((line) => markup`<span>${line}</span>`)}</pre>`;
