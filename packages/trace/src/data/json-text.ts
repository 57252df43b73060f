/** JSON as data sets need it: numbers keep their text, and a key that stands twice is an error. */
import { checkDepth, replaceNumberWords } from "@precipice/files";
import { failFile } from "./row.ts";

/** Numbers a double prints in another way than they are written: whole numbers past 2^53, `1.10`, `1.0`, `1e5`. */
const keepText = (_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown =>
  typeof value === "number" && source !== undefined && String(value) !== source ? source : value;
const MAYBE_CHANGED = /\d{16}|\d[.eE]|-0/;

/** The value, or the error of `JSON.parse`. `NaN`, which Python writes for a missing cell, is null; `Infinity` keeps its text. */
export const parseJson = (text: string): unknown => {
  checkDepth(text);
  try {
    return strictJson(text);
  } catch (error) {
    const plain = replaceNumberWords(text, (word) => (word === "NaN" ? "null" : `"${word}"`));
    if (plain === undefined) throw error;
    return strictJson(plain);
  }
};

const strictJson = (text: string): unknown =>
  MAYBE_CHANGED.test(text) ? JSON.parse(text, keepText as (key: string, value: unknown) => unknown) : JSON.parse(text);

/** Fails where an object of this valid JSON has a key twice; `line` is that of its first character. */
export const checkKeys = (json: string, name: string, line: number): void => {
  const open: Array<Set<string> | undefined> = [];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === "{") open.push(new Set());
    else if (char === "[") open.push(undefined);
    else if (char === "}" || char === "]") open.pop();
    else if (char === '"') {
      const end = stringEnd(json, i);
      const keys = open.at(-1);
      if (keys !== undefined && isKey(json, end)) {
        const raw = json.slice(i, end);
        const key = raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
        if (keys.has(key)) {
          const at = line + (json.slice(0, i).match(/\n/g)?.length ?? 0);
          failFile(`${name}:${at}: the key ${JSON.stringify(key)} stands twice in one object`, "Rename one of the two");
        }
        keys.add(key);
      }
      i = end - 1;
    }
  }
};

/** Behind the quote that closes the string which opens at `start`. */
const stringEnd = (json: string, start: number): number => {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let escapes = end;
    while (json[escapes - 1] === "\\") escapes--;
    if ((end - escapes) % 2 === 0) return end + 1;
  }
  return json.length;
};

const isKey = (json: string, end: number): boolean => {
  let i = end;
  while (json[i] === " " || json[i] === "\n" || json[i] === "\r" || json[i] === "\t") i++;
  return json[i] === ":";
};
