import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporary } from "../../../../tests/support/on-disk.ts";
import { parquetOf } from "../../../../tests/support/parquet-file.ts";
import { type DataQuery, loadPrompts } from "./load-prompts.ts";

const base = temporary();
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(base, name), content);
  return name;
};
const load = (query: Partial<DataQuery> & { source: string }) =>
  loadPrompts({ label: "both", dedup: false, seed: 0, ...query }, { base });
const texts = async (query: Partial<DataQuery> & { source: string }) => (await load(query)).map(({ prompt }) => prompt);

const plants = [
  { question: "how do I water ferns?", kind: "safe", n: 1 },
  { question: 'how do I\nwater, "roses"?', kind: "safe", n: 2 },
  { question: "how do I steal tulips?", kind: "unsafe", n: 3 },
];
const query = { columns: { prompt: "question" }, labels: { safe: "harmless", unsafe: "harmful" } as const };
const labelled = { ...query, columns: { prompt: "question", label: "kind" } };
const csv = (delimiter: string) =>
  ["question", "kind", "n"].join(delimiter) +
  plants.map((p) => `\r\n${[`"${p.question.replaceAll('"', '""')}"`, p.kind, p.n].join(delimiter)}`).join("");

describe("formats", () => {
  it.each([
    ["plants.jsonl", plants.map((p) => JSON.stringify(p)).join("\n")],
    ["plants.ndjson", plants.map((p) => JSON.stringify(p)).join("\r\n")],
    ["plants.json", JSON.stringify(plants)],
    ["wrapped.json", JSON.stringify({ data: plants })],
    ["plants.csv", csv(",")],
    ["marked.csv", `\uFEFF${csv(",")}`],
    ["plants.tsv", csv("\t")],
  ])("%s", async (name, content) => {
    const prompts = await load({ source: file(name, content), ...labelled });
    expect(prompts.map(({ prompt, label }) => ({ prompt, label }))).toEqual(
      plants.map(({ question, kind }) => ({ prompt: question, label: kind === "safe" ? "harmless" : "harmful" })),
    );
    expect(new Set(prompts.map(({ id }) => id)).size).toBe(3);
  });

  it.each(["snappy", "zstd", "gzip", "brotli"] as const)(
    "Parquet compressed by %s, with chats",
    async (compression) => {
      const select = `SELECT [{role: 'system', content: 'be kind'}, {role: 'user', content: 'question ' || i}, {role: 'assistant', content: 'answer ' || i}] AS messages, 'p' || i AS prompt_id, i::BIGINT AS n FROM range(5) t(i)`;
      const source = file(`${compression}.parquet`, await parquetOf(select, { compression }));
      const prompts = await load({
        source,
        columns: { prompt: "messages", id: "prompt_id", reference: "messages", note: "n" },
        labels: "harmless",
      });
      expect(prompts).toHaveLength(5);
      expect(prompts[3]).toEqual({
        id: "p3",
        prompt: "question 3",
        label: "harmless",
        split: "file",
        family: null,
        reference: "answer 3",
        note: "3",
      });
    },
  );

  it("CSV gives back any text", async () => {
    const cell = fc.string({ unit: "binary", maxLength: 8 }).filter((text) => text.trim() !== "");
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 5 }), async (cells) => {
        const content = `prompt,n\n${cells.map((text, i) => `"${text.replaceAll('"', '""')}",${i}`).join("\n")}\n`;
        expect(await texts({ source: file("any.csv", content), labels: "harmless" })).toEqual(
          cells.map((text) => Buffer.from(text).toString()), // lone surrogates do not survive UTF-8
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe("layouts", () => {
  const rows = [
    { id: 1, instruction: "Sum up", input: "a long text", tag: "x" },
    { id: 2, instruction: "Translate", input: "", tag: null },
  ];

  it("fill templates over columns, with what is missing left empty", async () => {
    const source = file("instructions.json", JSON.stringify(rows));
    const columns = { prompt: "{instruction}:\n{input}", family: "tag", note: "from {tag}" };
    expect(await load({ source, columns, labels: "harmless" })).toMatchObject([
      { id: "1", prompt: "Sum up:\na long text", family: "x", note: "from x" },
      { id: "2", prompt: "Translate:", family: null, note: "from " },
    ]);
  });

  it("take the first column that is not blank", async () => {
    const source = file("either.json", JSON.stringify(rows));
    expect(await texts({ source, columns: { prompt: ["input", "instruction"] }, labels: "harmless" })).toEqual([
      "a long text",
      "Translate",
    ]);
  });

  it("read chats of either kind", async () => {
    const chats = [
      {
        chat: [
          { role: "system", content: "s" },
          { role: "user", content: "q1" },
          { role: "user", content: "q2" },
        ],
      },
      {
        chat: [
          { from: "human", value: "q3" },
          { from: "gpt", value: "a3" },
        ],
      },
    ];
    const source = file("chats.json", JSON.stringify(chats));
    expect(await texts({ source, columns: { prompt: "chat" }, labels: "harmless" })).toEqual(["q1", "q3"]);
    await expect(load({ source, columns: { prompt: "chat", reference: "chat" }, labels: "harmless" })).rejects.toThrow(
      /chats\.json row 1: column "chat" is a list without a turn of the assistant/,
    );
  });

  it("give labels by table, with * for all others", async () => {
    const source = file("labels.json", JSON.stringify(plants));
    const labels = { unsafe: "harmful", "*": "harmless" } as const;
    const prompts = await load({ source, columns: { prompt: "question", label: "kind" }, labels });
    expect(prompts.map(({ label }) => label)).toEqual(["harmless", "harmless", "harmful"]);
  });
});

describe("choosing", () => {
  const source = file("choose.jsonl", plants.map((p) => JSON.stringify(p)).join("\n"));

  it.each([
    [{ kind: "safe" }, [1, 2]],
    [{ kind: ["safe", "unsafe"], n: 2 }, [2]],
    [{ n: [1, 3] }, [1, 3]],
    [{ kind: { not: "safe" } }, [3]],
    [{ n: { not: [1, 2] } }, [3]],
    [{ question: { matches: "(ferns|tulips)\\?$" } }, [1, 3]],
  ])("where %j", async (where, expected) => {
    const prompts = await load({ source, ...labelled, columns: { ...labelled.columns, note: "n" }, where });
    expect(prompts.map(({ note }) => Number(note))).toEqual(expected);
  });

  it("compares as text, for CSV has nothing else", async () => {
    const csvSource = file("choose.csv", csv(","));
    expect(await texts({ source: csvSource, ...labelled, where: { n: 3 } })).toEqual(["how do I steal tulips?"]);
  });

  it("refuses a filter over no column, and a broken expression", async () => {
    await expect(load({ source, ...labelled, where: { knd: "safe" } })).rejects.toThrow(/choose\.jsonl:1: .*"knd"/);
    await expect(load({ source, ...labelled, where: { kind: { matches: "(" } } })).rejects.toMatchObject({
      code: "E_PROMPTS_WHERE",
    });
  });

  it("drops repetitions when asked", async () => {
    const again = file(
      "again.json",
      JSON.stringify(["Hello  there", "hello there ", "other"].map((prompt) => ({ prompt }))),
    );
    expect(await texts({ source: again, labels: "harmless", dedup: true })).toEqual(["Hello  there", "other"]);
    expect(await texts({ source: again, labels: "harmless" })).toHaveLength(3);
  });

  it("takes the first rows, then draws by seed", async () => {
    const many = file(
      "many.jsonl",
      Array.from({ length: 50 }, (_, i) => JSON.stringify({ prompt: `p${i}` })).join("\n"),
    );
    const draw = (seed: number) => texts({ source: many, labels: "harmless", take: 20, count: 5, seed });
    const drawn = await draw(1);
    expect(drawn).toHaveLength(5);
    expect(drawn.every((text) => Number(text.slice(1)) < 20)).toBe(true);
    expect(await draw(1)).toEqual(drawn);
    expect(await draw(2)).not.toEqual(drawn);
  });

  it("reads no further than it takes", async () => {
    const broken = file("broken.jsonl", '{"prompt":"a"}\n{"prompt":"b"}\n{ nonsense');
    expect(await texts({ source: broken, labels: "harmless", take: 2 })).toEqual(["a", "b"]);
  });
});

describe("complaints name file, place, column and the nearest name", () => {
  it.each([
    ["bad.json", "{", {}, /bad\.json is not JSON/, /array of objects/],
    ["text.json", '"x"', {}, /text\.json is no array/, /\[\{…\}, \{…\}\]/],
    ["scalar.json", "[1]", {}, /scalar\.json row 1: is no object but 1/, /object with columns/],
    ["open.csv", 'question,kind\n"a,safe\n', labelled, /open\.csv:\d+: Quote Not Closed/, /double quotes/],
    ["ragged.csv", "question,kind\na,safe\nb\n", labelled, /ragged\.csv:3: Invalid Record Length/, /double quotes/],
    [
      "header.csv",
      "questoin,kind\na,safe\n",
      labelled,
      /header\.csv:1: there is no column "question" among "questoin", "kind"/,
      /Did you mean "questoin"\?/,
    ],
    [
      "row.jsonl",
      '{"questoin":"a"}',
      labelled,
      /row\.jsonl:1: there is no "question" among "questoin"/,
      /Did you mean "questoin"\?/,
    ],
    [
      "kind.jsonl",
      '{"question":"a","kind":"unsfe"}',
      labelled,
      /kind\.jsonl:1: the label \(column "kind"\) is "unsfe"; expected "safe" or "unsafe"/,
      /Did you mean "unsafe"\?/,
    ],
    [
      "blank.jsonl",
      '{"question":" ","kind":"safe"}',
      labelled,
      /blank\.jsonl:1: the prompt \(column "question"\) is blank/,
      /"where"/,
    ],
    [
      "object.jsonl",
      '{"question":{"a":1},"kind":"safe"}',
      labelled,
      /object\.jsonl:1: column "question" holds no text/,
      /a chat/,
    ],
    ["no.parquet", "PAR1 not", query, /no\.parquet: is no readable Parquet/, /again/],
    ["data.xml", "<a/>", {}, /data\.xml: is in no known format/, /\.parquet/],
  ])("%s", async (name, content, over, message, remedy) => {
    await expect(load({ source: file(name, content), ...over })).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  });

  it("also of Parquet columns, and of a file that is cut", async () => {
    const bytes = await parquetOf("SELECT 'a' AS question, 'safe' AS kind FROM range(3000)");
    const source = file("columns.parquet", bytes);
    await expect(load({ source, ...labelled, columns: { prompt: "questio", label: "kind" } })).rejects.toMatchObject({
      message: expect.stringContaining('columns.parquet: there is no column "questio" among "question", "kind"'),
      remedy: expect.stringContaining('Did you mean "question"?'),
    });
    const damaged = Buffer.from(bytes).fill(0xff, 4, 40);
    await expect(load({ source: file("damaged.parquet", damaged), ...labelled })).rejects.toMatchObject({
      message: expect.stringMatching(/damaged\.parquet rows 1 to \d+: is no readable Parquet/),
    });
  });

  it("of a file with a config", async () => {
    await expect(load({ source: file("plain.json", "[]"), split: "test" })).rejects.toMatchObject({
      code: "E_DATASET",
    });
  });
});
