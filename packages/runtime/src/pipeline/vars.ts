/** `${vars.name}`: replaced before anything is decoded. A string that is one reference takes the variable's value and type. */
import type { PipelineIssue } from "../errors.ts";
import type { Located, LocatedMap, Place } from "./located.ts";
import { suggestion } from "./nearest.ts";

const reference = /\$?\$\{([^}]*)\}/g;
const whole = /^\$\{([^}]*)\}$/;

/** Replaces references in values; every problem goes to `report` once. */
export class Interpolation {
  readonly #vars: LocatedMap | undefined;
  readonly #report: (issue: PipelineIssue) => void;
  readonly #resolved = new Map<string, Located>();

  constructor(vars: LocatedMap | undefined, report: (issue: PipelineIssue) => void) {
    this.#vars = vars;
    this.#report = report;
  }

  /** `located` with all references replaced; places stay those of the referring text. */
  apply(located: Located, open: ReadonlyArray<string> = []): Located {
    switch (located.type) {
      case "list":
        return { ...located, items: located.items.map((item) => this.apply(item, open)) };
      case "map": {
        const entries = [...located.entries].map(
          ([key, entry]) => [key, { ...entry, value: this.apply(entry.value, open) }] as const,
        );
        return { ...located, entries: new Map(entries) };
      }
      case "scalar":
        return typeof located.value === "string" ? this.#text(located.value, located.at, open) : located;
    }
  }

  #text(text: string, at: Place, open: ReadonlyArray<string>): Located {
    const only = whole.exec(text);
    if (only) return { ...this.#lookup(only[1] ?? "", at, open), at };
    const value = text.replace(reference, (match, path: string) => {
      if (match.startsWith("$$")) return match.slice(1);
      const found = this.#lookup(path, at, open);
      if (found.type === "scalar") return String(found.value);
      const remedy = "Only a single value fits into a text; use the reference alone to insert a list or map.";
      this.#report({ code: "E_VAR_TYPE", message: `\${${path}} is a ${found.type}`, ...at, remedy });
      return "";
    });
    return { type: "scalar", at, value };
  }

  #lookup(path: string, at: Place, open: ReadonlyArray<string>): Located {
    const missing: Located = { type: "scalar", at, value: null };
    const [head, name, ...rest] = path.trim().split(".");
    if (head !== "vars" || name === undefined) {
      const remedy = "References look like ${vars.name}; write $${ for a literal ${.";
      this.#report({ code: "E_VAR_UNKNOWN", message: `\${${path}} is not a variable`, ...at, remedy });
      return missing;
    }
    let found = this.#variable(name, at, open);
    for (const step of rest) {
      const next = found?.type === "map" ? found.entries.get(step)?.value : undefined;
      if (found !== undefined && next === undefined) {
        this.#report({ code: "E_VAR_UNKNOWN", message: `\${${path}}: there is no "${step}" in it`, ...at });
      }
      found = next;
    }
    return found ?? missing;
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
      this.#report({
        code: "E_CYCLE",
        message: `variables refer to each other: ${[...open, name].join(" → ")}`,
        ...at,
      });
      return undefined;
    }
    const value = this.apply(declared, [...open, name]);
    this.#resolved.set(name, value);
    return value;
  }
}
