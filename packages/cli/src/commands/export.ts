/** `precipice export inspect RUN`: what a run judged, as logs that another tool opens. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Run } from "@precipice/runtime";
import { inspectFileName } from "@precipice/trace";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { exportInspect } from "../export-inspect.ts";
import { findShown } from "../find-shown.ts";
import * as flags from "../flags.ts";
import { CommandError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

const inspect = Command.make(
  "inspect",
  {
    run: Argument.String("run").pipe(
      Argument.withDescription("A run's folder or id; the latest by default"),
      Argument.withDefault("latest"),
    ),
    to: Flag.String("to").pipe(
      Flag.withDescription("Folder for the logs; RUN/inspect by default"),
      Flag.withMetavar("folder"),
      Flag.optional,
    ),
    root: flags.root,
    json: flags.json("Print the paths of the logs as JSON"),
  },
  Effect.fn("precipice export inspect")(function* ({ run, to, root, json }) {
    const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
    const shown = yield* findShown(run, folder).pipe(jsonErrors(json));
    if (shown.type !== "run") {
      const error = new CommandError("E_EXPORT_RUN", `"${run}" is no run`, "Give a run's folder or id, or latest.");
      return yield* Effect.fail(error).pipe(jsonErrors(json));
    }
    const logs = yield* exportInspect(yield* Run.read(shown.path), folder).pipe(jsonErrors(json));
    const target = Option.match(to, { onNone: () => join(shown.path, "inspect"), onSome: (path) => resolve(path) });
    const paths = yield* Effect.try({
      try: () => {
        mkdirSync(target, { recursive: true });
        return logs.map((log) => {
          const path = join(target, inspectFileName(log));
          writeFileSync(path, JSON.stringify(log));
          return path;
        });
      },
      catch: (cause) => new CommandError("E_IO", cause instanceof Error ? cause.message : String(cause)),
    }).pipe(jsonErrors(json));
    process.stdout.write(json ? `${JSON.stringify(paths, null, 2)}\n` : `${paths.map(printable).join("\n")}\n`);
  }),
).pipe(
  Command.withDescription("Write what a run judged as Inspect AI's JSON eval logs, one per node and arm"),
  Command.withExamples([
    { command: "precipice export inspect", description: "The latest run, into its folder" },
    { command: "precipice export inspect latest --to logs", description: "Then: inspect view --log-dir logs" },
  ]),
);

export const exportCommand = () =>
  Command.make("export").pipe(
    Command.withDescription("Write a run's results in the format of another tool"),
    Command.withExamples([
      { command: "precipice export inspect latest", description: "Inspect AI's eval logs of the latest run" },
    ]),
    Command.withSubcommands([inspect]),
  );
