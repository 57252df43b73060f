import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { columnsOf } from "./column.ts";
import { kind } from "./kind.ts";

describe("columnsOf", () => {
  it("derives type, nullability and lists from the Schema", () => {
    const columns = columnsOf(
      Schema.Struct({
        a: Schema.String,
        b: Schema.NullOr(Schema.Literals(["x", "y"])),
        c: Schema.Int,
        d: Schema.Natural,
        e: Schema.NullOr(Schema.Array(Schema.Int)),
        f: Schema.Number.check(Schema.isGreaterThan(0)),
        g: Schema.Literals([0, 1]),
        h: Schema.optionalKey(Schema.NullOr(Schema.String)),
      }),
    );
    expect(
      columns.map(({ name, type, nullable, list }) => `${name} ${type}${list ? "[]" : ""}${nullable ? "?" : ""}`),
    ).toEqual(["a string", "b string?", "c int", "d int", "e int[]?", "f number", "g int", "h string?"]);
  });

  it.each([
    ["nested structs", Schema.Struct({ a: Schema.Struct({ b: Schema.String }) })],
    ["optional keys", Schema.Struct({ a: Schema.optionalKey(Schema.String) })],
    ["transformations", Schema.Struct({ a: Schema.NumberFromString })],
    ["defaults", Schema.Struct({ a: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(1))) })],
    ["mixed literals", Schema.Struct({ a: Schema.Literals(["x", 1]) })],
    ["lists of lists", Schema.Struct({ a: Schema.Array(Schema.Array(Schema.Int)) })],
  ])("refuses %s when the kind is declared", (_, schema) => {
    expect(() => kind("bad", { version: 1, description: "", tables: { t: schema } })).toThrow(/Column "a"/);
  });

  it("keeps the name of the vector column free", () => {
    const vectors = { v: Schema.Struct({ vector: Schema.String }) };
    expect(() => kind("bad", { version: 1, description: "", vectors })).toThrow(/vector/);
  });
});
