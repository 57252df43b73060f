/** The page of all stages: what `precipice stages NAME` tells, as Markdown. */
import { registry } from "@precipice/cli";
import { type ConfigKey, describe } from "@precipice/runtime";
import { markdownTable } from "./table.ts";

/** Types that no table holds are in the JSON Schema. */
const typeOf = (type: string) => (type.length > 240 ? "see `precipice schema`" : code(type));
const code = (text: string) => (text === "" ? "" : `\`${text}\``);
const kind = (name: string) => `[${name}](artifacts.md#${name})`;
const arity = { one: "", optional: "may be left out", many: "any number" } as const;

const fallback = ({ required, default: value }: ConfigKey): string =>
  required ? "**required**" : value === undefined ? "" : code(JSON.stringify(value));

export function stagesPage(): string {
  const stages = [...registry.stages.values()].map(describe).sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    "# Stages",
    "",
    `The ${stages.length} stages that can stand behind \`stage:\` in a [pipeline file](../pipelines.md). Written by`,
    "`npm run docs:reference` from the Schemas that check the files; `precipice stages NAME` prints the same, also for stages of",
    "[your own](../your-stage.md). The version is part of the key of every result.",
    "",
    markdownTable(
      ["stage", "does"],
      stages.map(({ id, description }) => [`[${id}](#${id.replaceAll(".", "")})`, description]),
    ),
    "",
    ...stages.flatMap(({ id, version, description, config, inputs, outputs }) => [
      `## ${id}`,
      "",
      `${description}. Version ${version}.`,
      "",
      ...(inputs.length === 0
        ? []
        : [
            markdownTable(
              ["input", "kind", ""],
              inputs.map((port) => [code(port.name), kind(port.kind), arity[port.arity]]),
            ),
            "",
          ]),
      markdownTable(
        ["output", "kind", ""],
        outputs.map((port) => [code(port.name), kind(port.kind), port.description]),
      ),
      "",
      ...(config.length === 0
        ? ["No config.", ""]
        : [
            markdownTable(
              ["config", "type", "default", ""],
              config.map((key) => [code(key.key), typeOf(key.type), fallback(key), key.description]),
            ),
            "",
          ]),
    ]),
  ].join("\n");
}
