import { describe, expect, it } from "vitest";
import { parseCsv } from "../../bench/csv.ts";

describe("parseCsv", () => {
  it("reads quotes, commas and newlines inside fields, and either line ending", () => {
    const text = '\ufeffid,text,label\r\n1,"a, ""b""\nc",x\r\n2,,y\r\n';
    expect(parseCsv(text, ["id", "text"])).toEqual([
      { id: "1", text: 'a, "b"\nc', label: "x" },
      { id: "2", text: "", label: "y" },
    ]);
  });

  it("needs no newline at the end, and no rows", () => {
    expect(parseCsv("a,b\n1,2", ["a"])).toEqual([{ a: "1", b: "2" }]);
    expect(parseCsv("a,b\n", ["a"])).toEqual([]);
  });

  it("rejects a missing column and an open quote", () => {
    expect(() => parseCsv("a,b\n1,2", ["c"])).toThrow(/no column "c" among: a, b/);
    expect(() => parseCsv('a\n"1', ["a"])).toThrow(/never ends/);
  });
});
