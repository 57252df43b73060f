/** Data files as programs and people write them: their rows, no more and no fewer, or an error with the place. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DataQuery, loadPrompts } from "../../packages/trace/src/data/load-prompts.ts";
import { temporary } from "../support/on-disk.ts";
import { parquetOf } from "../support/parquet-file.ts";

const base = temporary();
let files = 0;
const load = async (ending: string, content: string | Uint8Array, query: Partial<DataQuery> = {}) => {
  const source = `wild${files++}.${ending}`;
  writeFileSync(join(base, source), content);
  const told: string[] = [];
  const asked: DataQuery = { source, label: "both", dedup: false, seed: 0, ...query };
  const rows = await loadPrompts(asked, { base, onUnused: (message) => told.push(message) });
  return { rows, told };
};

const latin1 = (text: string) => Buffer.from(text, "latin1");
const utf16 = (text: string) => Buffer.from(text, "utf16le");
const safe = { labels: "harmless" } as const;

/** Ending, content, and the prompts. */
const READ: ReadonlyArray<readonly [string, string, string | Uint8Array, ReadonlyArray<string>, Partial<DataQuery>?]> =
  [
    // line ends, each line as it likes
    ["LF header, CRLF rows", "csv", "prompt,label\na,harmful\r\nb,harmless\r\n", ["a", "b"]],
    ["CRLF header, LF rows", "csv", "label,prompt\r\nharmful,a\nharmless,b\n", ["a", "b"]],
    ["CR rows", "csv", "label,prompt\rharmful,a\rharmless,b", ["a", "b"]],
    ["all three", "csv", "label,prompt\r\nharmful,a\rharmless,b\nharmful,c", ["a", "b", "c"]],
    ["line ends within quotes stay", "csv", 'prompt\r\n"a\r\nb"\n"c\rd"\r"e\nf"\r\n', ["a\r\nb", "c\rd", "e\nf"], safe],
    ["blank lines between and behind", "csv", "prompt\n\na\n\r\nb\n\n\n", ["a", "b"], safe],
    ["TSV with mixed line ends", "tsv", "prompt\tlabel\r\na\tharmful\nb\tharmless\r", ["a", "b"]],
    [
      "JSON Lines with mixed line ends",
      "jsonl",
      '{"prompt":"a"}\r\n{"prompt":"b"}\n\n{"prompt":"c"}\r{"prompt":"d"}',
      ["a", "b", "c", "d"],
      safe,
    ],
    ["white space CR within a value", "jsonl", '{"prompt":\r"a"}\n{"prompt":"b"}\r\n', ["a", "b"], safe],
    // quotes
    ["a quote inside an unquoted field", "csv", 'prompt,n\n5" pipe,1\nsays "hi",2\n', ['5" pipe', 'says "hi"'], safe],
    ["doubled quotes and separators", "csv", 'prompt,n\n"a ""b"", c",1\n', ['a "b", c'], safe],
    [
      "quoted TSV, as pandas writes it",
      "tsv",
      'prompt\tn\n"a\tb ""c"""\t1\n5" pipe\t2\n',
      ['a\tb "c"', '5" pipe'],
      safe,
    ],
    ["an index without a name", "csv", ",prompt\n0,a\n1,b\n", ["a", "b"], safe],
    // line separators that are none
    [
      "U+2028, U+2029, U+0085, form feed and vertical tab",
      "jsonl",
      `${JSON.stringify({ prompt: "a\u2028b\u2029c\u0085d" })}\n{"prompt":"\\u000b\\f"}\n{"prompt":"e\u2028"}`,
      ["a\u2028b\u2029c\u0085d", "e\u2028"],
      { ...safe, where: { prompt: { matches: "\\S" } } },
    ],
    ["U+2028 in a CSV field", "csv", "prompt\na\u2028b\u0085c\u000bd\f\n", ["a\u2028b\u0085c\u000bd\f"], safe],
    // which JSON it is, by what is in it
    ["JSON Lines under .json", "json", '{"prompt":"a"}\n{"prompt":"b"}\n', ["a", "b"], safe],
    ["one line of JSON under .json", "json", '{"prompt":"a","n":1}\n', ["a"], safe],
    ["JSON Lines behind blank lines", "json", '\n\n{"prompt":"a"}\r\n\r\n{"prompt":"b"}', ["a", "b"], safe],
    ["an object over several lines", "json", '{\n "prompt": "a",\n "n": 1\n}', ["a"], safe],
    ["rows under the only key", "json", '{"data":[{"prompt":"a"},{"prompt":"b"}]}', ["a", "b"], safe],
    ["an array under .jsonl", "jsonl", '[\n{"prompt":"a"},\n{"prompt":"b"}\n]', ["a", "b"], safe],
    ["an array in one line under .ndjson", "ndjson", '[{"prompt":"a"},{"prompt":"b"}]', ["a", "b"], safe],
    // byte-order marks and characters
    ["a byte-order mark, CSV", "csv", "\uFEFFprompt\na\n", ["a"], safe],
    ["a byte-order mark and quotes", "csv", '\uFEFF"prompt","n"\n"a","1"\n', ["a"], safe],
    ["a byte-order mark, JSON Lines", "jsonl", '\uFEFF{"prompt":"a"}\n', ["a"], safe],
    ["a byte-order mark, JSON", "json", '\uFEFF[{"prompt":"a"}]', ["a"], safe],
    [
      "a character cut by every read",
      "jsonl",
      `${JSON.stringify({ prompt: "é".repeat(70_000) })}\n${JSON.stringify({ prompt: "🌱" })}`,
      ["é".repeat(70_000), "🌱"],
      safe,
    ],
    // templates
    [
      "an empty input at the end",
      "jsonl",
      '{"i":"bake bread","o":""}\n{"i":"bake","o":"rye"}\n{"i":"c","o":null}',
      ["bake bread", "bake\nrye", "c"],
      { ...safe, columns: { prompt: "{i}\n{o}" } },
    ],
    [
      "an empty field at the top, in the middle, behind a blank line",
      "jsonl",
      '{"s":"","i":"a","o":"b"}\n{"s":"s","i":"","o":"b"}\n{"s":"s","i":"a","o":" "}',
      ["a\n\nb", "s\n\nb", "s\n\na"],
      { ...safe, columns: { prompt: "{s}\n\n{i}\n\n{o}" } },
    ],
    [
      "text of the template stays",
      "jsonl",
      '{"i":"a","o":""}',
      ["a\nInput:"],
      { ...safe, columns: { prompt: "{i}\nInput:\n{o}" } },
    ],
    [
      "CRLF in a template",
      "jsonl",
      '{"i":"a","o":""}\n{"i":"a","o":"b"}',
      ["a", "a\r\nb"],
      { ...safe, columns: { prompt: "{i}\r\n{o}" } },
    ],
    // chats
    [
      "content as parts",
      "jsonl",
      JSON.stringify({
        m: [
          {
            role: "user",
            content: [
              { type: "text", text: "a " },
              { type: "text", text: "b" },
            ],
          },
        ],
      }),
      ["a b"],
      { ...safe, columns: { prompt: "m" } },
    ],
    [
      "parts of other kinds of text",
      "jsonl",
      JSON.stringify({ m: [{ role: "user", content: ["x", { type: "input_text", text: "y" }] }] }),
      ["xy"],
      { ...safe, columns: { prompt: "m" } },
    ],
    [
      "a list of parts",
      "jsonl",
      JSON.stringify({ m: [{ type: "text", text: "a" }] }),
      ["a"],
      { ...safe, columns: { prompt: "m" } },
    ],
  ];

/** Ending, content, code, and what the message says first: the place. */
const REFUSED: ReadonlyArray<readonly [string, string, string | Uint8Array, string, RegExp, Partial<DataQuery>?]> = [
  [
    "an open quote, closed by another",
    "csv",
    'label,prompt\nharmful,"never closed\nharmless,b says "hi"\nharmful,c\n',
    "E_PROMPTS_FILE",
    /csv:2: Invalid Closing Quote.* line 3/,
  ],
  ["an open quote to the end", "csv", 'prompt\nx\n"a\nb\n', "E_PROMPTS_FILE", /csv:3: Quote Not Closed/, safe],
  ["an open quote in TSV", "tsv", 'prompt\tn\n"a" b\t1\n', "E_PROMPTS_FILE", /tsv:2: Invalid Closing Quote/, safe],
  [
    "a line too short, behind lines in quotes",
    "csv",
    'prompt,label\r\n"a\r\nb",harmful\r\nc\r\n',
    "E_PROMPTS_FILE",
    /csv:4: .*1 cell.*2 columns \(prompt, label\)/,
  ],
  ["a line too long", "csv", "prompt,label\na,harmful,x\n", "E_PROMPTS_FILE", /csv:2: .*3 cells.*2 columns/],
  [
    "a column twice",
    "csv",
    "prompt,label,prompt\na,harmful,b\n",
    "E_PROMPTS_FILE",
    /csv:1: the column "prompt" is there twice: columns 1 and 3/,
  ],
  [
    "a column twice but for blanks, behind a mark",
    "csv",
    "\uFEFFprompt, prompt \na,b\n",
    "E_PROMPTS_FILE",
    /csv:1: the column "prompt"/,
    safe,
  ],
  [
    "a key twice",
    "jsonl",
    '{"prompt":"a"}\n{"prompt":"b","prom\\u0070t":"c"}',
    "E_PROMPTS_FILE",
    /jsonl:2: the key "prompt" stands twice/,
    safe,
  ],
  [
    "a key twice in an array",
    "json",
    '[{"prompt":"{\\"a\\":1}"},\n{"n":1,"prompt":"b","n":2}]',
    "E_PROMPTS_FILE",
    /json:2: the key "n"/,
    safe,
  ],
  [
    "Latin-1 CSV",
    "csv",
    latin1("prompt\na\ncaf\xe9\n"),
    "E_ENCODING",
    /csv:3:4: the file is not UTF-8 from here on \(byte 12/,
    safe,
  ],
  ["Latin-1 TSV", "tsv", latin1("prompt\tn\nna\xefve\t1\n"), "E_ENCODING", /tsv:2:3: /, safe],
  [
    "Latin-1 JSON Lines",
    "jsonl",
    latin1('{"prompt":"a"}\r\n{"prompt":"caf\xe9"}\n'),
    "E_ENCODING",
    /jsonl:2:15: /,
    safe,
  ],
  ["Latin-1 JSON", "json", latin1('[\n{"prompt":"\xe9"}]'), "E_ENCODING", /json:2:12: /, safe],
  [
    "a bad byte far behind",
    "jsonl",
    Buffer.concat([Buffer.from('{"prompt":"é"}\n'.repeat(9000)), latin1('{"prompt":"\xff"}')]),
    "E_ENCODING",
    /jsonl:9001:12: /,
    safe,
  ],
  ["a character cut at the end", "csv", Buffer.from("prompt\né").subarray(0, 8), "E_ENCODING", /csv:2:1: /, safe],
  ["UTF-16 with a mark", "csv", utf16("\uFEFFprompt\na\n"), "E_ENCODING", /csv:1:1: the file is UTF-16/, safe],
  ["UTF-16 without one", "jsonl", utf16('{"prompt":"a"}\n'), "E_ENCODING", /jsonl:1:1: the file is UTF-16/, safe],
  ["half a surrogate pair", "jsonl", '{"prompt":"\\ud83d"}', "E_ENCODING", /jsonl:1: column "prompt" holds half/, safe],
  ["no JSON behind U+2028", "jsonl", `{"prompt":"a\u2028"}\n{ nonsense`, "E_PROMPTS_FILE", /jsonl:2 is not JSON/, safe],
  [
    "no JSON behind CR lines",
    "jsonl",
    '{"prompt":"a"}\r{"prompt":"b"}\r{ no',
    "E_PROMPTS_FILE",
    /jsonl:3 is not JSON/,
    safe,
  ],
  ["an empty array under .jsonl", "jsonl", "[]", "E_PROMPTS_FILE", /jsonl:1: is no object/, safe],
  [
    "an image in a chat",
    "jsonl",
    JSON.stringify({ m: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] }),
    "E_PROMPTS_FILE",
    /jsonl:1: column "m" holds a part of type "image_url"/,
    { ...safe, columns: { prompt: "m" } },
  ],
];

describe("rows of wild files", () => {
  it.each(READ.map(([name, ending, content, prompts, query = {}]) => [name, ending, content, prompts, query] as const))(
    "%s (.%s)",
    async (_name, ending, content, prompts, query) => {
      expect((await load(ending, content, query)).rows.map(({ prompt }) => prompt)).toEqual(prompts);
    },
  );

  it.each(
    REFUSED.map(
      ([name, ending, content, code, message, query = {}]) => [name, ending, content, code, message, query] as const,
    ),
  )("refuses %s (.%s)", async (_name, ending, content, code, message, query) => {
    await expect(load(ending, content, query)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/\S/),
    });
  });
});

describe("numbers keep their text", () => {
  const lines = (...ids: string[]) => ids.map((id, i) => `{"id":${id},"prompt":"p${i}","label":"harmless"}`).join("\n");
  const numbers = ["9007199254740993", "9007199254740995", "12345678901234567890", "1.10", "1.0", "1e5", "-0", "7"];

  it.each(["jsonl", "json"])("as ids, .%s", async (ending) => {
    expect((await load(ending, lines(...numbers))).rows.map(({ id }) => id)).toEqual(numbers);
    if (ending === "jsonl") return;
    const array = `[${lines(...numbers).replaceAll("\n", ",\n")}]`;
    expect((await load(ending, array)).rows.map(({ id }) => id)).toEqual(numbers);
  });

  it("of Parquet: 64 bits, decimals, floats, times", async () => {
    const select = `SELECT * FROM (VALUES
      (9007199254740993::BIGINT, 18446744073709551615::UBIGINT, 1.10::DECIMAL(5,2), 12345678901234567890.12::DECIMAL(38,2), 0.1::FLOAT, DATE '2024-01-02'),
      (-9007199254740993::BIGINT, 3::UBIGINT, -0.05::DECIMAL(5,2), -1::DECIMAL(38,2), NULL, DATE '1969-12-31')) t(a, b, c, d, e, f)`;
    const bytes = await parquetOf(select);
    const texts = async (column: string) =>
      (await load("parquet", bytes, { ...safe, columns: { prompt: "a", note: column } })).rows.map(({ note }) => note);
    expect(await texts("a")).toEqual(["9007199254740993", "-9007199254740993"]);
    expect(await texts("b")).toEqual(["18446744073709551615", "3"]);
    expect(await texts("c")).toEqual(["1.10", "-0.05"]);
    expect(await texts("d")).toEqual(["12345678901234567890.12", "-1.00"]);
    expect(await texts("e")).toEqual(["0.1", null]);
    expect(await texts("f")).toEqual(["2024-01-02", "1969-12-31"]);
    const { rows } = await load("parquet", bytes, { ...safe, columns: { prompt: "b" }, where: { c: 1.1 } });
    expect(rows.map(({ prompt }) => prompt)).toEqual(["18446744073709551615"]);
  });
});

describe("Parquet", () => {
  it("names a codec that is not read, and those that are", async () => {
    const bytes = await parquetOf("SELECT 'a' AS prompt FROM range(9)", { compression: "lz4_raw" });
    await expect(load("parquet", bytes, safe)).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/column "prompt" is compressed by LZ4_RAW/),
      remedy: "Write the file with one of UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD",
    });
  });

  it("names row and column of a text that is not UTF-8", async () => {
    const bytes = await parquetOf(
      "SELECT CASE WHEN i = 3000 THEN '\\xE9'::BLOB ELSE 'a'::BLOB END AS prompt FROM range(4000) t(i)",
    );
    await expect(load("parquet", bytes, safe)).rejects.toMatchObject({
      code: "E_ENCODING",
      message: expect.stringMatching(/parquet row 3001: the text of column "prompt" is not UTF-8/),
    });
  });
});

describe("filters and labels by value", () => {
  const flags = (a: string, b: string) => `prompt,unsafe\na,${a}\nb,${b}\n`;
  it.each([
    ["True", "False"],
    ["TRUE", "FALSE"],
    ["true", "false"],
    ["1.0", "0.0"],
    ["1", "0"],
  ])("%s and %s", async (yes, no) => {
    const csv = flags(yes, no);
    const prompts = async (where: DataQuery["where"]) =>
      (await load("csv", csv, { ...safe, where })).rows.map(({ prompt }) => prompt);
    expect(await prompts({ unsafe: true })).toEqual(["a"]);
    expect(await prompts({ unsafe: { not: true } })).toEqual(["b"]);
    expect(await prompts({ unsafe: 0 })).toEqual(["b"]);
    const labels = async (table: Record<string, "harmful" | "harmless">) => {
      const { rows, told } = await load("csv", csv, { columns: { label: "unsafe" }, labels: table });
      expect(told).toEqual([]);
      return rows.map(({ label }) => label);
    };
    expect(await labels({ true: "harmful", "*": "harmless" })).toEqual(["harmful", "harmless"]);
    expect(await labels({ 1: "harmful", 0: "harmless" })).toEqual(["harmful", "harmless"]);
  });

  it("text in quotes is text: a version is no number", async () => {
    const csv = "prompt,v\na,1.1\nb,1.10\nc,007\n";
    const prompts = async (v: string | number) =>
      (await load("csv", csv, { ...safe, where: { v } })).rows.map(({ prompt }) => prompt);
    expect(await prompts("1.1")).toEqual(["a"]);
    expect(await prompts(1.1)).toEqual(["a", "b"]);
    expect(await prompts(7)).toEqual([]);
    expect(await prompts("007")).toEqual(["c"]);
  });

  it("says what never occurs", async () => {
    const csv = "prompt,kind\na,unsafe\nb,safe\n";
    const told = async (query: Partial<DataQuery>) => (await load("csv", csv, { ...safe, ...query })).told;
    expect(await told({ where: { kind: ["safe", "unsafe"] } })).toEqual([]);
    expect(await told({ where: { kind: { not: "Unsafe" } } })).toEqual([
      'where.kind: no row has "Unsafe"; its values are "unsafe", "safe"',
    ]);
    expect(await told({ where: { kind: ["safe", "saef"] } })).toEqual([
      'where.kind: no row has "saef"; its values are "unsafe", "safe"',
    ]);
    expect(await told({ where: { kind: { matches: "^harm" } } })).toEqual([
      'where.kind: no row has /^harm/; its values are "unsafe", "safe"',
    ]);
    expect(await told({ columns: { label: "kind" }, labels: { Unsafe: "harmful", "*": "harmless" } })).toEqual([
      'labels: no row has "Unsafe" in kind; its values are "unsafe", "safe"',
    ]);
    expect(await told({ take: 3 })).toEqual([
      expect.stringMatching(/^take: wild\d+\.csv has 2 rows, and take asks for 3$/),
    ]);
  });
});

describe("blank cells are none", () => {
  const csv = 'id,prompt,label,family,reference,split,note\n,a,harmful,,,,\n,b,harmless,,"",,\n';
  const none = { family: null, reference: null, note: null, split: "file" };
  const named = Object.fromEntries(["id", "family", "reference", "split", "note"].map((name) => [name, name]));

  it.each([
    ["implied columns", {}],
    ["named columns", { columns: named }],
  ])("%s", async (_name, query) => {
    expect((await load("csv", csv, query)).rows).toMatchObject([
      { id: "row-1", prompt: "a", ...none },
      { id: "row-2", prompt: "b", ...none },
    ]);
  });

  it("in JSON, and in a filter", async () => {
    const json = ['""', '"  "', "null"]
      .map((value, i) => `{"prompt":"p${i}","reference":${value},"id":${value}}`)
      .join("\n");
    expect((await load("jsonl", json, safe)).rows.map(({ id, reference }) => [id, reference])).toEqual([
      ["line-1", null],
      ["line-2", null],
      ["line-3", null],
    ]);
    const kept = async (family: string | null) =>
      (await load("csv", "prompt,family\na,\nb,null\n", { ...safe, where: { family } })).rows.map(
        ({ prompt }) => prompt,
      );
    expect([await kept(null), await kept(""), await kept("null")]).toEqual([["a"], ["a"], ["b"]]);
  });
});
