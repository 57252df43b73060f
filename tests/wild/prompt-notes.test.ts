/** What a reader of the prompts is to know stays with them, and a filter compares what can be compared. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Artifact } from "@precipice/runtime";
import { dataPrompts } from "@precipice/trace";
import { describe, expect, it } from "vitest";
import { rows, runIn, temporary } from "../support/on-disk.ts";

const root = temporary();
const refusal = "Sorry, I can not help with that.";

describe("what a stage noted stays with its result", () => {
  it("few rows, a filter that changed nothing, blank references", async () => {
    const source = join(root, "noted.csv");
    writeFileSync(source, `prompt,reference,kind\na,"${refusal}",x\nb,,y\n`);
    const config = { source, labels: "harmful" as const, count: 5, where: { kind: ["x", "y", "z"] } };
    const { prompts } = await runIn(root, dataPrompts, { config, inputs: {} });
    const { origin } = await rows(Artifact.readManifest(prompts.path));
    expect(origin.notes).toEqual([
      'where.kind: no row has "z"; its values are "x", "y"',
      "count asks for 5 prompts, and there are 2 for this config",
      "1 of 2 have no reference (a blank one is none)",
    ]);
  });

  it("nothing to say: no notes", async () => {
    const source = join(root, "plain.csv");
    writeFileSync(source, "prompt\na\n");
    const { prompts } = await runIn(root, dataPrompts, { config: { source, labels: "harmful" as const }, inputs: {} });
    expect(await rows(Artifact.readManifest(prompts.path))).not.toHaveProperty("origin.notes");
  });
});

describe("a filter over objects", () => {
  it("is an error, and one over a list of texts is not", async () => {
    const source = join(root, "objects.jsonl");
    writeFileSync(source, '{"prompt":"a","meta":{"kind":"x"},"tags":["u","v"]}\n');
    const run = (where: object) =>
      runIn(root, dataPrompts, { config: { source, labels: "harmful" as const, where } as never, inputs: {} });
    await expect(run({ meta: "[object Object]" })).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/jsonl:1: column "meta", which "where" names, holds an object/),
    });
    const { prompts } = await run({ tags: { matches: "\\bv\\b" } });
    expect(await rows(prompts.rows("prompts"))).toHaveLength(1);
  });
});
