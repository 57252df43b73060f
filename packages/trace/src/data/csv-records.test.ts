import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvRecords } from "./csv-records.ts";

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}
const read = async (text: string, size = 1, separator = ",") => {
  const found: Array<readonly [number, ...string[]]> = [];
  for await (const { line, cells } of csvRecords(pieces(text, size), "t.csv", separator)) found.push([line, ...cells]);
  return found;
};

describe("CSV records", () => {
  it.each<[string, string, Array<readonly [number, ...string[]]>]>([
    ["nothing", "", []],
    ["line ends alone", "\n\r\n\r", []],
    ["no last line end", "a,b", [[1, "a", "b"]]],
    ["cells that are empty", ",\n", [[1, "", ""]]],
    ["an empty field in quotes is a record", '""\n', [[1, ""]]],
    [
      "three line ends",
      "a\nb\rc\r\nd",
      [
        [1, "a"],
        [2, "b"],
        [3, "c"],
        [4, "d"],
      ],
    ],
    [
      "lines in quotes count",
      '"a\r\nb\rc\nd",x\r\ny,z',
      [
        [1, "a\r\nb\rc\nd", "x"],
        [5, "y", "z"],
      ],
    ],
    [
      "a return before the closing quote",
      '"a\r"\nb\n',
      [
        [1, "a\r"],
        [3, "b"],
      ],
    ],
    [
      "quotes",
      '"""a""","b,""c"\n5" d,e"\n',
      [
        [1, '"a"', 'b,"c'],
        [2, '5" d', 'e"'],
      ],
    ],
    ["a blank before a quote", ' "a"\n', [[1, ' "a"']]],
  ])("%s", async (_, text, expected) => {
    for (const size of [1, 2, 3, 100]) expect(await read(text, size)).toEqual(expected);
  });

  it.each([
    ['a\n"b', /t\.csv:2: Quote Not Closed: .*\(line 2\)/],
    ['"a\n\nb', /t\.csv:1: Quote Not Closed: .*\(line 3\)/],
    ['x\n"a\nb"c\n', /t\.csv:2: Invalid Closing Quote: .*line 3, with "c"/],
    ['"a" ,b', /t\.csv:1: Invalid Closing Quote: .*with " "/],
  ])("%j names the line of the quote", async (text, message) => {
    for (const size of [1, 100]) await expect(read(text, size)).rejects.toThrow(message);
  });

  it.each(["\t", ";", "|", "]", "^", "-"])("separator %j", async (separator) => {
    expect(await read(`a,b${separator}"c${separator}d"\n`, 4, separator)).toEqual([[1, "a,b", `c${separator}d`]]);
  });

  it("gives back what was written, cut anywhere", async () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\r", "\n", " ", "é"), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    const ends = fc.constantFrom("\n", "\r\n", "\r");
    await fc.assert(
      fc.asyncProperty(table, ends, fc.integer({ min: 1, max: 5 }), async (rows, end, size) => {
        const text = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(",") + end).join("");
        expect((await read(text, size)).map(([, ...cells]) => cells)).toEqual(rows);
      }),
      { numRuns: 100 },
    );
  });
});
