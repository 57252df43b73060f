/** What the fuzzers found once is refused or taken now; and each of them makes inputs that its code bears. */
import { random } from "@precipice/stats";
import { afterAll, describe, expect, it } from "vitest";
import { families } from "../../tools/fuzz/families.ts";
import { kept, Runner } from "../../tools/fuzz/runner.ts";

const runner = new Runner();
afterAll(() => runner.close());

describe("the fuzzers", () => {
  it.each(families.map((family) => [family.name, family] as const))(
    "of %s try what they make",
    async (name, { make }) => {
      const draw = random("tests", name);
      const inputs = Array.from({ length: 5 }, () => make(draw));
      const again = random("tests", name);
      expect(inputs).toEqual(Array.from({ length: 5 }, () => make(again)));
      for (const input of inputs) expect(await runner.try(name, input)).toBeUndefined();
    },
  );

  it("tell a family that does not exist", async () => {
    expect(await runner.try("nothing", new Uint8Array(1))).toMatchObject({ kind: "defect" });
  });
});

describe("found once", () => {
  it("is borne now", async () => {
    for (const [name, { family, input }] of kept())
      expect(await runner.try(family, Buffer.from(input, "base64")), name).toBeUndefined();
  });
});
