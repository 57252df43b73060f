/** Collects everything wrong with a pipeline instead of stopping at the first problem. */
import { PipelineError, type PipelineIssue } from "../errors.ts";
import type { LocatedMap, Place } from "./located.ts";
import { suggestion } from "./nearest.ts";

export class Report {
  readonly #issues: Array<PipelineIssue> = [];

  readonly add = (issue: PipelineIssue): void => {
    const same = (other: PipelineIssue) =>
      other.code === issue.code &&
      other.line === issue.line &&
      other.column === issue.column &&
      other.message === issue.message;
    if (!this.#issues.some(same)) this.#issues.push(issue);
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

  get empty(): boolean {
    return this.#issues.length === 0;
  }

  /** All issues, in the order of the file. */
  error(): PipelineError {
    const rank = (issue: PipelineIssue) => (issue.file.startsWith("--set ") ? 1 : 0);
    const issues = [...this.#issues].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
    return new PipelineError({ issues });
  }
}
