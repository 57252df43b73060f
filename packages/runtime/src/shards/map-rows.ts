/**
 * Maps rows to results so that finished work survives anything: rows are cut into shards by content, each shard is stored as
 * an artifact of its own under the digest of its rows and what else they depend on, and only what is missing is computed.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as FiberSet from "effect/FiberSet";
import type * as Scope from "effect/Scope";
import type { AnyKind, RowOf } from "../artifact/kind.ts";
import type { VectorSet } from "../artifact/reader.ts";
import { type ArtifactError, StageError } from "../errors.ts";
import { digestOf } from "../plan/canonical.ts";
import type { FailureRow, OnError } from "./failures.ts";
import { type RowWork, toDo, type Work } from "./row-work.ts";
import { type Span, splitRows } from "./split.ts";

/** The results of one row: rows by table, vectors by set. Leave out what a row adds nothing to. */
export type Piece<K extends AnyKind> = {
  readonly [T in keyof K["tables"]]?: ReadonlyArray<RowOf<K["tables"], T>>;
} & { readonly [V in keyof K["vectors"]]?: VectorSet<RowOf<K["vectors"], V>> };

/** The results of many rows, in the order of the rows, wherever they lie. */
export interface Contents<K extends AnyKind = AnyKind> {
  readonly rows: <N extends keyof K["tables"] & string>(
    table: N,
  ) => Effect.Effect<ReadonlyArray<RowOf<K["tables"], N>>, ArtifactError>;
  readonly vectors: <N extends keyof K["vectors"] & string>(
    set: N,
  ) => Effect.Effect<VectorSet<RowOf<K["vectors"], N>>, ArtifactError>;
}

export interface MapRowsOptions<K extends AnyKind, Row, Resource> {
  /** What the shards hold. Every table and set of it is stored, empty where no piece has it. */
  readonly kind: K;
  readonly rows: ReadonlyArray<Row>;
  /** Name of a row in `failures`; must be unique. */
  readonly id: (row: Row) => string;
  /** The input the rows come from: a shard depends on its own rows, not on the digest of the whole of it. */
  readonly port: string;
  /** Average rows in a shard: what a crash costs at most, for each of those being written. */
  readonly rowsPerShard: number;
  /** What the result of a row depends on beside the row and the other inputs; the whole config by default. */
  readonly key?: unknown;
  /**
   * What goes to one call of `run`: all rows that are missing (default), or those of one shard, for work whose last bits follow
   * what is computed beside it: then a resumed mapping gives the same bytes.
   */
  readonly together?: "all" | "shard";
  /** Default `fail`. */
  readonly onError?: OnError;
  /** Unit of the progress; default "rows". */
  readonly unit?: string;
  /** Acquired once, when the first missing row is to be computed: nothing is loaded when everything is stored. */
  readonly open: Effect.Effect<Resource, StageError | ArtifactError, Scope.Scope>;
  /**
   * Computes `rows`, all that is missing or those of a shard, and calls `emit(i, piece)` for each, in any order, as soon as it is known. A row's
   * piece may depend on nothing but the row. A failure counts for the rows not emitted yet.
   */
  readonly run: (
    resource: Resource,
    rows: ReadonlyArray<Row>,
    tell: {
      readonly emit: (index: number, piece: Piece<K>) => void;
      /**
       * This row alone failed, for a reason of its own: it is not computed with fewer others to find out which row it was. Where
       * `onError` is `fail` let `run` fail instead.
       */
      readonly fail: (index: number, error: StageError) => void;
      /** One short text beside the progress, e.g. "812 tokens", and the work in that unit, from which the time left is told. */
      readonly detail: (text: string, work?: RowWork) => void;
    },
  ) => Effect.Effect<void, StageError | ArtifactError>;
}

export interface Mapped<K extends AnyKind> extends Contents<K> {
  /** Rows without a result, in the order of the rows; they are also in the artifact's `failures` table. */
  readonly failures: ReadonlyArray<FailureRow>;
}

export type MapRows = <K extends AnyKind, Row, Resource>(
  options: MapRowsOptions<K, Row, Resource>,
) => Effect.Effect<Mapped<K>, StageError | ArtifactError>;

/** Where shards are kept. */
export interface ShardStore {
  readonly find: <K extends AnyKind>(kind: K, digest: string) => Effect.Effect<Contents<K> | undefined, ArtifactError>;
  readonly keep: <K extends AnyKind>(
    kind: K,
    digest: string,
    pieces: ReadonlyArray<Piece<K>>,
    took: { readonly rows: number; readonly durationMs: number },
  ) => Effect.Effect<Contents<K>, ArtifactError>;
}

/** What a node gives to its shards. */
export interface MapContext {
  readonly store: ShardStore;
  /** The parts of the key that all shards of the node share; `config` without policies. */
  readonly key: {
    readonly stage: string;
    readonly stageVersion: number;
    readonly config: unknown;
    readonly inputs: { readonly [port: string]: ReadonlyArray<string> };
    readonly fingerprint: string | null;
    readonly numerics: { readonly [name: string]: string };
  };
  readonly progress: (done: number, total: number, unit?: string, detail?: string, work?: Work) => void;
  readonly onShard: (shard: ShardInfo) => void;
  readonly onFailures: (failures: ReadonlyArray<FailureRow>) => Effect.Effect<void, ArtifactError>;
}

/** One shard of a node, as the run record tells it. */
export interface ShardInfo {
  readonly kind: string;
  readonly digest: string;
  /** Its place among the shards of this mapping, from 0. */
  readonly index: number;
  /** How many shards the mapping has. */
  readonly of: number;
  readonly rows: number;
  readonly state: "cached" | "done";
  /** From the start of the computation to its publication. */
  readonly durationMs?: number;
}

interface Shard<K extends AnyKind> extends Span {
  readonly digest: string;
  readonly index: number;
  readonly of: number;
  contents: Contents<K> | undefined;
}

/** The `mapRows` of a node. */
export const mapRowsIn = (context: MapContext): MapRows =>
  Effect.fn("mapRows")(function* <K extends AnyKind, Row, Resource>(options: MapRowsOptions<K, Row, Resource>) {
    const { kind, rows, unit = "rows" } = options;
    const shards = yield* findShards(context, options);
    const missing = shards.filter((shard) => shard.contents === undefined);
    for (const { digest, index, of, start, end, contents } of shards) {
      if (contents !== undefined) {
        context.onShard({ kind: kind.name, digest, index, of, rows: end - start, state: "cached" });
      }
    }
    const todo = missing.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
    if (todo.length < rows.length) context.progress(rows.length - todo.length, rows.length, unit, "stored already");
    const failures = todo.length === 0 ? [] : yield* computeMissing(context, options, missing, todo);
    if (failures.length > 0) yield* context.onFailures(failures);
    const parts = shards.map((shard) => shard.contents as Contents<K>);
    const mapped: Mapped<K> = { ...joinedContents(parts), failures };
    return mapped;
  }) as MapRows;

const findShards = Effect.fnUntraced(function* <K extends AnyKind, Row, Resource>(
  { store, key }: MapContext,
  { kind, rows, port, rowsPerShard, key: own }: MapRowsOptions<K, Row, Resource>,
) {
  const { [port]: _, ...inputs } = key.inputs;
  const shared = digestOf({
    ...key,
    config: own ?? key.config,
    inputs,
    kind: kind.name,
    kindVersion: kind.version,
  });
  const digests = rows.map((row) => digestOf(row));
  const spans = splitRows(digests, rowsPerShard);
  return yield* Effect.forEach(
    spans,
    Effect.fnUntraced(function* (span, index) {
      const digest = digestOf({ shared, rows: digests.slice(span.start, span.end) });
      const shard: Shard<K> = { ...span, digest, index, of: spans.length, contents: yield* store.find(kind, digest) };
      return shard;
    }),
    { concurrency: 8 },
  );
});

const computeMissing = Effect.fnUntraced(function* <K extends AnyKind, Row, Resource>(
  context: MapContext,
  options: MapRowsOptions<K, Row, Resource>,
  missing: ReadonlyArray<Shard<K>>,
  todo: ReadonlyArray<number>,
) {
  const { kind, rows, onError = "fail", unit = "rows" } = options;
  const started = performance.now();
  const pieces = new Map<number, Piece<K>>();
  const shardOf = new Map<number, Shard<K>>();
  const open = new Map<Shard<K>, number>();
  for (const shard of missing) {
    open.set(shard, shard.end - shard.start);
    for (let row = shard.start; row < shard.end; row++) shardOf.set(row, shard);
  }
  const failures = new Map<number, FailureRow>();
  const broken = yield* Deferred.make<never, ArtifactError>();
  const publishing = yield* FiberSet.make<void, never>();
  const publish = yield* FiberSet.runtime(publishing)<never>();
  const piecesOf = (shard: Shard<K>) =>
    range(shard)
      .map((row) => pieces.get(row))
      .filter((piece) => piece !== undefined);
  const keep = (shard: Shard<K>): Effect.Effect<void> => {
    const own = piecesOf(shard);
    const took = { rows: shard.end - shard.start, durationMs: Math.round(performance.now() - started) };
    return context.store.keep(kind, shard.digest, own, took).pipe(
      Effect.matchEffect({
        onSuccess: (contents) =>
          Effect.sync(() => {
            shard.contents = contents;
            for (const row of range(shard)) pieces.delete(row);
            context.onShard({
              kind: kind.name,
              digest: shard.digest,
              index: shard.index,
              of: shard.of,
              rows: took.rows,
              state: "done",
              durationMs: took.durationMs,
            });
          }),
        onFailure: (error) => Effect.asVoid(Deferred.fail(broken, error)),
      }),
    );
  };
  let done = rows.length - todo.length;
  let detail: string | undefined;
  let work: RowWork | undefined;
  const show = (): void => context.progress(done, rows.length, unit, detail, work && toDo(work, rows.length - done));
  const settled = new Set<number>();
  const named = new Map<number, StageError>();
  const settle = (row: number): void => {
    settled.add(row);
    done += 1;
    show();
  };
  const resource = yield* options.open;
  let last: StageError | undefined;

  const attempt = (
    wanted: ReadonlyArray<number>,
  ): Effect.Effect<StageError | undefined, StageError | ArtifactError> => {
    const emit = (index: number, piece: Piece<K>): void => {
      const row = wanted[index];
      if (row === undefined) throw new RangeError(`emit(${index}) of ${wanted.length} rows`);
      if (settled.has(row)) throw new RangeError(`row ${index} was emitted twice`);
      pieces.set(row, piece);
      settle(row);
      const shard = shardOf.get(row) as Shard<K>;
      const left = (open.get(shard) as number) - 1;
      open.set(shard, left);
      if (left === 0) publish(keep(shard));
    };
    const fail = (index: number, error: StageError): void => {
      const row = wanted[index];
      if (row === undefined) throw new RangeError(`fail(${index}) of ${wanted.length} rows`);
      named.set(row, error);
    };
    const running = options.run(
      resource,
      wanted.map((row) => rows[row] as Row),
      {
        emit,
        fail,
        detail: (text, told) => {
          detail = text;
          work = told;
          show();
        },
      },
    );
    return Effect.raceFirst(running, Deferred.await(broken)).pipe(
      Effect.as(undefined),
      Effect.catchTag("StageError", (error) => (onError === "fail" ? Effect.fail(error) : Effect.succeed(error))),
    );
  };

  const giveUp = (row: number, error: StageError, attempts: number): void => {
    const { code = "E_STAGE", message } = error;
    last = error;
    failures.set(row, { row: options.id(rows[row] as Row), code, message, attempts });
    settle(row);
  };

  /** Runs rows together; when that fails, halves of what is left, down to the rows that fail alone. */
  const compute = (wanted: ReadonlyArray<number>, tried = 0): Effect.Effect<void, StageError | ArtifactError> =>
    Effect.gen(function* () {
      const retries = typeof onError === "object" ? onError.retry : 0;
      let attempts = tried;
      for (;;) {
        const error = yield* attempt(wanted);
        attempts += 1;
        const again: number[] = [];
        for (const row of wanted) {
          const own = named.get(row);
          if (own === undefined || settled.has(row)) continue;
          named.delete(row);
          if (onError === "fail") return yield* own;
          if (attempts <= retries) again.push(row);
          else giveUp(row, own, attempts);
        }
        const retried = new Set(again);
        const left = wanted.filter((row) => !settled.has(row) && !retried.has(row));
        if (again.length > 0) yield* compute(again, attempts);
        if (left.length === 0) return;
        if (error === undefined) return yield* notEmitted(rows, left, options.id);
        last = error;
        if (wanted.length > 1) {
          const middle = Math.ceil(left.length / 2);
          yield* compute(left.slice(0, middle));
          if (middle < left.length) yield* compute(left.slice(middle));
          return;
        }
        if (attempts <= retries) continue;
        return giveUp(left[0] as number, error, attempts);
      }
    });
  if (options.together !== "shard") yield* compute(todo);
  else for (const shard of missing) yield* compute(range(shard));
  yield* Effect.raceFirst(FiberSet.awaitEmpty(publishing), Deferred.await(broken));
  if (failures.size === rows.length && last !== undefined) {
    return yield* new StageError({
      code: "E_ROWS_ALL_FAILED",
      message: `all ${rows.length} rows failed; the last: ${last.message}`,
      ...(last.remedy === undefined ? {} : { remedy: last.remedy }),
      cause: last,
    });
  }
  // A shard with a row that failed is not kept: the next computation tries that row again.
  for (const shard of missing) {
    if (shard.contents === undefined) shard.contents = contentsOf<K>(piecesOf(shard));
  }
  return [...failures].sort(([a], [b]) => a - b).map(([, failure]) => failure);
}, Effect.scoped);

const range = ({ start, end }: Span): ReadonlyArray<number> => Array.from({ length: end - start }, (_, i) => start + i);

const notEmitted = <Row>(rows: ReadonlyArray<Row>, left: ReadonlyArray<number>, id: (row: Row) => string) =>
  Effect.die(
    new Error(
      `the stage ended without a result for row ${id(rows[left[0] as number] as Row)} and ${left.length - 1} more`,
    ),
  );

/** Pieces in memory as contents. */
export const contentsOf = <K extends AnyKind>(pieces: ReadonlyArray<Piece<K>>): Contents<K> => {
  const all = pieces as ReadonlyArray<{ readonly [name: string]: unknown }>;
  return {
    rows: (table) => Effect.succeed(all.flatMap((piece) => (piece[table] as ReadonlyArray<never> | undefined) ?? [])),
    vectors: (set) =>
      Effect.succeed(
        joinedVectors(all.flatMap((piece) => (piece[set] === undefined ? [] : [piece[set] as VectorSet<never>]))),
      ),
  };
};

const joinedContents = <K extends AnyKind>(parts: ReadonlyArray<Contents<K>>): Contents<K> => ({
  rows: (table) =>
    Effect.map(
      Effect.forEach(parts, (part) => part.rows(table)),
      (rows) => rows.flat(),
    ),
  vectors: (set) =>
    Effect.map(
      Effect.forEach(parts, (part) => part.vectors(set)),
      (sets) => joinedVectors(sets),
    ),
});

/** One set of vectors after the other; sets without rows say nothing about the width. */
export function joinedVectors<Row>(sets: ReadonlyArray<VectorSet<Row>>): VectorSet<Row> {
  const filled = sets.filter(({ columns }) => columns.length > 0);
  if (filled.length === 1) return filled[0] as VectorSet<Row>;
  const dim = filled[0]?.dim ?? sets[0]?.dim ?? 0;
  const other = filled.find((set) => set.dim !== dim);
  if (other !== undefined) throw new RangeError(`vectors of width ${other.dim} after vectors of width ${dim}`);
  const data = new Float32Array(filled.reduce((sum, set) => sum + set.data.length, 0));
  let offset = 0;
  for (const set of filled) {
    data.set(set.data, offset);
    offset += set.data.length;
  }
  return { columns: filled.flatMap(({ columns }) => columns), dim, data };
}

/** Shards that live as long as the stage runs: for stages run by hand, without a store. */
export const memoryShards = (): ShardStore => {
  const kept = new Map<string, Contents<never>>();
  return {
    find: (kind, digest) => Effect.succeed(kept.get(`${kind.name}/${digest}`) as never),
    keep: (kind, digest, pieces) =>
      Effect.sync(() => {
        const contents = contentsOf(pieces);
        kept.set(`${kind.name}/${digest}`, contents as never);
        return contents;
      }),
  };
};

/** A `mapRows` without a store, for the contexts that tests make by hand. */
export const mapRowsInMemory = (told: Partial<Pick<MapContext, "progress" | "onFailures">> = {}): MapRows =>
  mapRowsIn({
    store: memoryShards(),
    key: { stage: "", stageVersion: 0, config: null, inputs: {}, fingerprint: null, numerics: {} },
    progress: () => undefined,
    onShard: () => undefined,
    onFailures: () => Effect.void,
    ...told,
  });
