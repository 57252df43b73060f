/** Values of `--set`: text, until it is known what is wanted. */
import { dirname, resolve } from "node:path";
import type { Located, LocatedScalar, Place } from "./located.ts";
import { parseYaml } from "./yaml.ts";

/** The value behind the `=`; `from` is the folder that relative paths in it start at. */
export function typedValue(text: string, at: Place, from: string): LocatedScalar {
  const { value, issues } = parseYaml(text, at.file, { column: at.column });
  const yaml = value === undefined || issues.length > 0 ? undefined : loosened(value, from);
  return { type: "scalar", at, value: text, style: "quoted", from, typed: { yaml, issues, replacesText: false } };
}

function loosened(located: Located, from: string): Located {
  switch (located.type) {
    case "scalar":
      return { ...located, from, loose: true };
    case "list":
      return { ...located, items: located.items.map((item) => loosened(item, from)) };
    case "map": {
      const entries = [...located.entries].map(
        ([key, entry]) => [key, { ...entry, value: loosened(entry.value, from) }] as const,
      );
      return { ...located, entries: new Map(entries) };
    }
  }
}

/** The text itself, as it was typed. */
export const asText = ({ typed: _, ...text }: LocatedScalar): LocatedScalar => text;

/**
 * What a value of `--set` is where text and other things may stand: a number, true, false or null as YAML reads it, a list or
 * map in brackets, the text between quotes; everything else, nothing and blanks included, is the text that was typed.
 */
export function eitherWay(located: LocatedScalar, takes: (yaml: Located) => boolean = () => true): Located {
  const yaml = located.typed?.yaml;
  if (yaml === undefined || String(located.value).trim() === "") return asText(located);
  if (yaml.type === "scalar" && typeof yaml.value === "string") {
    return yaml.style === "quoted" ? { ...yaml, at: located.at } : asText(located);
  }
  if (yaml.type !== "scalar" && !/^\s*[[{]/.test(String(located.value))) return asText(located);
  return takes(yaml) ? yaml : asText(located);
}

/** A value where no Schema says what is wanted: in conditions, matrices and references. */
export function natural(located: Located): Located {
  if (located.type !== "scalar" || located.typed === undefined) return located;
  return located.typed.replacesText ? asText(located) : eitherWay(located);
}

/** `natural`, inside lists and maps too. */
export function naturally(located: Located): Located {
  const found = natural(located);
  if (found.type === "list") return { ...found, items: found.items.map(naturally) };
  if (found.type === "scalar") return found;
  const entries = [...found.entries].map(([key, entry]) => [key, { ...entry, value: naturally(entry.value) }] as const);
  return { ...found, entries: new Map(entries) };
}

/** Absolute folder that a relative path in this value starts at. */
export const startOf = ({ from, at }: LocatedScalar): string => from ?? dirname(resolve(at.file));
