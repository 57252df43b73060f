/** Text made safe for HTML, as MarkupSafe escapes it. */
import { str } from "./print.ts";
import { Markup, type Value } from "./values.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

export const escapeHtml = (text: string): string => text.replace(/[&<>'"]/g, (char) => ESCAPES[char] as string);

/** A value as safe text: what is marked already stays as it is. */
export const escape = (value: Value): Markup => (value instanceof Markup ? value : new Markup(escapeHtml(str(value))));
