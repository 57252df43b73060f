/** Composes the commands and runs them as a process: one place for exit codes, signals and printing of errors. */
import { readFileSync } from "node:fs";
import * as NodeServices from "@effect/platform-node/NodeServices";
import type { Registry } from "@precipice/runtime";
import * as Cause from "effect/Cause";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { gcCommand } from "./commands/gc.ts";
import { generateCommand } from "./commands/generate.ts";
import { graphCommand } from "./commands/graph.ts";
import { newCommand } from "./commands/new.ts";
import { pinCommand, unpinCommand } from "./commands/pin.ts";
import { planCommand } from "./commands/plan.ts";
import { runCommand } from "./commands/run.ts";
import { runsCommand } from "./commands/runs.ts";
import { schemaCommand } from "./commands/schema.ts";
import { serveCommand } from "./commands/serve.ts";
import { showCommand } from "./commands/show.ts";
import { stagesCommand } from "./commands/stages.ts";
import { verifyCommand } from "./commands/verify.ts";
import { viewCommand } from "./commands/view.ts";
import { greet } from "./greeting/greet.ts";
import { watchProcessOutput } from "./process/output.ts";
import { runMain } from "./process/signals.ts";
import { telemetry } from "./telemetry.ts";
import { printFailure } from "./terminal/errors.ts";
import { usage } from "./terminal/usage.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const commandsOf = (registry: Registry.Registry) =>
  [
    runCommand(registry).pipe(Command.provide(() => telemetry(version))),
    planCommand(registry),
    graphCommand(registry),
    stagesCommand(registry),
    schemaCommand(registry),
    showCommand(),
    exportCommand(),
    runsCommand(),
    diffCommand(),
    viewCommand(),
    verifyCommand(registry),
    pinCommand(),
    unpinCommand(),
    gcCommand(),
    newCommand(registry),
    generateCommand(),
    serveCommand(),
    doctorCommand(),
  ] as const;

/** The whole command tree over the stages of `registry`. */
export const rootCommand = (registry: Registry.Registry) =>
  Command.make("precipice", {}, () => greet(version)).pipe(
    Command.withDescription(
      "Finds, explains and repairs the refusal cliff of reasoning models, one pipeline at a time",
    ),
    Command.withExamples([
      { command: "precipice new pipeline study", description: "A pipeline on the embedded model, to start from" },
      { command: "precipice plan study.yaml", description: "What would run, and why" },
      { command: "precipice run study.yaml", description: "Run it" },
      { command: "precipice show latest", description: "The last run and its metrics" },
    ]),
    Command.withSubcommands(commandsOf(registry)),
  );

/** `help` and `help run` as `--help` and `run --help`. */
const asFlag = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words[0] === "help" ? [...words.slice(1).filter((word) => word !== "--help"), "--help"] : words;

/**
 * Runs the command line of this process with the stages of `registry`. Exit codes: 0 done, 1 failed, 141 the reader of stdout
 * left, 128 and the signal's number after a signal; a second signal does not wait for finalizers.
 */
export function runCli(registry: Registry.Registry): void {
  watchProcessOutput();
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...asFlag(process.argv.slice(2)));
  const program = Command.run(rootCommand(registry), { version }).pipe(
    Effect.tapCause((cause) => Effect.sync(() => printFailure(cause))),
    Effect.provide(Layer.mergeAll(NodeServices.layer, usage([...registry.stages.keys()]))),
  );
  runMain(program, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit)) onExit(Number(process.exitCode ?? 0));
      else onExit(Cause.hasInterruptsOnly(exit.cause) ? 130 : 1);
    },
  });
}
