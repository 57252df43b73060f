/** `precipice stages [NAME]`: what can stand behind `stage:` in a pipeline, read off the stages' Schemas. */
import { describe, type Registry, type StageDescription } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { withPlugins } from "../plugins.ts";
import { suggest } from "../suggest.ts";
import { CommandError } from "../terminal/errors.ts";
import { type Cells, table } from "../terminal/table.ts";
import { outputWidth, painterFor, printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

export const stagesCommand = (registry: Registry.Registry) =>
  Command.make(
    "stages",
    {
      name: Argument.String("name").pipe(
        Argument.withDescription("A stage, to see its config and ports"),
        Argument.optional,
      ),
      plugin: flags.plugin,
      json: flags.json("Print descriptions as JSON"),
    },
    Effect.fn("precipice stages")(function* ({ name, plugin, json }) {
      const all = yield* withPlugins(registry, plugin).pipe(jsonErrors(json));
      const chosen = yield* select(all, Option.getOrUndefined(name)).pipe(jsonErrors(json));
      if (json) process.stdout.write(`${JSON.stringify(Option.isSome(name) ? chosen[0] : chosen, null, 2)}\n`);
      else process.stdout.write(`${(Option.isSome(name) ? chosen.map(details) : [list(chosen)]).join("\n")}\n`);
    }),
  ).pipe(
    Command.withDescription("List stages, or show one stage's config keys, inputs and outputs"),
    Command.withExamples([
      { command: "precipice stages", description: "All stages" },
      { command: "precipice stages probe.train", description: "Config keys, inputs and outputs of one" },
      { command: "precipice stages --plugin @acme/precipice-foo", description: "Those of a plugin too" },
      { command: "precipice stages probe.train --json", description: "The same for programs" },
    ]),
  );

const select = (
  registry: Registry.Registry,
  name: string | undefined,
): Effect.Effect<ReadonlyArray<StageDescription>, CommandError> => {
  if (name === undefined) return Effect.succeed([...registry.stages.values()].map(describe));
  const stage = registry.stages.get(name);
  if (stage !== undefined) return Effect.succeed([describe(stage)]);
  const remedy = suggest(name, [...registry.stages.keys()], "precipice stages lists them.");
  return Effect.fail(new CommandError("E_STAGE_UNKNOWN", `there is no stage "${name}"`, remedy));
};

function list(stages: ReadonlyArray<StageDescription>): string {
  const rows = stages.map(({ id, inputs, outputs, description }) => ({
    stage: id,
    takes: inputs.map(({ name }) => name).join(", "),
    makes: outputs.map(({ name }) => name).join(", "),
    description,
  }));
  return rows.length === 0
    ? "No stages are registered."
    : table(rows, outputWidth(), { wrap: ["takes", "makes", "description"] }).join("\n");
}

const arityText = { one: "", optional: "may be left out", many: "any number" } as const;

function details({ id, version, description, package: own, config, inputs, outputs }: StageDescription): string {
  const paint = painterFor(process.stdout);
  const section = (title: string, rows: ReadonlyArray<Cells>): ReadonlyArray<string> => [
    "",
    paint("bold", title),
    ...(rows.length === 0 ? ["(none)"] : table(rows, outputWidth(), { wrap: ["type", "description"] })),
  ];
  return [
    `${paint("bold", id)} version ${version}`,
    description,
    ...(own === undefined ? [] : [`from ${printable(own.name)} ${printable(own.version)}`]),
    ...section(
      "config",
      config.map(({ key, type, required, description, ...rest }) => ({
        key,
        type,
        default: required ? "(required)" : rest.default === undefined ? "" : JSON.stringify(rest.default),
        description,
      })),
    ),
    ...section(
      "inputs",
      inputs.map(({ name, kind, arity }) => ({ input: name, kind, "": arityText[arity] })),
    ),
    ...section(
      "outputs",
      outputs.map(({ name, kind, description }) => ({ output: name, kind, description })),
    ),
  ].join("\n");
}
