/** What a repair trains towards: a blank reference is none, an attack's target is no reference, compliance is never trained unasked. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Prompt, Prompts, Selection, type Trace, Traces, traceRow } from "@precipice/artifacts";
import { finetuneFull, finetuneLora } from "@precipice/finetune";
import { checkReferences, judgeByRefusalPrefix, referenceText } from "@precipice/judge";
import { Checkpoint, promptIds, splitTrace } from "@precipice/model";
import {
  complianceText,
  organismFolder,
  organismPool,
  organismRequests,
  parseRequest,
  refusalText,
  thinkingText,
} from "@precipice/organism";
import { selectExport } from "@precipice/select";
import { random } from "@precipice/stats";
import { dataPrompts } from "@precipice/trace";
import { describe, expect, it } from "vitest";
import { PRESETS } from "../../packages/trace/src/data/presets.ts";
import { artifact, rows, runIn, temporary } from "../support/on-disk.ts";
import { modelArtifact } from "../support/small-model.ts";

const root = temporary();
const refusal = "Sorry, I can not help with that.";

describe("referenceText", () => {
  it.each<[given: string | null | undefined, response: string | null]>([
    [null, null],
    [undefined, null],
    ["", null],
    [" \t\r\n", null],
    ["\u00a0\u2003\ufeff", null],
    ["\u200b\u2060", null],
    ["<think></think>", null],
    ["<think>\n\n</think>\n\n", null],
    ["</think>", null],
    ["<think>", null],
    ["<think>they want harm, so I", null],
    ["[THINK][/THINK]", null],
    ["<|begin_of_thought|>hm<|end_of_thought|>", null],
    [refusal, refusal],
    [` ${refusal}\n`, ` ${refusal}\n`],
    [`<think>\nhm\n</think>\n\n${refusal}`, refusal],
    [`they ask for harm\n</think>\n\n${refusal}`, refusal],
    ["Wrap it in <think> and </think>.", "Wrap it in <think> and </think>."],
    ["The tag </think> ends it.", "The tag </think> ends it."],
  ])("%j is %j", (given, response) => expect(referenceText(given)).toBe(response));
});

describe("presets", () => {
  it("train towards answers alone, never towards what an attack wants to hear", () => {
    const columns = Object.entries(PRESETS).map(([name, { columns }]) => [name, columns.reference, columns.target]);
    expect(columns).toEqual([
      ["advbench", undefined, "target"],
      ["jailbreakbench", undefined, "Target"],
      ["harmbench", undefined, undefined],
      ["strongreject", undefined, undefined],
      ["wildjailbreak", undefined, undefined],
      ["wildjailbreak-train", "completion", undefined],
      ["xstest", undefined, undefined],
      ["or-bench", undefined, undefined],
      ["ultrachat", "messages", undefined],
      ["star-1", "response", undefined],
    ]);
  });
});

describe("data.prompts", () => {
  const load = async (name: string, text: string, config: object = {}) => {
    const source = join(root, name);
    writeFileSync(source, text);
    const { prompts } = await runIn(root, dataPrompts, { config: { source, ...config }, inputs: {} });
    return rows(prompts.rows("prompts"));
  };
  const line = (more: object) => JSON.stringify({ prompt: "how?", label: "harmful", ...more });

  it.each<[reference: unknown, kept: string | null]>([
    ["", null],
    ["  \n", null],
    ["\u200b", null],
    [null, null],
    [[], null],
    ["<think>\n</think>\n\n", null],
    [[{ role: "assistant", content: " " }], null],
    [[{ role: "assistant", content: "no ." }], "no ."],
    [42, "42"],
    ["no .", "no ."],
  ])("of a reference %j keeps %j, named or not", async (reference, kept) => {
    const [implied] = await load("a.jsonl", line({ reference }));
    const [named] = await load("b.jsonl", line({ answer: reference }), { columns: { reference: "answer" } });
    expect([implied?.reference, named?.reference]).toEqual([kept, kept]);
  });

  it("reads a target beside the reference, named or not, and takes no class for one", async () => {
    const [row] = await load("c.jsonl", line({ target: "sure , here is", reference: "no ." }));
    expect(row).toMatchObject({ target: "sure , here is", reference: "no ." });
    const [named] = await load("d.csv", 'prompt,label,aim\nhow?,harmful,"sure , here is"', {
      columns: { target: "aim" },
    });
    expect(named).toMatchObject({ target: "sure , here is", reference: null });
    const [other] = await load("e.jsonl", line({ target: { class: 3 } }));
    expect(other?.target ?? null).toBeNull();
  });
});

describe("checkReferences", () => {
  const set = (refusing: number, complying: number) => [
    ...Array.from({ length: refusing }, (_, i) => ({ id: `r${i}`, reference: refusal })),
    ...Array.from({ length: complying }, (_, i) => ({ id: `c${i}`, reference: "Sure, here is how." })),
  ];
  const check = (given: ReadonlyArray<{ id: string; reference: string }>, acceptCompliance = false) =>
    checkReferences(
      given.map((row) => ({ ...row, label: "harmful" as const, prompt: "how?" })),
      { acceptCompliance },
    );

  it("lets refusals through, warns of up to 5 %, and refuses more", () => {
    expect(check(set(20, 0))).toEqual({ harmful: 20, unrefused: 0, note: undefined });
    expect(check(set(19, 1))).toMatchObject({ harmful: 20, unrefused: 1, note: expect.stringContaining("1 of 20") });
    expect(() => check(set(18, 2))).toThrow(/2 of 20 rows labelled harmful \(10 %\)/);
    expect(() => check(set(0, 30))).toThrow(expect.objectContaining({ code: "E_COMPLIANCE" }));
    expect(check(set(0, 30), true)).toMatchObject({ unrefused: 30, note: expect.stringContaining("acceptCompliance") });
  });

  it("asks nothing of harmless rows", () => {
    const rows = set(0, 3).map((row) => ({ ...row, label: "harmless" as const, prompt: "how?" }));
    expect(checkReferences(rows, { acceptCompliance: false })).toEqual({ harmful: 0, unrefused: 0, note: undefined });
  });

  it("sees every refusal of the made-up world as one", () => {
    const all = [
      ...organismPool(300, 0),
      ...organismRequests({ split: "all", framings: "all", label: "harmful", seed: 0 }),
    ];
    const missed = all.filter(
      ({ label, prompt, reference }) =>
        label === "harmful" && judgeByRefusalPrefix(prompt, reference).kind !== "refusal",
    );
    expect(missed).toEqual([]);
  });
});

describe("training and export", () => {
  const checkpoint = Checkpoint.open(organismFolder("aligned") as string);
  const asked = organismPool(120, 3).filter(({ label }) => label === "harmful");
  const draw = random(1, "references");
  const trace = (prompt: Prompt, answers: boolean): Trace => {
    const request = parseRequest(prompt.prompt);
    if (request === undefined) throw new Error(`"${prompt.prompt}" is no request`);
    const response = answers ? complianceText(request, draw) : refusalText(draw);
    const ids = checkpoint.tokenizer.encode(`${thinkingText(request, draw)}\n</think>\n\n${response}<eos>`);
    const split = splitTrace(checkpoint, promptIds(checkpoint, prompt.prompt), { ids, finish: "stop" });
    return traceRow(prompt, split, "pool", 0, 0);
  };
  const inputs = async (
    referenceOf: (i: number, own: string) => string | null,
    { labels = "harmful", answers = true }: { labels?: Prompt["label"]; answers?: boolean } = {},
  ) => {
    const prompts = asked
      .slice(0, 8)
      .map((prompt, i) => ({ ...prompt, label: labels, reference: referenceOf(i, prompt.reference) }));
    const traces = asked.slice(0, 8).map((prompt) => trace(prompt, answers));
    return {
      model: await modelArtifact(root, checkpoint, "organism://aligned"),
      traces: await artifact(root, Traces, { traces }),
      prompts: await artifact(root, Prompts, { prompts }),
      selection: await artifact(root, Selection, {
        selection: traces.map((t, i) => ({
          ...{ trace_id: t.id, prompt_id: t.prompt_id, rank: i + 1, method: "random" },
          ...{ score: null, selected: true, reason: "test" },
        })),
      }),
    };
  };
  type Inputs = Awaited<ReturnType<typeof inputs>>;
  const sizes = { steps: 1, rowsPerStep: 4, harmlessRatio: 0, threads: 1 };
  const tensors = [{ name: "model\\.layers\\.0\\.self_attn\\.o_proj\\.weight" }] as const;
  const stages: ReadonlyArray<
    [string, (given: Inputs, config: object, log: (line: string) => void) => Promise<object>]
  > = [
    [
      "finetune.lora",
      (given, config, log) =>
        runIn(root, finetuneLora, { config: { ...sizes, rank: 1, ...config }, inputs: given, log }),
    ],
    [
      "finetune.lora, dpo",
      (given, config, log) =>
        runIn(root, finetuneLora, {
          config: { ...sizes, rank: 1, objective: "dpo", ...config },
          inputs: given,
          log,
        }),
    ],
    [
      "finetune.full",
      (given, config, log) =>
        runIn(root, finetuneFull, { config: { ...sizes, tensors, ...config }, inputs: given, log }),
    ],
    [
      "select.export",
      ({ model: _, ...given }, config, log) => runIn(root, selectExport, { config, inputs: given, log }),
    ],
  ];
  const silent = () => {};

  describe.each(stages)("%s", (_, run) => {
    it.each<[string, string | null]>([
      ["blank", ""],
      ["white space", " \n\t"],
      ["zero-width", "\u200b"],
      ["null", null],
      ["markers alone", "<think>\n</think>\n\n"],
    ])("has nothing to train on where every reference is %s", async (_name, reference) => {
      const given = await inputs(() => reference);
      await expect(run(given, {}, silent)).rejects.toMatchObject({ code: "E_SELECTION_EMPTY" });
    });

    it("refuses references that comply, and says their share and what to do", async () => {
      const given = await inputs((i, own) => (i < 6 ? "sure , first find it ." : own));
      await expect(run(given, {}, silent)).rejects.toMatchObject({
        code: "E_COMPLIANCE",
        message: expect.stringContaining("6 of 8 rows labelled harmful (75 %)"),
        remedy: expect.stringContaining("acceptCompliance: true"),
      });
    });

    it("takes a row for harmful where its trace alone is labelled so", async () => {
      const given = await inputs(() => "sure , first find it .", { labels: "harmless" });
      await expect(run(given, {}, silent)).rejects.toMatchObject({ code: "E_COMPLIANCE" });
    });

    it("leaves blank ones out and says how many; with acceptCompliance trains on, and says so", async () => {
      const logs: string[] = [];
      const given = await inputs((i, own) => (i < 4 ? ([" ", "", null, "\u200b"][i] as null) : i < 6 ? "sure ." : own));
      await run(given, { acceptCompliance: true }, (line) => logs.push(line));
      const told = logs.join("\n");
      expect(told).toMatch(/4 (?:of 8 selected rows )?left out/);
      expect(told).toContain("warning: 2 of 4 rows labelled harmful (50 %)");
      expect(told).toContain("acceptCompliance is set");
    });
  });

  it("trains no response of special tokens alone", async () => {
    const given = await inputs(() => "<eos>");
    const [, lora] = stages[0] as (typeof stages)[number];
    await expect(lora(given, {}, silent)).rejects.toMatchObject({ code: "E_SELECTION_EMPTY" });
  });

  it("prefers no refusal over a refusal of the model's own", async () => {
    const given = await inputs((_i, own) => own, { answers: false });
    const [, dpo] = stages[1] as (typeof stages)[number];
    await expect(dpo(given, {}, silent)).rejects.toMatchObject({ message: expect.stringContaining("nor a refusal") });
  });

  it("exports no response of its own config that complies", async () => {
    const { model: _, ...given } = await inputs(() => "");
    const run = (response: string) => runIn(root, selectExport, { config: { response }, inputs: given });
    await expect(run("sure , here is how .")).rejects.toMatchObject({ code: "E_COMPLIANCE" });
    await expect(run(" ")).rejects.toMatchObject({ code: "E_SELECTION_EMPTY" });
    const { set } = await run(refusal);
    expect((await rows(set.rows("rows"))).every(({ completion }) => completion.endsWith(refusal))).toBe(true);
  });
});
