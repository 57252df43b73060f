import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import * as fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { kind } from "./kind.ts";
import { type Manifest, manifestFile } from "./manifest.ts";
import { open } from "./reader.ts";
import { create, type Writer } from "./writer.ts";

const Everything = kind("everything", {
  version: 1,
  description: "Every column type",
  tables: {
    rows: Schema.Struct({
      text: Schema.String,
      choice: Schema.Literals(["a", "b"]),
      number: Schema.Number,
      integer: Schema.Int,
      yes: Schema.Boolean,
      maybe: Schema.NullOr(Schema.String),
      maybeInteger: Schema.NullOr(Schema.Int),
      integers: Schema.Array(Schema.Int),
      numbers: Schema.NullOr(Schema.Array(Schema.Number)),
      texts: Schema.Array(Schema.String),
    }),
  },
  vectors: {
    acts: Schema.Struct({ id: Schema.String, index: Schema.NullOr(Schema.Int), tags: Schema.Array(Schema.String) }),
  },
  files: ["notes/a.txt", "weights/"],
});
type Row = (typeof Everything.tables.rows)["Type"];
type Act = (typeof Everything.vectors.acts)["Type"];

const row = fc.record<Row>({
  text: fc.string({ unit: "binary" }),
  choice: fc.constantFrom("a" as const, "b" as const),
  number: fc.double(),
  integer: fc.maxSafeInteger(),
  yes: fc.boolean(),
  maybe: fc.option(fc.string()),
  maybeInteger: fc.option(fc.integer()),
  integers: fc.array(fc.integer()),
  numbers: fc.option(fc.array(fc.double())),
  texts: fc.array(fc.string()),
});

type Everything = typeof Everything;

/** Writes with `fill`, then the rest of what the kind promises, and opens the sealed folder. */
const written = (path: string, fill: (writer: Writer<Everything>) => Effect.Effect<void, unknown>) =>
  Effect.gen(function* () {
    mkdirSync(path, { recursive: true });
    const { writer, seal } = create(Everything, path);
    yield* fill(writer);
    writeFileSync(writer.file("notes/a.txt"), "note");
    writer.file("weights/");
    const contents = yield* seal;
    const manifest: Manifest = {
      format: 1,
      kind: "everything",
      kindVersion: 1,
      digest: "d",
      contents,
      origin: {
        stage: "s",
        stageVersion: 1,
        output: "o",
        config: {},
        inputs: {},
        numerics: {},
        durationMs: 0,
      },
      versions: {},
      createdAt: "",
    };
    writeFileSync(join(path, manifestFile), JSON.stringify(manifest));
    return open(Everything, path, { digest: "d", node: "n" });
  });

const noActs = { columns: [], dim: 4, data: new Float32Array(0) };

describe("rows", () => {
  it("come back as they were written: any text, NaN, -0, nulls, lists, integers beyond 32 bits", async () => {
    const root = temporaryFolder();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        const folder = join(root, String(run++));
        const reader = await Effect.runPromise(
          written(folder, (writer) =>
            Effect.andThen(writer.writeRows("rows", rows), writer.writeVectors("acts", noActs)),
          ),
        );
        expect(await Effect.runPromise(reader.rows("rows"))).toEqual(rows);
      }),
      { numRuns: 40 },
    );
  });

  it("appended in batches come back the same, whole or batch by batch, and only the columns asked for", async () => {
    const root = temporaryFolder();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 5 }), { minLength: 1, maxLength: 4 }), async (batches) => {
        const reader = await Effect.runPromise(
          written(join(root, String(run++)), (writer) =>
            Effect.andThen(
              Effect.forEach(batches, (batch) => writer.appendRows("rows", batch)),
              writer.writeVectors("acts", noActs),
            ),
          ),
        );
        expect(await Effect.runPromise(reader.rows("rows"))).toEqual(batches.flat());
        const read = await Effect.runPromise(Stream.runCollect(reader.rowBatches("rows", ["text", "maybeInteger"])));
        expect([...read].map((part) => part.length)).toEqual(batches.map((b) => b.length).filter((n) => n > 0));
        const parts = batches.flat().map(({ text, maybeInteger }) => ({ text, maybeInteger }));
        expect([...read].flat()).toEqual(parts);
      }),
      { numRuns: 20 },
    );
  });

  it("are INT32 in Parquet unless a value needs INT64", async () => {
    const folder = temporaryFolder();
    const rows: ReadonlyArray<Row> = [sample({ integer: 2 ** 40, maybeInteger: 5, integers: [1] })];
    await Effect.runPromise(
      written(folder, (writer) => Effect.andThen(writer.writeRows("rows", rows), writer.writeVectors("acts", noActs))),
    );
    const { schema } = parquetMetadata(new Uint8Array(readFileSync(join(folder, "rows.parquet"))).buffer);
    const types = Object.fromEntries(schema.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({ integer: "INT64", maybeInteger: "INT32", number: "DOUBLE", yes: "BOOLEAN" });
  });

  it.each([
    ["a missing column", { text: undefined }, /rows: row 1: .*text/],
    ["a wrong type", { integer: 1.5 }, /row 1: .*integer/],
    ["a null where none may be", { number: null }, /row 1: .*number/],
    ["a value outside the literals", { choice: "c" }, /row 1: .*choice/],
  ])("are refused with %s, naming row and column", async (_, wrong, message) => {
    const folder = temporaryFolder();
    const bad = { ...sample({}), ...wrong } as Row;
    const error = await Effect.runPromise(
      Effect.flip(written(folder, (writer) => writer.writeRows("rows", [sample({}), bad]))),
    );
    expect(error).toMatchObject({ code: "E_ROWS", message: expect.stringMatching(message) });
  });

  it("are written once", async () => {
    const error = await Effect.runPromise(
      Effect.flip(
        written(temporaryFolder(), (writer) =>
          Effect.andThen(writer.writeRows("rows", []), writer.writeRows("rows", [])),
        ),
      ),
    );
    expect(error).toMatchObject({ code: "E_ROWS", message: expect.stringContaining("already written") });
  });
});

describe("vectors", () => {
  const acts = (n: number): ReadonlyArray<Act> =>
    Array.from({ length: n }, (_, i) => ({
      id: `t${i}`,
      index: i % 2 === 0 ? i : null,
      tags: i === 0 ? [] : ["x", "ü"],
    }));
  const data = (n: number, dim: number) => Float32Array.from({ length: n * dim }, (_, i) => Math.fround(Math.sin(i)));

  it("come back from one batch as a view of the file's bytes", async () => {
    const batch = { columns: acts(5), dim: 3, data: data(5, 3) };
    const reader = await Effect.runPromise(
      written(temporaryFolder(), (writer) =>
        Effect.andThen(writer.writeRows("rows", []), writer.writeVectors("acts", batch)),
      ),
    );
    const back = await Effect.runPromise(reader.vectors("acts"));
    expect(back).toEqual(batch);
    expect(back.data.buffer.byteLength).toBeGreaterThan(back.data.byteLength);
  });

  it("have any text beside them, halves of a character side by side too", async () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\ud83d", "\ude42", ""));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
        const columns = texts.map((id) => ({ id, index: null, tags: [] }));
        const reader = await Effect.runPromise(
          written(temporaryFolder(), (writer) =>
            Effect.andThen(
              writer.writeRows("rows", []),
              writer.writeVectors("acts", { columns, dim: 1, data: data(texts.length, 1) }),
            ),
          ),
        );
        const back = await Effect.runPromise(reader.vectors("acts"));
        expect(back.columns.map(({ id }) => id)).toEqual(texts.map((id) => id.toWellFormed()));
      }),
      { numRuns: 40 },
    );
  });

  it("append batch by batch", async () => {
    const reader = await Effect.runPromise(
      written(temporaryFolder(), (writer) =>
        Effect.gen(function* () {
          yield* writer.writeRows("rows", []);
          for (const i of [0, 1, 2]) {
            const columns = acts(7).slice(i * 2, i * 2 + 2);
            yield* writer.writeVectors("acts", { columns, dim: 3, data: data(7, 3).slice(i * 6, i * 6 + 6) });
          }
        }),
      ),
    );
    const back = await Effect.runPromise(reader.vectors("acts"));
    expect(back).toEqual({ columns: acts(7).slice(0, 6), dim: 3, data: data(7, 3).slice(0, 18) });
  });

  it("are rounded to f16 by whoever writes bits, and read as f32", async () => {
    // 1, -2, the largest half, the smallest subnormal, -0, 1/3 rounded
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x3555);
    const values = [1, -2, 65504, 2 ** -24, -0, 0.333251953125];
    const folder = temporaryFolder();
    const reader = await Effect.runPromise(
      written(folder, (writer) =>
        Effect.gen(function* () {
          yield* writer.writeRows("rows", []);
          yield* writer.writeVectors("acts", { columns: acts(1), dim: 3, data: bits.slice(0, 3) });
          yield* writer.writeVectors("acts", { columns: acts(2).slice(1), dim: 3, data: bits.slice(3) });
        }),
      ),
    );
    const back = await Effect.runPromise(reader.vectors("acts"));
    expect(back).toEqual({ columns: acts(2), dim: 3, data: Float32Array.from(values) });
    const { schema } = tableFromIPC(readFileSync(join(folder, "acts.arrow")));
    expect(String(schema.fields.at(-1)?.type)).toBe("FixedSizeList[3]<Float16>");
  });

  it("come batch by batch, and only those with a wanted row", async () => {
    const reader = await Effect.runPromise(
      written(temporaryFolder(), (writer) =>
        Effect.gen(function* () {
          yield* writer.writeRows("rows", []);
          for (const i of [0, 2, 4]) {
            const columns = acts(6).slice(i, i + 2);
            yield* writer.writeVectors("acts", { columns, dim: 3, data: data(6, 3).slice(i * 3, i * 3 + 6) });
          }
        }),
      ),
    );
    const collect = (pick?: (row: Act) => boolean) =>
      Effect.runPromise(Stream.runCollect(reader.vectorBatches("acts", pick)));
    const batch = (i: number) => ({
      columns: acts(6).slice(i, i + 2),
      dim: 3,
      data: data(6, 3).slice(i * 3, i * 3 + 6),
    });
    expect(await collect()).toEqual([0, 2, 4].map(batch));
    expect(await collect(({ id }) => id === "t5" || id === "t0")).toEqual([0, 4].map(batch));
    expect(await collect(() => false)).toEqual([]);
  });

  it("of a file that was harmed are an error in every way to read them", async () => {
    const folder = temporaryFolder();
    const reader = await Effect.runPromise(
      written(folder, (writer) =>
        Effect.andThen(
          writer.writeRows("rows", []),
          writer.writeVectors("acts", { columns: acts(4), dim: 3, data: data(4, 3) }),
        ),
      ),
    );
    const path = join(folder, "acts.arrow");
    const bytes = readFileSync(path);
    const ways = [reader.vectors("acts"), Stream.runCollect(reader.vectorBatches("acts"))];
    const harms = [bytes.subarray(0, bytes.length - 8), Buffer.alloc(bytes.length, 7)];
    for (const harm of harms) {
      writeFileSync(path, harm);
      for (const way of ways)
        expect(await Effect.runPromise(Effect.flip(way as Effect.Effect<unknown, Error>))).toMatchObject({
          code: "E_ARTIFACT_DAMAGED",
        });
    }
  });

  it("keep their dim when there are none", async () => {
    const reader = await Effect.runPromise(
      written(temporaryFolder(), (writer) =>
        Effect.andThen(writer.writeRows("rows", []), writer.writeVectors("acts", noActs)),
      ),
    );
    expect(await Effect.runPromise(reader.vectors("acts"))).toEqual(noActs);
  });

  it.each([
    [
      "data that does not fill the rows",
      { columns: acts(2), dim: 3, data: data(1, 3) },
      "3 values are not 2 rows of 3",
    ],
    ["f16 after f32", { columns: acts(1), dim: 3, data: new Uint16Array(3) }, "f16 after batches of f32"],
    ["another dim", { columns: acts(1), dim: 4, data: data(1, 4) }, "dim 4 after batches of dim 3"],
    [
      "integers beyond 32 bits",
      { columns: [{ id: "a", index: 2 ** 31, tags: [] }], dim: 3, data: data(1, 3) },
      "must fit 32 bits",
    ],
  ])("refuse %s", async (_, batch, message) => {
    const error = await Effect.runPromise(
      Effect.flip(
        written(temporaryFolder(), (writer) =>
          Effect.andThen(
            writer.writeVectors("acts", { columns: acts(1), dim: 3, data: data(1, 3) }),
            writer.writeVectors("acts", batch),
          ),
        ),
      ),
    );
    expect(error).toMatchObject({ code: "E_ROWS", message: expect.stringContaining(message) });
  });
});

describe("an artifact", () => {
  const complete = (writer: Writer<Everything>) =>
    Effect.andThen(writer.writeRows("rows", [sample({})]), writer.writeVectors("acts", noActs));

  it("must hold all that its kind promises", async () => {
    const error = await Effect.runPromise(
      Effect.flip(written(temporaryFolder(), (writer) => writer.writeRows("rows", []))),
    );
    expect(error).toMatchObject({ code: "E_ARTIFACT_INCOMPLETE", message: expect.stringContaining("acts") });
  });

  it("says so when a file was cut short or grew", async () => {
    for (const harm of [(path: string) => truncateSync(path, 20), (path: string) => appendFileSync(path, "x")]) {
      const folder = temporaryFolder();
      const reader = await Effect.runPromise(written(folder, complete));
      harm(join(folder, "rows.parquet"));
      const error = await Effect.runPromise(Effect.flip(reader.rows("rows")));
      expect(error).toMatchObject({ code: "E_ARTIFACT_DAMAGED", message: expect.stringContaining("rows.parquet has") });
    }
  });

  it("says so when bytes of the right size are not Parquet", async () => {
    const folder = temporaryFolder();
    const reader = await Effect.runPromise(written(folder, complete));
    const path = join(folder, "rows.parquet");
    writeFileSync(path, Buffer.alloc(readFileSync(path).length, 7));
    const error = await Effect.runPromise(Effect.flip(reader.rows("rows")));
    expect(error.code).toBe("E_ARTIFACT_DAMAGED");
  });

  it("gives no path outside its folder", () => {
    const { writer } = create(Everything, temporaryFolder());
    expect(() => writer.file("../elsewhere")).toThrow(/outside/);
  });
});

function sample(change: Partial<Row>): Row {
  return {
    text: "x",
    choice: "a",
    number: 1,
    integer: 1,
    yes: true,
    maybe: null,
    maybeInteger: null,
    integers: [],
    numbers: null,
    texts: [],
    ...change,
  };
}
