import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { badByte, cutTail } from "./utf8.ts";

describe("the first byte that is not UTF-8", () => {
  it.each<[string, number[], number, number, number]>([
    ["Latin-1", [0x61, 0x0a, 0xe9, 0x62], 2, 2, 1],
    ["an over-long form", [0x61, 0xc0, 0x80], 1, 1, 2],
    ["half a surrogate pair", [0xc3, 0xa9, 0xed, 0xa0, 0xbd], 2, 1, 2],
    ["a cut character", [0x61, 0xe2, 0x80], 1, 1, 2],
    ["a character that breaks off", [0x61, 0xef, 0xbf, 0x62], 1, 1, 2],
  ])("%s", (_, bytes, offset, line, column) => {
    expect(badByte(Uint8Array.from(bytes))).toMatchObject({ offset, line, column });
  });

  it("UTF-16 and UTF-32 are named, with and without a mark", () => {
    expect(badByte(Buffer.from("\uFEFFab", "utf16le"))?.message).toBe("the file is UTF-16");
    expect(badByte(Buffer.from("abc", "utf16le"))?.message).toBe("the file is UTF-16");
    expect(badByte(Uint8Array.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]))?.message).toBe("the file is UTF-32");
    expect(badByte(Buffer.from("a\0b"))).toBeUndefined();
  });

  it("any bytes: what comes before it is UTF-8, and it is none when all is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const bad = badByte(bytes);
        if (isUtf8(bytes)) return bad === undefined || bad.message === "the file is UTF-16";
        return bad !== undefined && isUtf8(bytes.subarray(0, bad.offset));
      }),
      { numRuns: 500 },
    );
  });

  it("cut characters", () => {
    const bytes = Buffer.from("aé€🌱");
    expect(Array.from({ length: bytes.length + 1 }, (_, n) => cutTail(bytes.subarray(0, n)))).toEqual([
      0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0,
    ]);
  });
});
