/**
 * A pipeline written in TypeScript. The wires are typed: an output of another kind than the port takes does not compile. What
 * comes out is what the same pipeline in YAML would be, with the same digests, so both share stored results.
 */
import { join, resolve } from "node:path";
import type * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import type { PipelineError } from "../errors.ts";
import * as Registry from "../registry.ts";
import type { AnyStage, ConfigSchema, InputSpec, Inputs, Outputs, Port, Stage } from "../stage.ts";
import { checked } from "./load.ts";
import type { Entry, Located, LocatedMap, Place } from "./located.ts";
import type { Pipeline } from "./model.ts";
import { Report } from "./report.ts";
import { noSettings } from "./set.ts";

/** An output of a node, to be given to the inputs of others. */
export interface Wire<K extends AnyKind = AnyKind> {
  readonly node: string;
  readonly output: string;
  readonly kind: K;
}

type WireOf<Spec extends InputSpec> =
  Spec extends Port<infer K, infer A>
    ? A extends "many"
      ? ReadonlyArray<Wire<K>>
      : Wire<K>
    : Spec extends AnyKind
      ? Wire<Spec>
      : never;

/** Ports that may be left unwired. */
type Free<I extends Inputs> = {
  [P in keyof I]: I[P] extends Port<AnyKind, infer A> ? (A extends "one" ? never : P) : never;
}[keyof I];

/** What the inputs of a stage are wired to. */
export type WiresOf<I extends Inputs> = { readonly [P in Exclude<keyof I, Free<I>>]: WireOf<I[P]> } & {
  readonly [P in Free<I>]?: WireOf<I[P]>;
};

/** A key that may be left out when everything in it may. */
type Key<K extends string, V> = Record<never, never> extends V ? { readonly [P in K]?: V } : { readonly [P in K]: V };

export type NodeOptions<C extends ConfigSchema, I extends Inputs> = Key<"config", C["Encoded"]> &
  Key<"inputs", WiresOf<I>>;

/** Adds a node and gives its outputs. `config` is as in YAML: defaults may be left out. */
export type AddNode = <C extends ConfigSchema, I extends Inputs, O extends Outputs>(
  name: string,
  stage: Stage<C, I, O>,
  ...options: Record<never, never> extends NodeOptions<C, I>
    ? [options?: NodeOptions<C, I>]
    : [options: NodeOptions<C, I>]
) => { readonly [P in keyof O]: Wire<O[P]> };

export interface MakeOptions {
  readonly description?: string;
  /** Where relative paths of configs are resolved; the working directory by default. */
  readonly dir?: string;
  /** How many nodes may run at once; by default as in a file that does not say. */
  readonly concurrency?: number;
}

/**
 * Fails like a file does, with every problem at once: a config out of range, a name that cannot be one.
 *
 * @throws TypeError when two nodes have one name, or two different stages one id.
 *
 * @example
 * ```ts
 * const pipeline = Pipeline.make("doubled", (node) => {
 *   const { numbers } = node("source", numSource, { config: { values: [1, 2] } })
 *   node("twice", numScale, { inputs: { numbers }, config: { factor: 2 } })
 * })
 * ```
 */
export function make(
  name: string,
  build: (node: AddNode) => void,
  options: MakeOptions = {},
): Effect.Effect<Pipeline, PipelineError> {
  const file = join(resolve(options.dir ?? "."), name);
  const at: Place = { file, line: 1, column: 1 };
  const nodes = new Map<string, unknown>();
  const stages = new Set<AnyStage>();
  const add = (node: string, stage: AnyStage, given: { readonly config?: unknown; readonly inputs?: object } = {}) => {
    if (nodes.has(node)) throw new TypeError(`Pipeline "${name}": two nodes are called "${node}"`);
    stages.add(stage);
    const wires = Object.entries(given.inputs ?? {}).filter(([, wire]) => wire !== undefined);
    const inputs = Object.fromEntries(
      wires.map(([port, wire]) => [port, reference(wire as Wire | ReadonlyArray<Wire>)]),
    );
    nodes.set(node, { stage: stage.id, config: given.config ?? {}, inputs });
    const outputs = Object.entries(stage.outputs as Outputs);
    return Object.fromEntries(outputs.map(([output, kind]) => [output, { node, output, kind } satisfies Wire]));
  };
  build(add as unknown as AddNode);
  const root = located(
    {
      version: 1,
      name,
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      nodes: Object.fromEntries(nodes),
    },
    at,
  ) as LocatedMap;
  return checked(root, file, noSettings, Registry.make([...stages]), new Report(file));
}

const reference = (wire: Wire | ReadonlyArray<Wire>): string | ReadonlyArray<string> =>
  "node" in wire ? `${wire.node}.${wire.output}` : wire.map(({ node, output }) => `${node}.${output}`);

/** Plain data as if it stood in a file; text is taken as it is, `${` included. */
function located(value: unknown, at: Place): Located {
  if (Array.isArray(value)) return { type: "list", at, items: value.map((item) => located(item, at)) };
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    const entries = members.map(([key, member]): [string, Entry] => [key, { keyAt: at, value: located(member, at) }]);
    return { type: "map", at, entries: new Map(entries) };
  }
  if (typeof value === "string") return { type: "scalar", at, value: value.replaceAll("${", () => "$${") };
  return { type: "scalar", at, value: value as number | boolean | null };
}
