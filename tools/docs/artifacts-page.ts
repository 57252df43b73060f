/** The page of all artifact kinds: tables with their columns from the Schemas, what columns mean from the comments beside them. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { registry } from "@precipice/cli";
import type { AnyKind } from "@precipice/runtime";
import * as Schema from "effect/Schema";
import { root } from "./pages.ts";
import { markdownTable } from "./table.ts";

/** All kinds that stages take or make. */
function kinds(): ReadonlyArray<AnyKind> {
  const found = new Map<string, AnyKind>();
  for (const stage of registry.stages.values()) {
    for (const port of Object.values(stage.inputs as Record<string, unknown>)) {
      const kind = (typeof port === "object" && port !== null && "kind" in port ? port.kind : port) as AnyKind;
      found.set(kind.name, kind);
    }
    for (const kind of Object.values(stage.outputs as Record<string, AnyKind>)) found.set(kind.name, kind);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Documented {
  readonly columns: string;
  readonly comments: Readonly<Record<string, string>>;
}

/** Every `Schema.Struct({ … })` of the sources with the comments on its keys. */
function structsOf(text: string): ReadonlyArray<Documented> {
  return [...text.matchAll(/Schema\.Struct\(\{/g)].map(({ index }) => {
    const start = index + "Schema.Struct({".length;
    let depth = 1;
    let end = start;
    for (; depth > 0 && end < text.length; end++)
      depth += "{([".includes(text[end] as string) ? 1 : "})]".includes(text[end] as string) ? -1 : 0;
    const body = text.slice(start, end - 1);
    const keys: string[] = [];
    const comments: Record<string, string> = {};
    for (const [, comment, key] of body.matchAll(/(?:\/\*\*([^*](?:[^*]|\*(?!\/))*)\*\/\s*)?\b(\w+): [A-Z]\w*/g)) {
      if (key === undefined) continue;
      keys.push(key);
      if (comment !== undefined) comments[key] = comment.replace(/\s*\n\s*\*\s?/g, " ").trim();
    }
    return { columns: keys.sort().join(), comments };
  });
}

const withComments = globSync("packages/*/src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts"))
  .sort()
  .map((path) => readFileSync(join(root, path), "utf8"))
  .filter((text) => text.includes("Artifact.kind("))
  .flatMap(structsOf);

interface Json {
  readonly type?: string;
  readonly anyOf?: ReadonlyArray<Json>;
  readonly enum?: ReadonlyArray<unknown>;
  readonly items?: Json;
}

/** JSON's words for infinite numbers are no values of their own: a column holds them as numbers. */
const notFinite = ["Infinity", "-Infinity", "NaN"];

function typeText({ type, anyOf, enum: literals, items }: Json): string {
  if (literals !== undefined)
    return literals
      .filter((value) => !notFinite.includes(String(value)))
      .map((value) => JSON.stringify(value))
      .join(" or ");
  if (anyOf !== undefined) {
    const parts = [...new Set(anyOf.map(typeText))].filter((part) => part !== "");
    return [...parts.filter((part) => part !== "null"), ...parts.filter((part) => part === "null")].join(" or ");
  }
  return type === "array" ? `list of ${typeText(items ?? {})}` : (type ?? "");
}

/** What names mean that every kind uses alike; a comment in the kind goes before. */
const usual: Readonly<Record<string, string>> = {
  trace_id: "`id` of the trace.",
  prompt_id: "`id` of the prompt.",
  label: "Label of the prompt.",
  family: "Family of the prompt, e.g. its framing.",
  split: "Split of the prompt.",
  arm: "Variant of the model.",
  site: "Where the residual stream is read, e.g. `blocks.3.hook_resid_post`.",
  position: "Name such as `final`; of a curve, the tokens from its position 0.",
  layer: "From 0.",
  head: "From 0, within its layer.",
  n: "How many values are behind it.",
  lo: "95 % interval, lower end.",
  hi: "95 % interval, upper end.",
  token: "As text.",
  region: "Part of the trace: prompt, thinking, template region or response.",
  thinking_start: "First token of the thinking.",
  thinking_end: "Token after the last of the thinking.",
  seed: "Seed of the draw.",
};

function columnTable(schema: Schema.Struct<Schema.Struct.Fields>): string {
  const names = Object.keys(schema.fields);
  const own = withComments.find(({ columns }) => columns === names.toSorted().join());
  return markdownTable(
    ["column", "type", ""],
    names.map((name) => [
      `\`${name}\``,
      typeText(Schema.toJsonSchemaDocument(schema.fields[name] as unknown as Schema.Top).schema as Json),
      own?.comments[name] ?? usual[name] ?? "",
    ]),
  );
}

export function artifactsPage(): string {
  const all = kinds();
  return [
    "# Artifacts",
    "",
    "What stages exchange: a folder `.precipice/store/KIND/DIGEST/` of Parquet tables and Arrow vectors that any tool opens, and an",
    "`artifact.json` that says how it was made. `precipice show NODE` prints a result's origin and first rows. Written by",
    "`npm run docs:reference` from the Schemas.",
    "",
    markdownTable(
      ["kind", "holds"],
      all.map(({ name, description }) => [`[${name}](#${name})`, description]),
    ),
    "",
    ...all.flatMap(({ name, version, description, tables, vectors, files, publish }) => [
      `## ${name}`,
      "",
      `${description}. Version ${version}.`,
      "",
      ...Object.entries(tables).flatMap(([table, schema]) => [
        `\`${table}.parquet\``,
        "",
        columnTable(schema as never),
        "",
      ]),
      ...Object.entries(vectors).flatMap(([set, schema]) => [
        `\`${set}.arrow\`: these columns and \`vector\`, a fixed-size list of floats`,
        "",
        columnTable(schema as never),
        "",
      ]),
      ...(files.length === 0 ? [] : [`Files: ${files.map((file) => `\`${file}\``).join(", ")}.`, ""]),
      ...(publish.length === 0
        ? []
        : [`A run copies into its folder: ${publish.map((file) => `\`${file}\``).join(", ")}.`, ""]),
    ]),
  ].join("\n");
}
