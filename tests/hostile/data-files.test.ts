/** Data files made to be expensive, to lie about themselves, or cut: an error that names the file, or all of their rows. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type AsyncBuffer, parquetMetadataAsync, parquetSchema } from "hyparquet";
import { describe, expect, it } from "vitest";
import { loadPrompts } from "../../packages/trace/src/data/load-prompts.ts";
import { checkedGroup } from "../../packages/trace/src/data/parquet-pages.ts";
import { checkHybrid } from "../../packages/trace/src/data/parquet-runs.ts";
import { readDataFile } from "../../packages/trace/src/data/read-file.ts";
import { readParquet } from "../../packages/trace/src/data/read-parquet.ts";
import { MAX_ROW } from "../../packages/trace/src/data/read-text.ts";
import type { PlacedRow } from "../../packages/trace/src/data/row.ts";
import { unpacked } from "../../packages/trace/src/data/unpack.ts";
import { temporary } from "../support/on-disk.ts";
import { parquetOf } from "../support/parquet-file.ts";

const root = temporary();
let count = 0;
const write = (ending: string, content: string | Uint8Array): string => {
  const name = `hostile${count++}.${ending}`;
  writeFileSync(join(root, name), content);
  return name;
};
const load = (source: string) =>
  loadPrompts({ source, labels: "harmless", label: "both", dedup: false, seed: 0 }, { base: root });
const prompts = async (source: string) => (await load(source)).map(({ prompt }) => prompt);
const line = (prompt: string) => `${JSON.stringify({ prompt })}\n`;
const [a, b] = [Buffer.from(line("a")), Buffer.from(line("b"))];
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

describe("compressed files", () => {
  const zstd = (text: Uint8Array) => zstdCompressSync(text);
  // larger than any piece that is read at once, so that frames end within pieces
  const many = Array.from({ length: 300 }, (_, i) => line(`${i} ${"x".repeat((i * 37) % 900)}${i}`));

  it.each<[string, string, Uint8Array, ReadonlyArray<string>]>([
    ["gzip", "jsonl.gz", gzipSync(a), ["a"]],
    ["gzip of two members", "jsonl.gz", Buffer.concat([gzipSync(a), gzipSync(b)]), ["a", "b"]],
    ["gzip with zeros behind", "jsonl.gz", Buffer.concat([gzipSync(a), Buffer.alloc(512)]), ["a"]],
    ["Zstandard", "jsonl.zst", zstd(a), ["a"]],
    ["Zstandard of two frames", "jsonl.zst", Buffer.concat([zstd(a), zstd(b)]), ["a", "b"]],
    ["an empty frame between", "jsonl.zst", Buffer.concat([zstd(a), zstd(Buffer.alloc(0)), zstd(b)]), ["a", "b"]],
    [
      "frames to be skipped",
      "jsonl.zst",
      Buffer.concat([skippable, zstd(a), skippable, zstd(b), skippable]),
      ["a", "b"],
    ],
    [
      "hundreds of frames",
      "jsonl.zst",
      Buffer.concat(many.map((text) => zstd(Buffer.from(text)))),
      many.map((text) => JSON.parse(text).prompt),
    ],
    ["a CSV", "csv.gz", gzipSync("prompt\na\n"), ["a"]],
    ["a JSON array", "json.zst", zstd(Buffer.from('[{"prompt":"a"}]')), ["a"]],
  ])("%s", async (_, ending, content, expected) => {
    expect(await prompts(write(ending, content))).toEqual(expected);
  });

  it.each<[string, string, Uint8Array, RegExp]>([
    ["gzip cut", "jsonl.gz", gzipSync(a).subarray(0, -5), /unexpected end of file/],
    [
      "a wrong checksum",
      "jsonl.gz",
      Buffer.concat([gzipSync(a).subarray(0, -8), Buffer.alloc(8)]),
      /incorrect data check/,
    ],
    ["no gzip", "jsonl.gz", a, /incorrect header check/],
    ["gzip and something else", "jsonl.gz", Buffer.concat([gzipSync(a), a]), /incorrect header check/],
    ["nothing", "jsonl.zst", Buffer.alloc(0), /unexpected end of file/],
    ["no Zstandard", "jsonl.zst", a, /no Zstandard frame at byte 0/],
    [
      "Zstandard cut in its second frame",
      "jsonl.zst",
      Buffer.concat([zstd(a), zstd(b).subarray(0, -2)]),
      /unexpected end/,
    ],
    ["Zstandard and something else", "jsonl.zst", Buffer.concat([zstd(a), b]), /no Zstandard frame at byte \d\d/],
    ["a frame to be skipped past the end", "jsonl.zst", skippable.subarray(0, -1), /unexpected end/],
  ])("refuses %s", async (_, ending, content, message) => {
    const name = write(ending, content);
    await expect(load(name)).rejects.toMatchObject({ code: "E_PROMPTS_FILE", message: expect.stringMatching(message) });
    await expect(load(name)).rejects.toThrow(`${name}: cannot be unpacked: `);
  });

  it.each<[string, (plain: Uint8Array) => Uint8Array]>([
    ["gz", gzipSync],
    ["zst", zstd],
  ])("a bomb stops at its bound and leaves nothing behind (.%s)", async (ending, pack) => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("precipice-unpack-"));
    const bomb = Buffer.alloc(4_000_000, " ");
    const name = write(`jsonl.${ending}`, Buffer.concat([pack(bomb), pack(bomb)]));
    const rows = unpacked(
      join(root, name),
      name,
      (file, own) => readDataFile(file, own, { required: [], optional: [] }),
      1e6,
    );
    await expect(rows.next()).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/bytes unpack to more than 200 times as many/),
    });
    const left = readdirSync(tmpdir()).filter((one) => one.startsWith("precipice-unpack-") && !before.includes(one));
    expect(left.filter((one) => existsSync(join(tmpdir(), one, "rows")))).toEqual([]);
  });
});

describe("JSON arrays are read row by row", () => {
  const long = "é".repeat(40_000); // every read ends within a row
  it.each<[string, string, ReadonlyArray<string>]>([
    ["as a program writes it", JSON.stringify([{ prompt: "a" }, { prompt: "b" }]), ["a", "b"]],
    ["indented", JSON.stringify([{ prompt: "a" }, { prompt: "b" }], null, 2), ["a", "b"]],
    [
      "brackets, commas and quotes within texts",
      JSON.stringify([{ prompt: '],{"\\' }, { prompt: "[" }]),
      ['],{"\\', "["],
    ],
    ["lists and objects within rows", '[{"n":[1,{"x":[]}],"prompt":"a"},{"n":{},"prompt":"b"}]', ["a", "b"]],
    ["rows longer than a read", JSON.stringify([{ prompt: long }, { prompt: `${long}"` }]), [long, `${long}"`]],
    [
      "a backslash at the end of a read",
      `[{"prompt":"${"x".repeat((1 << 16) - 13)}\\"y"}]`,
      [`${"x".repeat((1 << 16) - 13)}"y`],
    ],
    ["white space around", ' \r\n [ {"prompt":"a"} ,\n\t{"prompt":"b"} ] \n', ["a", "b"]],
    [
      "NaN, as Python writes a missing cell",
      '[{"prompt":"a","note":NaN},{"prompt":"NaN","note":-Infinity}]',
      ["a", "NaN"],
    ],
  ])("%s", async (_, text, expected) => {
    expect(await prompts(write("json", text))).toEqual(expected);
    expect(await prompts(write("jsonl", text))).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    ["a comma behind the last row", '[{"prompt":"a"},\n]', /json:2: there is a comma and no row behind it/],
    ["two commas", '[{"prompt":"a"},,{"prompt":"b"}]', /json:1: there is a comma and no row before it/],
    ["a row that is cut", '[{"prompt":"a"},\n{"prompt":"b"', /json:2: the array is still open at the end of the file/],
    [
      "a row in the middle that is no JSON",
      '[{"prompt":"a"},\n\n{"prompt":b},{"prompt":"c"}]',
      /json:3: row 2 is not JSON/,
    ],
    ["a bracket of the other kind", '[{"prompt":"a"]}]', /row 1 is not JSON|goes on behind/],
    ["a second array", '[{"prompt":"a"}]\n[{"prompt":"b"}]', /json:2: the file goes on behind the end of the array/],
    ["a row that is a text", '[{"prompt":"a"},"b"]', /json row 2: is no object but "b"/],
    ["a row of nothing", '[{"prompt":"a"},null]', /json row 2: is no object but null/],
  ])("refuses %s", async (_, text, message) => {
    await expect(load(write("json", text))).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(message),
    });
  });

  it("NaN is no text, and a word within a text is not changed", async () => {
    const rows = await load(
      write("jsonl", '{"prompt":"NaN -Infinity","note":NaN}\n{"prompt":"b","note":1.10,"id":NaN}'),
    );
    expect(rows).toMatchObject([
      { prompt: "NaN -Infinity", note: null },
      { prompt: "b", note: "1.10", id: "line-2" },
    ]);
    await expect(load(write("jsonl", '{"prompt":nan}'))).rejects.toThrow(/:1 is not JSON/);
  });
});

describe("more rows than memory", () => {
  it("a file of few bytes with millions of rows ends with what to do", async () => {
    const source = write("csv.gz", gzipSync(`prompt\n${"a\n".repeat(20_000)}`));
    const query = { source, labels: "harmless", label: "both", dedup: false, seed: 0 } as const;
    await expect(loadPrompts(query, { base: root, mostBytes: 1e6 })).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/csv:19\d\d: the 1,9\d\d prompts up to here take more memory/),
      remedy: expect.stringContaining('"take"'),
    });
    expect((await loadPrompts({ ...query, take: 100 }, { base: root, mostBytes: 1e6 })).length).toBe(100);
    expect((await loadPrompts({ ...query, dedup: true }, { base: root, mostBytes: 1e6 })).length).toBe(1);
  });
});

describe("rows without an end", () => {
  // text that no file has to hold: the readers take any chunks
  const endless = async function* (first: string) {
    yield first;
    for (const chunk = "x".repeat(1 << 20); ; ) yield chunk;
  };
  it.each(["csv", "json"])("%s", async (kind) => {
    const { csvRecords } = await import("../../packages/trace/src/data/csv-records.ts");
    const { arrayItems } = await import("../../packages/trace/src/data/json-array.ts");
    const read = kind === "csv" ? csvRecords(endless('p\n"'), "f", ",") : arrayItems(endless('[\n{"p":"'), "f");
    const drain = async () => {
      for await (const _ of read);
    };
    await expect(drain()).rejects.toThrow(`f:2: the row that begins here is longer than ${MAX_ROW} characters`);
  });
});

describe("Parquet that lies about itself", () => {
  const buffer = (bytes: Uint8Array): AsyncBuffer => {
    const own = new Uint8Array(bytes).buffer;
    return { byteLength: own.byteLength, slice: (start, end) => own.slice(start, end) };
  };
  const select = "SELECT 'p' || i AS prompt, [i, i + 1] AS list, i AS n FROM range(3000) t(i)";
  const flat = new Set(["prompt", "n"]);
  const check = async (change: (group: { [key: string]: unknown }, meta: { [key: string]: unknown }) => void) => {
    const file = buffer(await parquetOf(select, { rowGroup: 2048 }));
    const { row_groups, schema } = structuredClone(await parquetMetadataAsync(file));
    const group = row_groups[0] as unknown as {
      [key: string]: unknown;
      columns: { meta_data: { [key: string]: unknown } }[];
    };
    change(group, group.columns[0]?.meta_data as { [key: string]: unknown });
    return checkedGroup(file, group as never, ["prompt", "list", "n"], flat, parquetSchema({ schema }));
  };

  it("is read where it does not", async () => {
    await expect(check(() => {})).resolves.toBeDefined();
    const rows: PlacedRow[] = [];
    const file = buffer(await parquetOf(select, { rowGroup: 2048 }));
    for await (const row of readParquet(file, "f", { required: ["prompt", "list", "n"], optional: [] })) rows.push(row);
    expect(rows.length).toBe(3000);
    expect(rows[2999]?.row).toEqual({ prompt: "p2999", list: [2999n, 3000n], n: 2999n });
  });

  it.each<[string, Parameters<typeof check>[0], RegExp]>([
    [
      "more rows than pages hold",
      (group) => (group["num_rows"] = 2050n),
      /"prompt" has pages of 2048 values, .* states 2050 rows/,
    ],
    ["fewer rows", (group) => (group["num_rows"] = 7n), /"prompt" has pages of 2048 values, .* states 7 rows/],
    [
      "billions of rows",
      (group) => (group["num_rows"] = 1n << 40n),
      /has 1,099,511,627,776 rows, and at most 16,777,216/,
    ],
    ["rows below zero", (group) => (group["num_rows"] = -1n), /a row group of -1 rows/],
    [
      "a column past the end",
      (_, meta) => (meta["total_compressed_size"] = 1n << 40n),
      /"prompt" lies at bytes 4 to 1099511627780 of/,
    ],
    [
      "a column before the start",
      (_, meta) => Object.assign(meta, { dictionary_page_offset: -9n, data_page_offset: -9n }),
      /lies at bytes -9/,
    ],
  ])("%s", async (_, change, message) => {
    await expect(check(change)).rejects.toThrow(message);
  });

  /** A page header of thrift's compact protocol: type, sizes, and how many values. */
  const page = ({ unpacked: size, packed, values }: { unpacked: number; packed: number; values: number }) => {
    const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
    const int = (n: number) => varint(2 * n);
    return [
      0x15,
      ...int(0),
      0x15,
      ...int(size),
      0x15,
      ...int(packed),
      0x2c,
      0x15,
      ...int(values),
      0x15,
      0,
      0x15,
      6,
      0x15,
      6,
      0,
      0,
    ];
  };
  const column = parquetSchema({
    schema: [
      { name: "root", num_children: 1 },
      { name: "p", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
    ],
  });
  it.each<[string, Parameters<typeof page>[0], RegExp]>([
    [
      "a page that unpacks to gigabytes",
      { unpacked: 2 ** 31 - 1, packed: 0, values: 1 },
      /unpacks to .* bytes, and at most 2 GB/,
    ],
    [
      "a page of two billion values",
      { unpacked: 8, packed: 0, values: 2 ** 31 - 1 },
      /has 2,147,483,647 values in column "p"/,
    ],
    [
      "a page larger than its column",
      { unpacked: 8, packed: 1e6, values: 1 },
      /a page of column "p" is larger than the column/,
    ],
  ])("%s", async (_, header, message) => {
    const bytes = Buffer.from([...page(header), ...page(header), 0, 0]);
    const meta_data = {
      path_in_schema: ["p"],
      num_values: BigInt(2 * header.values),
      data_page_offset: 0n,
      total_compressed_size: BigInt(bytes.length),
    };
    const group = { num_rows: 2n, columns: [{ meta_data }] };
    await expect(checkedGroup(buffer(bytes), group as never, ["p"], new Set(["p"]), column)).rejects.toThrow(message);
  });

  /** Two billion values of level 1 in six bytes, behind their length. */
  const endlessRun = [6, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1];

  it.each(["UNCOMPRESSED", "GZIP", "ZSTD", "SNAPPY"])(
    "a run of two billion values in a page of three, %s",
    async (codec) => {
      const plain = Uint8Array.from([...endlessRun, 1, 0, 0, 0, 97]);
      const body =
        codec === "GZIP"
          ? gzipSync(plain)
          : codec === "ZSTD"
            ? zstdCompressSync(plain)
            : codec === "SNAPPY"
              ? Uint8Array.from([plain.length, (plain.length - 1) << 2, ...plain])
              : plain;
      const bytes = Buffer.from([...page({ unpacked: plain.length, packed: body.length, values: 3 }), ...body]);
      const meta_data = {
        path_in_schema: ["p"],
        num_values: 3n,
        data_page_offset: 0n,
        total_compressed_size: BigInt(bytes.length),
        codec,
      };
      const given = { num_rows: 3n, columns: [{ meta_data }] };
      const check = async () => {
        const { file, pages } = await checkedGroup(buffer(bytes), given as never, ["p"], new Set(["p"]), column);
        const held = new Uint8Array(await file.slice(0, bytes.length));
        pages.check(held.subarray(bytes.length - body.length), plain); // as it is once unpacked
      };
      await expect(check()).rejects.toThrow("a run of 2,147,483,647 values in a page of 3");
    },
  );

  it.each<[string, ReadonlyArray<number>, number, number, boolean]>([
    ["one run", [6, 1], 1, 3, true],
    ["a run that is too long", [8, 1], 1, 3, false],
    ["packed values, padded to eight", [3, 0xff], 1, 3, true],
    ["packed values past any padding", [0xff, 0x0f, 0], 1, 3, false],
    ["a run and packed values", [4, 1, 3, 0xff], 1, 6, true],
    ["values of two bytes", [6, 0, 1], 12, 3, true],
    ["nothing", [], 1, 3, false],
    ["a header that never ends", [0xff, 0xff, 0xff, 0xff], 1, 3, false],
  ])("runs: %s", (_, bytes, bits, values, isFine) => {
    const check = () => checkHybrid(Uint8Array.from(bytes), bits, values);
    if (isFine) expect(check).not.toThrow();
    else expect(check).toThrow(/a run of|ends within its levels/);
  });

  it("a column of minus two parts", async () => {
    const plain = await parquetOf("SELECT [1] AS prompt FROM range(9) t(i)");
    const at = plain.indexOf("prompt", plain.lastIndexOf("duckdb_schema")) + "prompt".length;
    expect([plain[at], plain[at + 1]]).toEqual([0x15, 2]); // the number of its children, one
    plain[at + 1] = 3;
    const rows = readParquet(buffer(plain), "f", { required: ["prompt"], optional: [] });
    await expect(rows.next()).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/column "prompt" has -2 parts/),
    });
  });

  it("a page that unpacks to more than it states", async () => {
    const plain = await parquetOf("SELECT repeat('x', 5000) || i AS prompt FROM range(9) t(i)", {
      compression: "gzip",
    });
    const at = plain.indexOf(Buffer.from([0x1f, 0x8b])); // the first page, and its header before it
    const [header, rest] = [plain.subarray(0, at), plain.subarray(at)];
    expect(at).toBeGreaterThan(0);
    expect(header.length + rest.length).toBe(plain.length);
    // of the size's last varint byte the low bits are made smaller
    const size = header.indexOf(0x15, 6) + 1;
    const lying = Buffer.from(plain);
    lying[size] = (lying[size] as number) ^ 0x08;
    const drain = async () => {
      for await (const _ of readParquet(buffer(lying), "f", { required: ["prompt"], optional: [] }));
    };
    await expect(drain()).rejects.toMatchObject({ code: "E_PROMPTS_FILE" });
  });
});
