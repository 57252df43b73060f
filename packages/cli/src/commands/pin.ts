/** `precipice pin` and `unpin`: results that garbage collection must keep, with all they were made from. */

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { Run, Store } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { findShown } from "../find-shown.ts";
import * as flags from "../flags.ts";
import { CommandError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

const what = Argument.String("what").pipe(
  Argument.withDescription(
    "A digest (or its beginning), NODE[.OUTPUT] of the latest run, or a run: latest, latest~1, an id",
  ),
);

const command = (name: "pin" | "unpin", description: string) =>
  Command.make(
    name,
    { what, root: flags.root, json: flags.json("Print the digests as JSON") },
    Effect.fn(`precipice ${name}`)(function* ({ what, root, json }) {
      const digests = yield* Effect.gen(function* () {
        const store = yield* Store.open(yield* flags.resolveRoot(Option.getOrUndefined(root)));
        const pins = yield* Store.pinned(store.base);
        const gone = [...pins].filter((digest) => /^[0-9a-f]{4,32}$/.test(what) && digest.startsWith(what));
        const found = name === "unpin" && gone.length === 1 ? gone : yield* stored(what, store.root);
        yield* Effect.forEach(found, (digest) =>
          name === "pin" ? Store.pin(store.base, digest, what) : Store.unpin(store.base, digest),
        );
        return found;
      }).pipe(jsonErrors(json));
      if (json) process.stdout.write(`${JSON.stringify(digests)}\n`);
      else for (const digest of digests) process.stdout.write(`${name}ned ${digest}  ${printable(what)}\n`);
    }),
  ).pipe(
    Command.withDescription(description),
    Command.withExamples([
      { command: `precipice ${name} traces`, description: "What node traces made in the latest run" },
      { command: `precipice ${name} latest`, description: "All that the last run made or used" },
      { command: `precipice ${name} 3f9c2a`, description: "An artifact by the beginning of its digest" },
    ]),
  );

/** The digests that are meant: of a run all that it made or used and that is still in the store. */
const stored = Effect.fnUntraced(function* (what: string, root: string) {
  const shown = yield* findShown(what, root);
  if (shown.type === "artifacts") return shown.paths.map((path) => basename(path));
  const { nodes } = yield* Run.read(shown.path);
  const outputs = nodes.flatMap(({ outputs }) => Object.values(outputs));
  const present = outputs.filter(({ path }) => existsSync(join(root, path, "artifact.json")));
  if (present.length === 0) {
    const remedy = "precipice run makes them anew.";
    return yield* Effect.fail(new CommandError("E_PIN_NOTHING", `nothing of the run "${what}" is stored`, remedy));
  }
  const gone = outputs.length - present.length;
  if (gone > 0) process.stderr.write(`${gone} of ${outputs.length} results of this run are not in the store\n`);
  return [...new Set(present.map(({ digest }) => digest))];
});

export const pinCommand = () => command("pin", "Keep a result, and all it was made from, from garbage collection");
export const unpinCommand = () => command("unpin", "Let garbage collection have a pinned result again");
