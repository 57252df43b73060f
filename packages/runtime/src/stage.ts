/**
 * A stage is a typed step: a config Schema, input and output artifact kinds, and a `run` that is fully typed from them. The
 * same declaration validates YAML, fills `precipice stages NAME` and names the parts of the cache key.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { AnyKind } from "./artifact/kind.ts";
import type { Reader } from "./artifact/reader.ts";
import type { Writer } from "./artifact/writer.ts";
import type { ArtifactError, StageError } from "./errors.ts";
import { hasPaths } from "./plan/result-config.ts";
import type { MapRows } from "./shards/map-rows.ts";
import type { StreamRows } from "./shards/stream-rows.ts";

/** How many artifacts an input takes. */
export type Arity = "one" | "optional" | "many";

export interface Port<K extends AnyKind = AnyKind, A extends Arity = Arity> {
  readonly _tag: "Port";
  readonly kind: K;
  readonly arity: A;
}

/** An input that may be left out: `undefined` in `run`. */
export const optional = <K extends AnyKind>(kind: K): Port<K, "optional"> => ({
  _tag: "Port",
  kind,
  arity: "optional",
});

/** An input that takes any number of artifacts, none included: an array in `run`, in the order of the pipeline file. */
export const many = <K extends AnyKind>(kind: K): Port<K, "many"> => ({ _tag: "Port", kind, arity: "many" });

export type InputSpec = AnyKind | Port;
export type Inputs = { readonly [port: string]: InputSpec };
export type Outputs = { readonly [output: string]: AnyKind };

/** Config schemas decode from plain YAML data without services. */
export type ConfigSchema = Schema.Codec<unknown, unknown>;

export type ReadersOf<I extends Inputs> = {
  readonly [P in keyof I]: I[P] extends Port<infer K, infer A>
    ? A extends "many"
      ? ReadonlyArray<Reader<K>>
      : A extends "optional"
        ? Reader<K> | undefined
        : Reader<K>
    : I[P] extends AnyKind
      ? Reader<I[P]>
      : never;
};

type OptionalPorts<I extends Inputs> = {
  [P in keyof I]: I[P] extends Port<AnyKind, "optional"> ? P : never;
}[keyof I];

/** Inputs as a caller gives them: what a stage can do without may be left out. */
export type GivenReaders<I extends Inputs> = Omit<ReadersOf<I>, OptionalPorts<I>> &
  Partial<Pick<ReadersOf<I>, OptionalPorts<I>>>;

export type WritersOf<O extends Outputs> = { readonly [P in keyof O]: Writer<O[P]> };

/** Where relative paths of a config are resolved. */
export interface StageContext {
  /** Absolute folder of the pipeline file. */
  readonly pipelineDir: string;
  /** While planning: tells the user what is waited for, or what was left out or could not be known. */
  readonly notice?: (message: string) => void;
}

/** What a node is expected to make and need: printed by the plan, never part of a key. Leave out what is not known. */
export interface Estimate {
  /** Rows of its main table. */
  readonly rows?: number;
  /** Bytes its outputs will take in the store. */
  readonly bytes?: number;
  /** Memory it will hold at its peak beyond the model's programs, in bytes. */
  readonly memoryBytes?: number;
  /** One line on what dominates, e.g. "KV cache: 32 rows × 4096 tokens". */
  readonly note?: string;
  /** What the stages downstream need for their own estimates, e.g. the folder of the checkpoint. */
  readonly facts?: Readonly<Record<string, number | string>>;
}

/** What is known of one input while planning: the estimate of its producer, and its reader when it is stored already. */
export interface Forecast<K extends AnyKind = AnyKind> extends Estimate {
  readonly reader?: Reader<K>;
}

export type ForecastsOf<I extends Inputs> = {
  readonly [P in keyof I]: I[P] extends Port<infer K, infer A>
    ? A extends "many"
      ? ReadonlyArray<Forecast<K>>
      : A extends "optional"
        ? Forecast<K> | undefined
        : Forecast<K>
    : I[P] extends AnyKind
      ? Forecast<I[P]>
      : never;
};

/** What `run` gets. */
export interface RunContext<Config, I extends Inputs, O extends Outputs> extends StageContext {
  readonly config: Config;
  readonly inputs: ReadersOf<I>;
  readonly outputs: WritersOf<O>;
  /** Reports `done` of `total` (rows, steps …). Synchronous, cheap, may be called often. */
  readonly progress: (done: number, total: number, unit?: string, detail?: string) => void;
  readonly log: (message: string) => Effect.Effect<void>;
  /**
   * Logs it, and keeps it with the results, where `show`, the viewer and the report tell it for as long as they exist: what was
   * missing, left out, or changed nothing.
   */
  readonly note: (message: string) => Effect.Effect<void>;
  /**
   * Maps rows to results shard by shard: what is stored already is not computed again, a crash costs at most the shards being
   * written, rows that fail are recorded. It reports the progress itself and writes the `failures` table of the outputs.
   */
  readonly mapRows: MapRows;
  /** The same for results too large to hold, such as activations: shards are files, kept until the results are published. */
  readonly streamRows: StreamRows;
  /**
   * Absolute folder for work in progress that outlives a crash (not created yet). The same node with the same inputs finds it
   * again; it is removed once the results are published.
   */
  readonly scratch: string;
}

/** A config key for stages that map rows: what happens to a row that fails. Pass it on to `mapRows`. */
export const onError = Schema.Union([
  Schema.Literals(["fail", "skip"]),
  Schema.Struct({ retry: Schema.Int.check(Schema.isGreaterThan(0)) }),
])
  .annotate({
    description:
      "A row that fails: fail the stage; skip it; or { retry: n } and then skip it. Skipped rows are recorded",
    policy: true,
  })
  .pipe(Schema.withDecodingDefaultKey(Effect.succeed("fail" as const)));

export interface Options<C extends ConfigSchema, I extends Inputs, O extends Outputs> {
  /** Bump when the meaning of the results changes: it is part of every key. */
  readonly version: number;
  /** One line. */
  readonly description: string;
  readonly config: C;
  readonly inputs: I;
  readonly outputs: O;
  /**
   * Digest of outside content the config points at (files, checkpoints); part of the key. Runs while planning. Keys annotated
   * `path: true` are left out of the key: it must hold all that they decide.
   */
  readonly fingerprint?: (config: C["Type"], context: StageContext) => Effect.Effect<string, StageError>;
  /**
   * Whether a stored result is still usable, e.g. a folder it points at still exists. Runs while planning; `false` runs the
   * stage again under the same digest.
   */
  readonly revalidate?: (
    config: C["Type"],
    outputs: { readonly [P in keyof O]: Reader<O[P]> },
    context: StageContext,
  ) => Effect.Effect<boolean>;
  /**
   * Expected rows, bytes and memory, for the plan. Must be fast (headers, not data); `undefined` when nothing can be said.
   * An estimate that exceeds a limit the config states fails with the remedy, before any work.
   */
  readonly estimate?: (
    config: C["Type"],
    inputs: ForecastsOf<I>,
    context: StageContext,
  ) => Effect.Effect<Estimate | undefined, StageError>;
  /** Threads it keeps busy, for the executor's budget; 1 by default, `Infinity` for all there are. */
  readonly threads?: (config: C["Type"]) => number;
  readonly run: (context: RunContext<C["Type"], I, O>) => Effect.Effect<void, StageError | ArtifactError, Scope.Scope>;
}

export interface Stage<C extends ConfigSchema = ConfigSchema, I extends Inputs = Inputs, O extends Outputs = Outputs>
  extends Options<C, I, O> {
  readonly id: string;
  /** Of a stage that came out of a plugin: part of its key. */
  readonly package?: StagePackage;
}

/** The package a stage came from. */
export interface StagePackage {
  readonly name: string;
  readonly version: string;
}

/** What a stage may be called. */
export const stageIdPattern = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$/;

/** Any stage, its types forgotten; the pipeline loader checks what the compiler no longer can. */
// biome-ignore lint/suspicious/noExplicitAny: config and ports are invariant, only `any` admits every stage
export type AnyStage = Stage<any, any, any>;

/**
 * Declares a stage.
 *
 * @throws TypeError when the id or a port name is malformed, or paths have no fingerprint.
 *
 * @example
 * ```ts
 * export const double = Stage.make("math.double", {
 *   version: 1,
 *   description: "Doubles numbers",
 *   config: Schema.Struct({ times: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(1))) }),
 *   inputs: { numbers: Numbers },
 *   outputs: { numbers: Numbers },
 *   run: Effect.fn("math.double")(function* ({ config, inputs, outputs }) {
 *     const rows = yield* inputs.numbers.rows("numbers")
 *     yield* outputs.numbers.writeRows("numbers", rows.map(({ value }) => ({ value: value * 2 ** config.times })))
 *   }),
 * })
 * ```
 */
export function make<C extends ConfigSchema, const I extends Inputs, const O extends Outputs>(
  id: string,
  options: Options<C, I, O>,
): Stage<C, I, O> {
  if (!stageIdPattern.test(id)) {
    throw new TypeError(`Stage id "${id}" must look like "probe.train"`);
  }
  for (const port of [...Object.keys(options.inputs), ...Object.keys(options.outputs)]) {
    if (!/^[a-zA-Z][a-zA-Z0-9_-]*$/.test(port)) throw new TypeError(`Stage "${id}": bad port name "${port}"`);
  }
  if (options.fingerprint === undefined && hasPaths(options.config.ast)) {
    throw new TypeError(`Stage "${id}": a config with paths needs a fingerprint, which stands for what lies there`);
  }
  return { id, ...options };
}

/** The kind and arity of an input, whichever way it was declared. */
export function portOf(spec: InputSpec): Port {
  return "_tag" in spec ? spec : { _tag: "Port", kind: spec, arity: "one" };
}
