/** Collects everything wrong with a pipeline instead of stopping at the first problem. */
import { PipelineError, type PipelineIssue } from "../errors.ts";
import type { LocatedMap, Place } from "./located.ts";
import { suggestion } from "./nearest.ts";

/** Messages repeat values of the file, which may be of any length. */
const short = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);

export class Report {
  readonly #issues = new Map<string, PipelineIssue>();
  readonly #main: string;

  /** `main` is the file whose issues come first. */
  constructor(main: string) {
    this.#main = main;
  }

  /** The same problem at the same place counts once: a matrix checks one text many times. */
  readonly add = (issue: PipelineIssue): void => {
    const { code, line, column } = issue;
    const [file, message] = [short(issue.file, 300), short(issue.message, 2000)];
    const key = [code, file, line, column, message].join("\n");
    if (!this.#issues.has(key)) this.#issues.set(key, { ...issue, file, message });
  };

  problem(code: string, message: string, at: Place, remedy?: string): void {
    const { file, line, column } = at;
    this.add({ code, message, file, line, column, ...(remedy === undefined ? {} : { remedy }) });
  }

  /** `E_KEY_UNKNOWN` for every key of `map` that is not one of `keys`. */
  unknownKeys(map: LocatedMap, keys: ReadonlyArray<string>, where: string): void {
    for (const [key, { keyAt }] of map.entries) {
      if (!keys.includes(key))
        this.problem("E_KEY_UNKNOWN", `${where} has no key "${key}"`, keyAt, suggestion(key, keys, "keys"));
    }
  }

  get count(): number {
    return this.#issues.size;
  }

  get empty(): boolean {
    return this.#issues.size === 0;
  }

  /** All issues: the main file first, each file in its own order, what the command line set last. */
  error(): PipelineError {
    const found = [...this.#issues.values()];
    const files = [...new Set([this.#main, ...found.map(({ file }) => file)])];
    const rank = ({ file }: PipelineIssue) => (file.startsWith("--set ") ? files.length : files.indexOf(file));
    const issues = found.sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
    return new PipelineError({ issues });
  }
}
