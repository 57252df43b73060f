/**
 * HTML and SVG as values. The `markup` tag escapes everything that is interpolated, so that text from a model
 * or a prompt cannot become markup by being forgotten somewhere; only another `Markup` goes in as it is.
 */
import { visibleText } from "./visible-text.ts";

/** A finished piece of HTML or XML. Made by {@link markup}; {@link trusted} is for literals of this package. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** What may stand in a `markup` template: absent values draw nothing, arrays are joined. */
export type Part = string | number | Markup | ReadonlyArray<Part> | null | undefined | false;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Text for an element or a quoted attribute: visible (see `visibleText`) and escaped. */
export const escapeText = (text: string): string => visibleText(text).replace(/[&<>"'`]/g, (c) => entities[c] ?? c);

/** A coordinate: at most two decimals. Data that readers see is formatted by `format.ts`, never here. */
const coordinate = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`a drawing coordinate is ${value}`);
  const rounded = Math.round(value * 100) / 100;
  return String(rounded === 0 ? 0 : rounded);
};

const render = (part: Part): string => {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "number") return coordinate(part);
  if (typeof part === "string") return escapeText(part);
  return part.map(render).join("");
};

/** Tagged template: the literal stays, strings are escaped, numbers are coordinates. */
export const markup = (literals: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Markup => {
  let text = literals[0] ?? "";
  parts.forEach((part, i) => {
    text += render(part) + (literals[i + 1] ?? "");
  });
  return new Markup(text);
};

/** Wraps a literal written in this package (CSS, script). Never call it with text from outside. */
export const trusted = (literal: string): Markup => new Markup(literal);
