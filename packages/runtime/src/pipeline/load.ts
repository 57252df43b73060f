/** From a YAML file to a checked pipeline. Everything wrong with it is reported at once, before any work. */
import { basename, dirname, resolve } from "node:path";
import * as Effect from "effect/Effect";
import type { Registry } from "../registry.ts";
import { type Entry, type LocatedMap, scalarOf } from "./located.ts";
import type { Edge, Node, Pipeline } from "./model.ts";
import { checkNodes } from "./nodes.ts";
import { ordered } from "./order.ts";
import { withPlugins } from "./plugins.ts";
import { Report } from "./report.ts";
import { parseSets, type Settings, withVars } from "./set.ts";
import { withoutSkipped } from "./skip.ts";
import { readSource } from "./source.ts";
import { namePattern, nameRemedy, readTree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

export interface LoadOptions {
  /** `vars.x=1`, `nodes.NAME.config.key=value` or `defaults.STAGE.key=value`, applied in order. */
  readonly sets?: ReadonlyArray<string>;
  /** A YAML or JSON file with a map of variables, applied before `sets`. */
  readonly varsFile?: string;
  /** Folder that relative paths in `sets` start at; the working directory by default. */
  readonly from?: string;
  /** Told how many nodes have been checked. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Reads and checks a pipeline file. `file` is shown in messages as given. */
export const load = Effect.fn("Pipeline.load")(function* (file: string, registry: Registry, options: LoadOptions = {}) {
  return yield* parse(yield* readSource(file, file), file, registry, options);
});

/** Checks the text of a pipeline file. Only what it imports, and `varsFile`, is read from the disk. */
export const parse = Effect.fn("Pipeline.parse")(function* (
  text: string,
  file: string,
  registry: Registry,
  options: LoadOptions = {},
) {
  const report = new Report(file);
  const given = yield* readVars(options.varsFile, report);
  const sets = parseSets(options.sets ?? [], resolve(options.from ?? "."), report);
  const parsed = parseYaml(text, file);
  for (const issue of parsed.issues) report.add(issue);
  if (parsed.value === undefined) return yield* report.error();
  if (parsed.value.type !== "map") {
    const remedy = "Start the file with: version: 1";
    report.problem("E_YAML", "a pipeline is a map with version, name and nodes", parsed.value.at, remedy);
    return yield* report.error();
  }
  const root = withVars(parsed.value, given, sets.vars, report);
  return yield* checked(root, file, sets, registry, report, options.onProgress);
});

/** The pipeline of a document, however it came about; everything reported until now and here when there is anything. */
export const checked = Effect.fnUntraced(function* (
  root: LocatedMap,
  file: string,
  settings: Settings,
  registry: Registry,
  report: Report,
  onProgress?: LoadOptions["onProgress"],
) {
  const head = headOf(root, file, report);
  const documents = yield* readTree(root, file, report);
  const stages = yield* withPlugins(documents, registry, report);
  const wired = checkNodes(documents, settings, stages, report, onProgress);
  const nodes = ordered(wired, report).map((node) => ({ ...node, inputs: withoutPlaces(node.inputs) }));
  const pipeline: Pipeline = { ...head, nodes: withoutSkipped(nodes) };
  return report.empty ? pipeline : yield* report.error();
});

const readVars = Effect.fnUntraced(function* (file: string | undefined, report: Report) {
  if (file === undefined) return undefined;
  const text = yield* readSource(file, file);
  const parsed = parseYaml(text, file);
  for (const issue of parsed.issues) report.add(issue);
  if (parsed.value === undefined || parsed.value.type === "map") return parsed.value;
  report.problem("E_TYPE", "a file of variables is a map of name: value", parsed.value.at, "Write NAME: VALUE lines.");
  return undefined;
});

/** What stands beside the nodes. */
function headOf(root: LocatedMap, file: string, report: Report): Omit<Pipeline, "nodes"> {
  const name = root.entries.get("name");
  const title = name === undefined ? basename(file).replace(/\.(ya?ml|json)$/, "") : scalarOf(name);
  if (typeof title !== "string" || !namePattern.test(title)) {
    report.problem("E_NAME", `"${title}" cannot name a pipeline`, name?.value.at ?? root.at, nameRemedy);
  }
  const concurrency = concurrencyOf(root.entries.get("concurrency"), report);
  const description = scalarOf(root.entries.get("description"));
  const inputs = root.entries.get("inputs");
  if (inputs !== undefined) {
    const message = "only a fragment has inputs, and this file is run by itself";
    report.problem("E_IMPORT_INPUTS", message, inputs.keyAt, "Import it from a pipeline that passes them.");
  }
  return {
    name: String(title),
    description: typeof description === "string" ? description : "",
    file: resolve(file),
    dir: dirname(resolve(file)),
    concurrency,
  };
}

function concurrencyOf(entry: Entry | undefined, report: Report): number {
  if (entry === undefined) return Number.POSITIVE_INFINITY;
  const value = scalarOf(entry);
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  report.problem("E_TYPE", "concurrency must be a whole number, at least 1", entry.value.at, "Write concurrency: 2.");
  return 1;
}

function withoutPlaces(inputs: { readonly [port: string]: ReadonlyArray<Edge> }): Node["inputs"] {
  return Object.fromEntries(
    Object.entries(inputs).map(([port, edges]) => [port, edges.map(({ node, output }) => ({ node, output }))]),
  );
}
