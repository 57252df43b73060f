/** `precipice plan FILE`: for each node what would happen and why, from the function the runner uses. */
import type { Plan, Registry } from "@precipice/runtime";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as flags from "../flags.ts";
import { table } from "../terminal/table.ts";
import { duration } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";
import { prepare } from "./prepare.ts";

export const planCommand = (registry: Registry.Registry) =>
  Command.make(
    "plan",
    {
      file: flags.file,
      set: flags.set,
      root: flags.root,
      force: flags.force,
      only: flags.only,
      json: flags.json("Print the plan as JSON"),
    },
    Effect.fn("precipice plan")(function* (given) {
      const plan = yield* prepare(given, registry).pipe(jsonErrors(given.json));
      process.stdout.write(given.json ? `${JSON.stringify(planJson(plan), null, 2)}\n` : `${planText(plan)}\n`);
    }),
  ).pipe(
    Command.withDescription("Show which nodes would run and why, without running anything"),
    Command.withExamples([
      { command: "precipice plan pipelines/quickstart.yaml", description: "What a run would do now" },
      {
        command: "precipice plan pipelines/quickstart.yaml --set vars.seed=8",
        description: "What another seed would change",
      },
      { command: "precipice plan pipelines/quickstart.yaml --json", description: "The same for programs" },
    ]),
  );

/** The plan as a table and one line of totals. */
export function planText(plan: Plan): string {
  const rows = plan.nodes.map(({ node, status, reason, lastDurationMs }) => ({
    node: node.name,
    stage: node.stage.id,
    status,
    reason,
    "last took": lastDurationMs === null ? "" : duration(lastDurationMs),
  }));
  const count = (status: string) => rows.filter((row) => row.status === status).length;
  const totals = `${count("run")} to run, ${count("cached")} cached, ${count("blocked")} blocked`;
  return [...table(rows, process.stdout.columns || 120), totals].join("\n");
}

const planJson = (plan: Plan) => ({
  pipeline: plan.pipeline.name,
  root: plan.store.root,
  nodes: plan.nodes.map(({ node, status, reason, digests, lastDurationMs }) => ({
    node: node.name,
    stage: node.stage.id,
    status,
    reason,
    outputs: digests,
    lastDurationMs,
  })),
});
