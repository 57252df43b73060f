/** Artifacts open as they are elsewhere: tables in DuckDB and hyparquet, vectors in Apache Arrow, values as written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type Trace, Traces } from "@precipice/artifacts";
import { Artifact } from "@precipice/runtime";
import {
  type FixedSizeList,
  type Float32,
  RecordBatchFileReader,
  RecordBatchReader,
  tableFromIPC,
  type Vector,
} from "apache-arrow";
import * as Schema from "effect/Schema";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifact, temporary } from "../support/on-disk.ts";
import { traceOf } from "../support/small-model.ts";

const Everything = Artifact.kind("everything", {
  version: 1,
  description: "A column of every type",
  tables: {
    cells: Schema.Struct({
      text: Schema.String,
      choice: Schema.Literals(["left", "right"]),
      int: Schema.Int,
      wide: Schema.Int,
      double: Schema.Number,
      flag: Schema.Boolean,
      maybe_text: Schema.NullOr(Schema.String),
      maybe_int: Schema.NullOr(Schema.Int),
      maybe_double: Schema.NullOr(Schema.Number),
      maybe_flag: Schema.NullOr(Schema.Boolean),
      ints: Schema.Array(Schema.Int),
      doubles: Schema.Array(Schema.Number),
      texts: Schema.Array(Schema.String),
    }),
    empty: Schema.Struct({ text: Schema.String, int: Schema.NullOr(Schema.Int) }),
  },
  vectors: {
    points: Schema.Struct({
      name: Schema.String,
      at: Schema.Int,
      flag: Schema.Boolean,
      note: Schema.NullOr(Schema.String),
      weight: Schema.Number,
    }),
  },
});

const cells = [
  {
    text: "plain",
    choice: "left",
    int: 1,
    wide: 2 ** 40 + 1,
    double: 0.1,
    flag: true,
    maybe_text: "x",
    maybe_int: 7,
    maybe_double: -1.5,
    maybe_flag: false,
    ints: [1, -2, 3],
    doubles: [0.1, 1e300],
    texts: ["a", ""],
  },
  {
    text: "",
    choice: "right",
    int: -(2 ** 31),
    wide: -(2 ** 52),
    double: -1e-300,
    flag: false,
    maybe_text: null,
    maybe_int: null,
    maybe_double: null,
    maybe_flag: null,
    ints: [],
    doubles: [],
    texts: [],
  },
  {
    text: 'ünï 漢字 🧗 "quoted"\n\t,\u0000',
    choice: "left",
    int: 2 ** 31 - 1,
    wide: 0,
    double: 123456789.12345679,
    flag: true,
    maybe_text: "",
    maybe_int: 0,
    maybe_double: 0,
    maybe_flag: true,
    ints: [2 ** 31 - 1],
    doubles: [-0.5],
    texts: ["漢", "\n", "null"],
  },
];
const points = [
  { name: "a", at: 0, flag: true, note: null, weight: 0.5 },
  { name: "漢", at: 2 ** 31 - 1, flag: false, note: "n", weight: -1e300 },
  { name: "", at: -1, flag: true, note: "", weight: 0 },
];
const dim = 5;
const data = Float32Array.from({ length: points.length * dim }, (_, i) => Math.fround(Math.sin(i) * 10 ** (i - 7)));
const traces: ReadonlyArray<Trace> = [traceOf("a", 4, { family: "as a test", tokens: [] }), traceOf("b", 9, {}, true)];

const root = temporary();
let folder: string;
let traceFolder: string;
let instance: DuckDBInstance;
let duck: DuckDBConnection;

beforeAll(async () => {
  folder = (await artifact(root, Everything, { cells, empty: [] }, { points: { columns: points, dim, data } })).path;
  traceFolder = (await artifact(root, Traces, { traces })).path;
  instance = await DuckDBInstance.create(":memory:");
  duck = await instance.connect();
});
afterAll(() => {
  duck.closeSync();
  instance.closeSync();
});

const ask = async (sql: string) => (await duck.runAndReadAll(sql)).getRowObjectsJS();
const parquet = (name: string, of = folder) => join(of, `${name}.parquet`);
/** 64-bit integers come as bigint from either reader; these all fit a double. */
const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number(value);
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return Array.from(value as unknown as ArrayLike<unknown>, plain);
  return value !== null && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
    : value;
};

describe("tables in DuckDB", () => {
  it("have the values that were written", async () => {
    expect(plain(await ask(`select * from '${parquet("cells")}'`))).toEqual(cells);
  });

  it("have typed columns, lists among them", async () => {
    const described = await ask(`describe select * from '${parquet("cells")}'`);
    expect(Object.fromEntries(described.map((c) => [c["column_name"], c["column_type"]]))).toEqual({
      text: "VARCHAR",
      choice: "VARCHAR",
      int: "INTEGER",
      wide: "BIGINT",
      double: "DOUBLE",
      flag: "BOOLEAN",
      maybe_text: "VARCHAR",
      maybe_int: "INTEGER",
      maybe_double: "DOUBLE",
      maybe_flag: "BOOLEAN",
      ints: "INTEGER[]",
      doubles: "DOUBLE[]",
      texts: "VARCHAR[]",
    });
  });

  it("can be queried", async () => {
    const sql = `select choice, count(maybe_int)::int as n, sum(len(ints))::int as items from '${parquet("cells")}' group by choice order by choice`;
    expect(await ask(sql)).toEqual([
      { choice: "left", n: 2, items: 4 },
      { choice: "right", n: 0, items: 0 },
    ]);
  });

  it("may be empty", async () => {
    expect(await ask(`select * from '${parquet("empty")}'`)).toEqual([]);
    expect((await ask(`describe select * from '${parquet("empty")}'`)).map((c) => c["column_type"])).toEqual([
      "VARCHAR",
      "INTEGER",
    ]);
  });

  it("of a kind of this project read as its rows", async () => {
    expect(plain(await ask(`select * from '${parquet("traces", traceFolder)}'`))).toEqual(traces);
    const finals = await ask(
      `select id, ids[response_start] as token from '${parquet("traces", traceFolder)}' where response_start is not null`,
    );
    expect(finals).toEqual([{ id: "a", token: traces[0]?.ids[(traces[0]?.response_start ?? 0) - 1] }]); // SQL counts from 1
  });
});

describe("tables in hyparquet", () => {
  it.each(["cells", "empty"])("%s: have the values that were written", async (name) => {
    const rows = await parquetReadObjects({ file: new Uint8Array(readFileSync(parquet(name))).buffer });
    expect(plain(rows)).toEqual(name === "cells" ? cells : []);
  });
});

describe("vectors in Apache Arrow", () => {
  it("are Arrow IPC files, which pandas.read_feather, polars.read_ipc and pyarrow.ipc.open_file open", () => {
    const bytes = readFileSync(join(folder, "points.arrow"));
    expect([bytes.subarray(0, 6).toString("latin1"), bytes.subarray(-6).toString("latin1")]).toEqual([
      "ARROW1",
      "ARROW1",
    ]);
    const reader = RecordBatchReader.from(bytes);
    expect(reader).toBeInstanceOf(RecordBatchFileReader);
    expect([...reader].reduce((rows, batch) => rows + batch.numRows, 0)).toBe(points.length);
  });

  it("are fixed-size lists of float32 beside their columns, as written", () => {
    const table = tableFromIPC(readFileSync(join(folder, "points.arrow")));
    expect(Object.fromEntries(table.schema.fields.map((f) => [f.name, String(f.type)]))).toEqual({
      name: "Utf8",
      at: "Int32",
      flag: "Bool",
      note: "Utf8",
      weight: "Float64",
      vector: `FixedSizeList[${dim}]<Float32>`,
    });
    expect(table.numRows).toBe(points.length);
    points.forEach((point, i) => {
      const row = Object.fromEntries(Object.keys(point).map((name) => [name, table.getChild(name)?.get(i)]));
      expect(row).toEqual(point);
      const vector = (table.getChild("vector") as Vector<FixedSizeList<Float32>>).get(i);
      expect(Float32Array.from(vector as Iterable<number>)).toEqual(data.slice(i * dim, (i + 1) * dim));
    });
  });
});
