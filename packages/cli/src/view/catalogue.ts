/**
 * All runs under a root, read again only where something changed: a page that lists a thousand runs, and one that waits for
 * the next, must not read a thousand records every time.
 */
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Run } from "@precipice/runtime";
import * as Effect from "effect/Effect";

export interface CataloguedRun extends Run.ListedRun {
  /** Absent for a run that is not over. */
  readonly summary?: Run.Summary | undefined;
}

export class Catalogue {
  readonly root: string;
  readonly #known = new Map<string, { readonly stamp: string; readonly run: CataloguedRun }>();

  constructor(root: string) {
    this.root = root;
  }

  /** Newest first. */
  async list(): Promise<ReadonlyArray<CataloguedRun>> {
    const folders = await this.#stamps();
    for (const id of this.#known.keys()) if (!folders.has(id)) this.#known.delete(id);
    const stale = [...folders].filter(([id, stamp]) => {
      const known = this.#known.get(id);
      // whether a run that is not over still lives is not written in its folder
      return known?.stamp !== stamp || known.run.status === "running" || known.run.status === "killed";
    });
    for (const [id, stamp] of stale) {
      const run = await this.open(id);
      if (run === undefined) this.#known.delete(id);
      else this.#known.set(id, { stamp, run });
    }
    return [...this.#known.values()].map(({ run }) => run).sort(Run.newestFirst);
  }

  /** One run; `undefined` when there is none of this id. */
  async open(id: string): Promise<CataloguedRun | undefined> {
    const run = await Effect.runPromise(Run.open(this.root, id));
    if (run?.record === undefined) return run;
    return { ...run, summary: await Effect.runPromise(Run.summary(run.path)) };
  }

  /** A text that is another one when the list is. */
  async version(): Promise<string> {
    const runs = await this.list();
    const lengths = runs.map(async ({ id, path, status }) => {
      const events = status === "running" ? await stat(join(path, "events.jsonl")).catch(() => undefined) : undefined;
      return `${id} ${status} ${events?.size ?? ""} ${this.#known.get(id)?.stamp ?? ""}`;
    });
    return (await Promise.all(lengths)).join("\n");
  }

  /** By run: date and size of what its row is drawn from. */
  async #stamps(): Promise<ReadonlyMap<string, string>> {
    const runs = join(this.root, "runs");
    const found = await readdir(runs, { withFileTypes: true }).catch(() => []);
    const stamps = await Promise.all(
      found
        .filter((entry) => entry.isDirectory())
        .map(async ({ name }) => {
          const seen = await Promise.all(
            ["run.json", "summary.json"].map((file) => lstat(join(runs, name, file)).catch(() => undefined)),
          );
          return [name, seen.map((s) => `${s?.mtimeMs ?? "–"}/${s?.size ?? "–"}`).join(" ")] as const;
        }),
    );
    return new Map(stamps);
  }
}
