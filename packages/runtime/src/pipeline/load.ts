/** From a YAML file to a checked pipeline. Everything wrong with it is reported at once, before any work. */
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import * as Effect from "effect/Effect";
import { PipelineError } from "../errors.ts";
import type { Registry } from "../registry.ts";
import type { AnyStage } from "../stage.ts";
import { decodeConfig } from "./config.ts";
import { wire } from "./edges.ts";
import { type Entry, type Located, type LocatedMap, type Place, parseYaml } from "./located.ts";
import type { Edge, Node, Pipeline } from "./model.ts";
import { suggestion } from "./nearest.ts";
import { ordered } from "./order.ts";
import { Report } from "./report.ts";
import { applySets } from "./set.ts";
import { Interpolation } from "./vars.ts";

export interface LoadOptions {
  /** `vars.x=1` or `nodes.NAME.config.key=value`, applied in order. */
  readonly sets?: ReadonlyArray<string>;
}

/** Reads and checks a pipeline file. `file` is shown in messages as given. */
export const load = Effect.fn("Pipeline.load")(function* (file: string, registry: Registry, options: LoadOptions = {}) {
  const text = yield* Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) => {
      const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
      const message = missing ? "there is no such file" : `cannot be read: ${(cause as Error).message}`;
      return new PipelineError({ issues: [{ code: "E_FILE_MISSING", message, file, line: 1, column: 1 }] });
    },
  });
  return yield* parse(text, file, registry, options);
});

/** Checks the text of a pipeline file; `load` without the disk. */
export const parse = Effect.fn("Pipeline.parse")(function* (
  text: string,
  file: string,
  registry: Registry,
  options: LoadOptions = {},
) {
  const report = new Report();
  const parsed = parseYaml(text, file);
  for (const issue of parsed.issues) report.add(issue);
  if (parsed.value === undefined) return yield* report.error();
  if (parsed.value.type !== "map") {
    report.problem("E_YAML", "a pipeline is a map with version, name and nodes", parsed.value.at);
    return yield* report.error();
  }
  const root = applySets(parsed.value, options.sets ?? [], report.add);
  const pipeline = check(root, file, registry, report);
  return report.empty ? pipeline : yield* report.error();
});

const rootKeys = ["version", "name", "description", "vars", "concurrency", "nodes"];
const nodeKeys = ["stage", "description", "inputs", "config"];
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

function check(root: LocatedMap, file: string, registry: Registry, report: Report): Pipeline {
  report.unknownKeys(root, rootKeys, "a pipeline");
  const version = root.entries.get("version");
  if (scalar(version) !== 1) {
    report.problem("E_VERSION", "version must be 1", version?.value.at ?? root.at, "Start the file with: version: 1");
  }
  const vars = root.entries.get("vars")?.value;
  if (vars !== undefined && vars.type !== "map") report.problem("E_TYPE", "vars must be a map of name: value", vars.at);
  const interpolation = new Interpolation(vars?.type === "map" ? vars : undefined, report.add);
  const name = root.entries.get("name");
  const title = name === undefined ? basename(file).replace(/\.ya?ml$/, "") : scalar(name);
  if (typeof title !== "string" || !namePattern.test(title)) {
    const remedy = "Names are letters, digits, - and _.";
    report.problem("E_NAME", `"${title}" cannot name a pipeline`, name?.value.at ?? root.at, remedy);
  }
  const concurrency = scalar(root.entries.get("concurrency")) ?? 1;
  if (typeof concurrency !== "number" || !Number.isInteger(concurrency) || concurrency < 1) {
    report.problem(
      "E_TYPE",
      "concurrency must be a whole number, at least 1",
      root.entries.get("concurrency")?.value.at ?? root.at,
    );
  }
  const description = scalar(root.entries.get("description"));
  return {
    name: String(title),
    description: typeof description === "string" ? description : "",
    file: resolve(file),
    dir: dirname(resolve(file)),
    concurrency: Number(concurrency),
    nodes: checkNodes(root, interpolation, registry, report),
  };
}

interface Draft {
  readonly name: string;
  readonly at: Place;
  readonly body: LocatedMap;
  readonly stage: AnyStage | undefined;
}

function checkNodes(root: LocatedMap, vars: Interpolation, registry: Registry, report: Report): ReadonlyArray<Node> {
  const nodes = root.entries.get("nodes")?.value;
  if (nodes?.type !== "map" || nodes.entries.size === 0) {
    report.problem("E_NODES", "a pipeline needs nodes: a map of name: { stage: … }", nodes?.at ?? root.at);
    return [];
  }
  const drafts = [...nodes.entries].flatMap(([name, entry]) => draft(name, entry, vars, registry, report) ?? []);
  const names = new Set(nodes.entries.keys());
  const stages = new Map(drafts.flatMap(({ name, stage }) => (stage ? [[name, stage] as const] : [])));
  const wired = drafts.flatMap(({ name, at, body, stage }) => {
    if (stage === undefined) return [];
    const configAt = body.entries.get("config")?.value.at ?? at;
    const given = body.entries.get("config")?.value ?? { type: "map", at, entries: new Map() };
    const config: Located = isNull(given) ? { type: "map", at: given.at, entries: new Map() } : given;
    const inputs = wire({ name, at, stage, inputs: body.entries.get("inputs")?.value }, { names, stages }, report);
    return [{ name, stage, config: decodeConfig(stage, config, report), inputs, configAt }];
  });
  return ordered(wired, report).map((node) => ({ ...node, inputs: withoutPlaces(node.inputs) }));
}

function draft(name: string, entry: Entry, vars: Interpolation, registry: Registry, report: Report): Draft | undefined {
  const at = entry.keyAt;
  if (!namePattern.test(name)) {
    report.problem("E_NAME", `"${name}" cannot name a node`, at, "Names are letters, digits, - and _.");
  }
  const body = vars.apply(entry.value);
  if (body.type !== "map") {
    report.problem("E_TYPE", `node "${name}" must be a map with a stage`, body.at, `Write ${name}: { stage: STAGE }.`);
    return undefined;
  }
  report.unknownKeys(body, nodeKeys, `node "${name}"`);
  const id = scalar(body.entries.get("stage"));
  const stageAt = body.entries.get("stage")?.value.at ?? at;
  if (typeof id !== "string") {
    report.problem("E_STAGE_MISSING", `node "${name}" has no stage`, stageAt, "precipice stages lists them.");
    return { name, at, body, stage: undefined };
  }
  const stage = registry.stages.get(id);
  if (stage === undefined) {
    const message = `there is no stage "${id}"`;
    report.problem("E_STAGE_UNKNOWN", message, stageAt, suggestion(id, registry.stages.keys(), "stages"));
  }
  return { name, at, body, stage };
}

function withoutPlaces(inputs: { readonly [port: string]: ReadonlyArray<Edge> }): Node["inputs"] {
  return Object.fromEntries(
    Object.entries(inputs).map(([port, edges]) => [port, edges.map(({ node, output }) => ({ node, output }))]),
  );
}

const scalar = (entry: Entry | undefined) => (entry?.value.type === "scalar" ? entry.value.value : undefined);

const isNull = (located: Located): boolean => located.type === "scalar" && located.value === null;
