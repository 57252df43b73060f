/** `precipice run FILE`: plans a pipeline and runs that very plan. */
import { join, relative } from "node:path";
import { execute, type Registry } from "@precipice/runtime";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { goOnWithoutReader } from "../process/output.ts";
import { metricLines } from "../terminal/metrics.ts";
import { printPlan } from "../terminal/plan-text.ts";
import { outputWidth, printable } from "../terminal/text.ts";
import { viewFor } from "../terminal/view.ts";
import { jsonErrors } from "./json-errors.ts";
import { prepare } from "./prepare.ts";

export const runCommand = (registry: Registry.Registry) =>
  Command.make(
    "run",
    {
      ...flags.plan,
      keepGoing: Flag.Boolean("keep-going").pipe(
        Flag.withDescription("After a failure go on with nodes that do not depend on it; by default no other starts"),
        Flag.withDefault(false),
      ),
      concurrency: Flag.Int("concurrency").pipe(
        Flag.withDescription("How many nodes may run at once; the pipeline's own number by default"),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 1,
          () => "a whole number, at least 1",
        ),
        Flag.optional,
      ),
      jobs: Flag.Int("jobs").pipe(
        Flag.withDescription("Threads for nodes that run side by side; those of the machine by default"),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 1,
          () => "a whole number, at least 1",
        ),
        Flag.optional,
      ),
      memory: Flag.String("memory").pipe(
        Flag.withDescription("Memory for them, by their estimates: 8GB; three quarters of the machine's by default"),
        Flag.withMetavar("size"),
        Flag.filterMap(flags.measure(flags.sizeUnits), () => "a size such as 8GB"),
        Flag.optional,
      ),
      dryRun: Flag.Boolean("dry-run").pipe(
        Flag.withDescription("Only show the plan, as precipice plan does"),
        Flag.withDefault(false),
      ),
      json: flags.json("Print every event as a line of JSON"),
    },
    Effect.fn("precipice run")(function* (given) {
      const plan = yield* prepare(given, registry).pipe(jsonErrors(given.json));
      if (given.dryRun) {
        printPlan(plan, given.json);
        return;
      }
      goOnWithoutReader();
      const result = yield* Effect.acquireUseRelease(
        Effect.sync(() => viewFor(process.stdout, given.json)),
        (view) =>
          execute(plan, {
            onEvent: view.onEvent,
            keepGoing: given.keepGoing,
            ...(Option.isSome(given.concurrency) ? { concurrency: given.concurrency.value } : {}),
            ...(Option.isSome(given.jobs) ? { jobs: given.jobs.value } : {}),
            ...(Option.isSome(given.memory) ? { memoryBytes: given.memory.value } : {}),
          }),
        (view) => Effect.sync(view.close),
      );
      if (!given.json) {
        const lines = metricLines(result.summary.metrics, outputWidth());
        if (lines.length > 0) process.stdout.write(`\n${lines.join("\n")}\n`);
        for (const name of result.published)
          process.stdout.write(`${printable(relative("", join(result.path, name)))}\n`);
      }
      if (result.status === "failed") process.exitCode = 1;
    }),
  ).pipe(
    Command.withDescription("Run a pipeline; what is stored already is not run again"),
    Command.withExamples([
      { command: "precipice run pipelines/quickstart.yaml", description: "Run what is not stored yet" },
      { command: "precipice run pipelines/quickstart.yaml --set vars.seed=8", description: "Change a variable" },
      {
        command: "precipice run pipelines/quickstart.yaml --set nodes.probe.config.folds=10",
        description: "Change one node's config",
      },
      {
        command: "precipice run pipelines/quickstart.yaml --force traces",
        description: "Run a node and what follows again",
      },
      {
        command: "precipice run pipelines/quickstart.yaml --to scores --keep-going",
        description: "Up to one node, past failures",
      },
      {
        command: "precipice run pipelines/quickstart.yaml --heal",
        description: "Make anew what the disk damaged",
      },
      { command: "precipice run pipelines/quickstart.yaml --json", description: "Events as JSON lines" },
    ]),
  );
