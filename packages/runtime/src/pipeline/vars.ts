/**
 * `${vars.name}` and, in a node with a matrix, `${matrix.name}`: replaced before anything is decoded. A text that is one
 * reference takes the value and its type.
 */
import type { PipelineIssue } from "../errors.ts";
import type { Located, LocatedMap, LocatedScalar, Place } from "./located.ts";
import type { Combination } from "./matrix.ts";
import { suggestion } from "./nearest.ts";
import { natural, startOf } from "./typed.ts";
import { maxBytes, maxDepth } from "./yaml.ts";

const reference = /\$?\$\{([^}]*)\}/g;
const whole = /^\$\{([^}]*)\}$/;

/** Replaces references in values of one file; every problem goes to `report`. */
export class Interpolation {
  readonly #vars: LocatedMap | undefined;
  readonly #report: (issue: PipelineIssue) => void;
  readonly #resolved = new Map<string, Located>();
  /** Of lists and maps, which resolved variables share. */
  readonly #weights = new WeakMap<object, number>();

  constructor(vars: LocatedMap | undefined, report: (issue: PipelineIssue) => void) {
    this.#vars = vars;
    this.#report = report;
  }

  /** `located` with all references replaced; places stay those of the referring text. */
  apply(located: Located, matrix?: Combination, open: ReadonlyArray<string> = []): Located {
    switch (located.type) {
      case "list": {
        const items = located.items.map((item) => this.apply(item, matrix, open));
        return items.every((item, i) => item === located.items[i]) ? located : { ...located, items };
      }
      case "map": {
        let changed = false;
        const entries = [...located.entries].map(([key, entry]) => {
          const value = this.apply(entry.value, matrix, open);
          changed ||= value !== entry.value;
          return [key, value === entry.value ? entry : { ...entry, value }] as const;
        });
        return changed ? { ...located, entries: new Map(entries) } : located;
      }
      case "scalar":
        return typeof located.value === "string" && located.value.includes("${")
          ? this.#typed(located, this.#text(located, located.value, matrix, open), matrix, open)
          : located;
    }
  }

  /** What `vars.a.b` or `matrix.x` stands for; `undefined` after reporting that there is no such thing. */
  lookup(path: string, at: Place, matrix?: Combination, open: ReadonlyArray<string> = []): Located | undefined {
    const [head, name, ...rest] = path.trim().split(".");
    if (head === "matrix" && name !== undefined && rest.length === 0) return this.#ofMatrix(name, at, matrix);
    if (head !== "vars" || name === undefined) {
      const remedy = "Variables are vars.name or matrix.name; write $${ for a literal ${.";
      this.#report({ code: "E_VAR_UNKNOWN", message: `"${path.trim()}" is not a variable`, ...at, remedy });
      return undefined;
    }
    let found = this.#variable(name, at, open);
    for (const step of rest) {
      found = found && natural(found);
      const entries = found?.type === "map" ? found.entries : undefined;
      const next = entries?.get(step)?.value;
      if (found !== undefined && next === undefined) {
        const remedy = suggestion(step, entries?.keys() ?? [], "keys");
        this.#report({ code: "E_VAR_UNKNOWN", message: `\${${path}}: there is no "${step}" in it`, ...at, remedy });
      }
      found = next;
    }
    return found;
  }

  /** `--set x=[${vars.a}]` may be wanted as a list: its YAML has references too. */
  #typed(
    { typed }: LocatedScalar,
    text: Located,
    matrix: Combination | undefined,
    open: ReadonlyArray<string>,
  ): Located {
    if (typed === undefined || text.type !== "scalar" || text.missing || text.typed) return text;
    const yaml = typed.yaml?.type === "scalar" ? undefined : typed.yaml && this.apply(typed.yaml, matrix, open);
    return yaml === undefined ? text : { ...text, typed: { ...typed, yaml } };
  }

  #text(text: LocatedScalar, value: string, matrix: Combination | undefined, open: ReadonlyArray<string>): Located {
    const { at } = text;
    const missing: Located = { type: "scalar", at, value: null, missing: true };
    const only = whole.exec(value);
    if (only) {
      const found = this.lookup(only[1] ?? "", at, matrix, open) ?? missing;
      return found.type === "scalar" ? { ...found, at, from: startOf(found) } : { ...found, at };
    }
    let incomplete = false;
    let length = value.length;
    // a path starts where its beginning stands
    let from = text.from;
    const replaced = value.replace(reference, (match, path: string, offset: number) => {
      if (match.startsWith("$$")) return match.slice(1);
      const found = this.lookup(path, at, matrix, open);
      if (found === undefined) incomplete = true;
      if (found === undefined) return "";
      if (found.type === "scalar") {
        if (offset === 0 && found.value !== "") from = startOf(found);
        const inserted = found.written ?? String(found.value);
        length += inserted.length;
        // Whoever holds the text is told that it is too long.
        return length > 2 * maxBytes ? "" : inserted;
      }
      const remedy = "Only a single value fits into a text; use the reference alone to insert a list or map.";
      this.#report({ code: "E_VAR_TYPE", message: `\${${path}} is a ${found.type}`, ...at, remedy });
      return "";
    });
    if (incomplete) return missing;
    const start = from === undefined ? {} : { from };
    return { type: "scalar", at, value: replaced, style: text.style ?? "plain", ...start };
  }

  #ofMatrix(name: string, at: Place, matrix: Combination | undefined): Located | undefined {
    const value = matrix?.places.get(name);
    if (value !== undefined) return { ...value, at, from: startOf(value) };
    const message =
      matrix === undefined ? `\${matrix.${name}}: there is no matrix here` : `the matrix has no "${name}"`;
    const remedy =
      matrix === undefined
        ? `Only a node with a matrix has these: add matrix: { ${name}: [VALUES] }.`
        : suggestion(name, matrix.values.keys(), "matrix values");
    this.#report({ code: "E_VAR_UNKNOWN", message, ...at, remedy });
    return undefined;
  }

  #variable(name: string, at: Place, open: ReadonlyArray<string>): Located | undefined {
    const resolved = this.#resolved.get(name);
    if (resolved) return resolved;
    const declared = this.#vars?.entries.get(name)?.value;
    if (declared === undefined) {
      const remedy = suggestion(name, this.#vars?.entries.keys() ?? [], "variables");
      this.#report({ code: "E_VAR_UNKNOWN", message: `there is no variable "${name}"`, ...at, remedy });
      return undefined;
    }
    if (open.includes(name)) {
      const message = `variables refer to each other: ${[...open, name].join(" → ")}`;
      this.#report({ code: "E_CYCLE", message, ...at, remedy: "Give one of them a value of its own." });
      return undefined;
    }
    const value = open.length >= maxDepth ? undefined : this.apply(declared, undefined, [...open, name]);
    if (value === undefined || this.#weightOf(value) > maxBytes) {
      const message =
        value === undefined
          ? `variables refer to variables more than ${maxDepth} deep`
          : `the variable "${name}" is longer than ${maxBytes} bytes: variables of variables multiply`;
      this.#report({ code: "E_VAR_SIZE", message, ...at, remedy: "Refer to fewer variables from variables." });
      this.#resolved.set(name, { type: "scalar", at, value: null, missing: true });
      return undefined;
    }
    this.#resolved.set(name, value);
    return value;
  }

  /** Values and characters, of what is shared each time: what reading them one by one takes. */
  #weightOf(located: Located): number {
    if (located.type === "scalar") return 1 + (typeof located.value === "string" ? located.value.length : 0);
    const parts = located.type === "list" ? located.items : located.entries;
    const known = this.#weights.get(parts);
    if (known !== undefined) return known;
    const inner = located.type === "list" ? located.items : [...located.entries.values()].map(({ value }) => value);
    const weight = inner.reduce((sum, value) => sum + this.#weightOf(value), 1);
    this.#weights.set(parts, weight);
    return weight;
  }
}
