/** `precipice verify`: is everything in the store still what it was when it was made? */
import { type Artifact, type Registry, Store } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { withPlugins } from "../plugins.ts";
import { CommandError } from "../terminal/errors.ts";
import { table } from "../terminal/table.ts";
import { bytesText, outputWidth, printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

export const verifyCommand = (registry: Registry.Registry) =>
  Command.make(
    "verify",
    {
      digests: Argument.String("digest").pipe(
        Argument.withDescription("Digests, or their beginnings; everything in the store by default"),
        Argument.variadic(),
      ),
      plugin: flags.plugin,
      root: flags.root,
      json: flags.json("Print the verdicts as JSON"),
    },
    Effect.fn("precipice verify")(function* ({ digests, plugin, root, json }) {
      const verdicts = yield* Effect.gen(function* () {
        const store = yield* Store.open(yield* flags.resolveRoot(Option.getOrUndefined(root)));
        const entries = yield* Store.entries(store.base);
        const unknown = digests.find((digest) => !entries.some((entry) => entry.digest.startsWith(digest)));
        if (unknown !== undefined) {
          const message = `no digest in ${store.root} begins with "${unknown}"`;
          return yield* Effect.fail(
            new CommandError("E_DIGEST_UNKNOWN", message, "precipice show latest lists digests."),
          );
        }
        const wanted = entries.filter(
          (entry) => digests.length === 0 || digests.some((digest) => entry.digest.startsWith(digest)),
        );
        const kinds = kindsOf(yield* withPlugins(registry, plugin));
        return yield* Store.verifyAll(wanted, (kind) => kinds.get(kind));
      }).pipe(jsonErrors(json));
      const bad = verdicts.filter(({ problems }) => problems.length > 0);
      if (bad.length > 0) process.exitCode = 1;
      if (json) {
        process.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`);
        return;
      }
      const rows = verdicts.map(({ kind, digest, bytes, rows, problems }) => ({
        kind,
        digest: digest.slice(0, 12),
        rows,
        size: bytesText(bytes),
        verdict: problems.length === 0 ? "ok" : problems.map(printable).join("; "),
      }));
      const total = `${verdicts.length} artifacts, ${bad.length} damaged`;
      const remedy = bad.length === 0 ? [] : ["precipice run FILE --heal makes anew what is damaged."];
      process.stdout.write(`${[...table(rows, outputWidth()), total, ...remedy].join("\n")}\n`);
    }),
  ).pipe(
    Command.withDescription("Hash and decode what is stored and compare it with what was written; exit code 1 if not"),
    Command.withExamples([
      { command: "precipice verify", description: "Everything in the store" },
      { command: "precipice verify 3f9c2a", description: "One artifact, by the beginning of its digest" },
      { command: "precipice verify --json", description: "Verdicts for programs" },
    ]),
  );

/** Every kind that a stage of the registry takes or makes. */
function kindsOf(registry: Registry.Registry): ReadonlyMap<string, Artifact.AnyKind> {
  const outputs = [...registry.stages.values()].flatMap(
    ({ outputs }) => Object.values(outputs) as ReadonlyArray<Artifact.AnyKind>,
  );
  return new Map(outputs.map((kind) => [kind.name, kind]));
}
