import { readFileSync } from "node:fs";
import { Prompts, Selection, type Trace, Traces, Verdicts } from "@precipice/artifacts";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { selectExport } from "./export-stage.ts";

const root = temporary();
const trace = (id: string, over: Partial<Trace> = {}): Trace => ({
  id,
  prompt_id: `p-${id}`,
  arm: "pool",
  draw: 0,
  prompt: `ask "${id}" \u2028 é`,
  label: "harmful",
  family: null,
  thinking: "\nhm .\n",
  response: "sure",
  ids: [1, 2, 3],
  tokens: ["a", "b", "c"],
  thinking_start: 1,
  thinking_end: 2,
  response_start: 2,
  state: "complete",
  finish: "stop",
  seed: 0,
  ...over,
});
const traces = [
  trace("a"),
  trace("b"),
  trace("open", { state: "unclosed", response_start: null }),
  trace("left"),
  ...["h1", "h2", "h3"].map((id) => trace(id, { label: "harmless", response: "here you go" })),
];
const inputs = async () => ({
  traces: await artifact(root, Traces, { traces }),
  prompts: await artifact(root, Prompts, {
    prompts: traces.map(({ prompt_id, prompt, label, id }) => ({
      ...{ id: prompt_id, prompt, label },
      ...{ split: "s", family: null, reference: id === "b" ? null : "i must refuse .", note: null },
    })),
  }),
  selection: await artifact(root, Selection, {
    selection: traces.map(({ id, prompt_id }, i) => ({
      ...{ trace_id: id, prompt_id, rank: i + 1, method: "misalignment", score: 1 / (i + 1) },
      ...{ selected: i < 3, reason: "number" },
    })),
  }),
  verdicts: await artifact(root, Verdicts, {
    verdicts: traces.map(({ id, prompt_id, label }) => ({
      ...{ trace_id: id, prompt_id, arm: "pool", draw: 0, label, family: null, state: "complete" },
      ...{ verdict: id === "h2" ? "refusal" : "safe", refused: id === "h2", judge: "t", reason: "" },
    })),
    judgements: [],
  }),
});
const json = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("select.export", () => {
  it("writes both layouts, as JSON lines and as Parquet, of the same rows", async () => {
    const logs: string[] = [];
    const { set, metrics } = await runIn(root, selectExport, {
      config: { harmlessRows: 5, response: "i can not help ." },
      inputs: await inputs(),
      log: (line) => logs.push(line),
    });
    expect(logs[0]).toBe(
      "2 selected rows and 2 harmless ones; 1 left out: unclosed thinking, or no reference (a blank one is none)",
    );
    const table = await rows(set.rows("rows"));
    const byId = new Map(table.map((row) => [row.id, row]));
    expect([...byId.keys()].sort()).toEqual(["a", "b", "h1", "h3"]);
    expect(byId.get("a")).toMatchObject({
      role: "selected",
      rank: 1,
      completion: "<think>\nhm .\n</think>\n\ni must refuse .",
    });
    expect(byId.get("b")?.completion).toBe("<think>\nhm .\n</think>\n\ni can not help .");
    expect(byId.get("h1")).toMatchObject({
      role: "harmless",
      rank: null,
      completion: "<think>\nhm .\n</think>\n\nhere you go",
    });

    const known = ({ id, role, rank, score, reason }: (typeof table)[number]) => ({ id, role, rank, score, reason });
    const alpaca = table.map((row) => ({ instruction: row.prompt, input: "", output: row.completion, ...known(row) }));
    const chat = table.map((row) => ({
      messages: [
        { role: "user", content: row.prompt },
        { role: "assistant", content: row.completion },
      ],
      ...known(row),
    }));
    expect(json(set.file("selection.alpaca.jsonl"))).toEqual(alpaca);
    expect(json(set.file("selection.chat.jsonl"))).toEqual(chat);
    const parquet = async (name: string) => parquetReadObjects({ file: await asyncBufferFromFile(set.file(name)) });
    expect(await parquet("selection.alpaca.parquet")).toEqual(alpaca);
    expect(await parquet("selection.chat.parquet")).toEqual(chat);
    expect((await rows(metrics.rows("metrics"))).map(({ key, value }) => [key, value])).toEqual([
      ["select.export.selected_rows", 2],
      ["select.export.harmless_rows", 2],
    ]);
  });

  it("without thinking writes the response alone; leaves out what has nothing to learn, and says when nothing is left", async () => {
    const given = await inputs();
    const { set } = await runIn(root, selectExport, { config: { thinking: false }, inputs: given });
    expect((await rows(set.rows("rows"))).map((row) => [row.id, row.completion])).toEqual([["a", "i must refuse ."]]);
    const without = { ...given, verdicts: undefined };
    await expect(runIn(root, selectExport, { config: { harmlessRows: 1 }, inputs: without })).rejects.toMatchObject({
      code: "E_SELECT_INPUT",
    });
    const nothing = await artifact(root, Prompts, { prompts: [] });
    await expect(
      runIn(root, selectExport, { config: {}, inputs: { ...without, prompts: nothing } }),
    ).rejects.toMatchObject({ code: "E_SELECTION_EMPTY" });
  });
});
