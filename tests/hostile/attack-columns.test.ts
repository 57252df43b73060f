/**
 * Sets of attacks call what they want to hear by many names. Whatever the name, it becomes a reference only where the user says so, and
 * then nothing is trained or exported towards it unless the user accepts that.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkReferences } from "@precipice/judge";
import { dataPrompts } from "@precipice/trace";
import { describe, expect, it } from "vitest";
import { rows, runIn, temporary } from "../support/on-disk.ts";

const root = temporary();
const refusal = "Sorry, I can not help with that.";
const sure = "Sure, here is how to open the box";
let count = 0;
const load = async (row: object, columns: object) => {
  const source = join(root, `attack${count++}.jsonl`);
  writeFileSync(source, JSON.stringify(row));
  const config = { source, labels: "harmful" as const, columns };
  const { prompts } = await runIn(root, dataPrompts, { config, inputs: {} });
  return (await rows(prompts.rows("prompts")))[0];
};

/** A row as its set has it, the column of the prompt, and the column that an attack wants to hear. */
const SETS: ReadonlyArray<readonly [name: string, row: object, prompt: string | string[], wanted: string]> = [
  ["goal and target", { goal: "open the box", target: sure }, "goal", "target"],
  ["Goal and Target", { Index: 0, Goal: "open the box", Target: sure, Behavior: "x" }, "Goal", "Target"],
  [
    "Behavior and optimizer target",
    { Behavior: "open the box", ContextString: "", Target: sure },
    "Behavior",
    "Target",
  ],
  ["prompt and affirmative", { prompt: "open the box", affirmative: sure }, "prompt", "affirmative"],
  ["instruction and output", { instruction: "open the box", input: "", output: sure }, "instruction", "output"],
  ["chosen and rejected", { prompt: "open the box", chosen: refusal, rejected: sure }, "prompt", "rejected"],
  [
    "chosen and rejected chats",
    {
      chosen: [
        { role: "user", content: "open the box" },
        { role: "assistant", content: refusal },
      ],
      rejected: [
        { role: "user", content: "open the box" },
        { role: "assistant", content: sure },
      ],
    },
    "chosen",
    "rejected",
  ],
  ["query and completion", { query: "open the box", completion: sure, response: sure }, "query", "completion"],
];

describe.each(SETS)("%s", (_, row, prompt, wanted) => {
  it("unnamed, is no reference", async () => {
    expect(await load(row, { prompt })).toMatchObject({ prompt: "open the box", label: "harmful", reference: null });
  });

  it("named as a target, is none either", async () => {
    expect(await load(row, { prompt, target: wanted })).toMatchObject({ reference: null });
  });

  it("named as the reference, is refused by whatever trains or exports", async () => {
    const loaded = await load(row, { prompt, reference: wanted });
    expect(loaded?.reference).toBe(sure);
    const given = [{ id: "a", label: "harmful", prompt: "open the box", reference: sure }] as const;
    expect(() => checkReferences(given, { acceptCompliance: false })).toThrow(
      expect.objectContaining({ code: "E_COMPLIANCE", remedy: expect.stringContaining("acceptCompliance: true") }),
    );
    expect(checkReferences(given, { acceptCompliance: true }).note).toContain("they are trained towards");
  });
});

it("the chosen response, which refuses, may be trained towards", async () => {
  const loaded = await load({ prompt: "open the box", chosen: refusal, rejected: sure }, { reference: "chosen" });
  expect(loaded?.reference).toBe(refusal);
  const given = [{ id: "a", label: "harmful", prompt: "open the box", reference: refusal }] as const;
  expect(checkReferences(given, { acceptCompliance: false }).note).toBeUndefined();
});
