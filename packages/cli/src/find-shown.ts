/** What the argument of `show` means: a folder, a digest (or its beginning), a run, or a node of the latest run. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Pipeline, Run } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { findRun } from "./find-run.ts";
import { suggest } from "./suggest.ts";
import { CommandError } from "./terminal/errors.ts";

export type Shown =
  | { readonly type: "run"; readonly path: string }
  | { readonly type: "artifacts"; readonly paths: ReadonlyArray<string> };

/** `E_SHOW_UNKNOWN` when it means nothing, `E_SHOW_AMBIGUOUS` when it means several things. */
export const findShown = Effect.fn("findShown")(function* (what: string, root: string) {
  const isRun = (path: string): Shown => ({ type: "run", path });
  if (/^latest(~\d+)?$/.test(what)) return isRun(yield* findRun(what, root));
  const folders = [resolve(what), join(root, "runs", what)];
  const run = folders.find((folder) => existsSync(join(folder, "run.json")));
  if (run !== undefined) return isRun(run);
  const folder = folders.find((folder) => existsSync(join(folder, "artifact.json")));
  if (folder !== undefined) return { type: "artifacts", paths: [folder] } satisfies Shown as Shown;

  const matching = /^[0-9a-f]{4,32}$/.test(what) ? stored(root).filter(({ digest }) => digest.startsWith(what)) : [];
  if (matching.length > 1) {
    const message = `${what} begins ${matching.length} digests: ${matching.map(({ digest }) => digest).join(", ")}`;
    return yield* Effect.fail(new CommandError("E_SHOW_AMBIGUOUS", message, "Give more digits."));
  }
  if (matching[0] !== undefined) return { type: "artifacts", paths: [matching[0].path] } satisfies Shown as Shown;

  const listed = yield* Run.list(root);
  const nodes = listed[0]?.record?.nodes ?? [];
  const [name, output] = Pipeline.splitPath(what);
  const node = nodes.find((node) => node.node === name);
  const outputs = Object.entries(node?.outputs ?? {}).filter(([key]) => output === undefined || key === output);
  if (outputs.length > 0) {
    return { type: "artifacts", paths: outputs.map(([, { path }]) => join(root, path)) } satisfies Shown as Shown;
  }
  const part = listed.filter(({ id }) => what.length >= 4 && (id.startsWith(what) || id.endsWith(what)));
  if (part.length > 0) return isRun(yield* findRun(what, root));
  return yield* Effect.fail(unknown(what, nodes));
});

const otherwise = "Give a folder, a digest, a run, latest, or NODE[.OUTPUT] of the latest run.";

/** With the name that is near, else with those there are. */
function unknown(what: string, nodes: Run.RunRecord["nodes"]): CommandError {
  const names = nodes.map(({ node }) => node);
  const outputs = nodes.flatMap(({ node, outputs }) => Object.keys(outputs).map((key) => `${node}.${key}`));
  const few = names.slice(0, 40).join(", ") + (names.length > 40 ? ` and ${names.length - 40} more` : "");
  const remedy = names.length === 0 ? otherwise : `${otherwise} Its nodes: ${few}.`;
  const message = `"${what}" is no artifact and no run`;
  return new CommandError("E_SHOW_UNKNOWN", message, suggest(what, [...names, ...outputs, "latest"], remedy));
}

/** Every artifact of the store. */
function stored(root: string): ReadonlyArray<{ readonly digest: string; readonly path: string }> {
  const store = join(root, ".precipice", "store");
  if (!existsSync(store)) return [];
  return readdirSync(store).flatMap((kind) =>
    readdirSync(join(store, kind)).map((digest) => ({ digest, path: join(store, kind, digest) })),
  );
}
