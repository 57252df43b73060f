import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Prompt, Prompts, Selection, type Trace, traceRow } from "@precipice/artifacts";
import { Checkpoint, promptIds, splitTrace } from "@precipice/model";
import { complianceText, organismFolder, organismPool, parseRequest, thinkingText } from "@precipice/organism";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { modelArtifact, tracesArtifact } from "../../../tests/support/small-model.ts";
import { finetuneLora } from "./lora-stage.ts";
import { finetuneMerge } from "./merge-stage.ts";
import { readAdapter } from "./peft-files.ts";
import { repairRow } from "./training-rows.ts";

const root = temporary();
const checkpoint = Checkpoint.open(organismFolder("aligned") as string);
const { tokenizer } = checkpoint;
const prompts: ReadonlyArray<Prompt> = organismPool(24, 3);

/** What a model that complies with everything would have written. */
const written = (prompt: Prompt, close = "\n</think>\n\n"): Trace => {
  const request = parseRequest(prompt.prompt);
  if (request === undefined) throw new Error(`"${prompt.prompt}" is no request`);
  const draw = random(1, prompt.id);
  const text = `${thinkingText(request, draw)}${close}${complianceText(request, draw)}<eos>`;
  return traceRow(
    prompt,
    splitTrace(checkpoint, promptIds(checkpoint, prompt.prompt), { ids: tokenizer.encode(text), finish: "stop" }),
    "pool",
    0,
    0,
  );
};
const traces = prompts.map((p) => written(p));
const harmful = prompts.filter((p) => p.label === "harmful");
const first = harmful[0] as Prompt;

describe("repairRow", () => {
  const trace = written(first);

  it.each(["response", "thinking+response"] as const)("own thinking, then the reference; loss on %s", (loss) => {
    const row = repairRow(checkpoint, trace, first, loss);
    const ids = (row?.ids ?? []) as number[];
    const kept = trace.ids.slice(0, trace.response_start as number);
    expect(tokenizer.decode(ids, { special: true })).toBe(
      `${tokenizer.decode(kept, { special: true })} ${first.reference} <eos>`,
    );
    const from = loss === "response" ? (trace.response_start as number) : trace.thinking_start;
    expect(row?.lossWeight).toEqual(ids.map((_, t) => (t >= from ? 1 : 0)));
    expect(row).toMatchObject({ traceId: trace.id, label: "harmful" });
  });

  it("is none without a closed thinking or a reference", () => {
    expect(repairRow(checkpoint, written(first, " "), first, "response")).toBeUndefined();
    expect(repairRow(checkpoint, trace, { ...first, reference: null }, "response")).toBeUndefined();
    expect(repairRow(checkpoint, trace, undefined, "response")).toBeUndefined();
  });
});

const inputs = async (selected: ReadonlyArray<Prompt>, pool: ReadonlyArray<Prompt> = prompts) => ({
  model: await modelArtifact(root, checkpoint, "organism://aligned"),
  traces: await tracesArtifact(root, traces),
  prompts: await artifact(root, Prompts, { prompts: pool }),
  selection: await artifact(root, Selection, {
    selection: traces.map((t, i) => ({
      trace_id: t.id,
      prompt_id: t.prompt_id,
      rank: i + 1,
      method: "random",
      score: null,
      selected: selected.some((p) => p.id === t.prompt_id),
      reason: "test",
    })),
  }),
});

describe("finetune.lora and finetune.merge", () => {
  it("train on the selection and as many harmless rows, and fold the adapter in", async () => {
    const logs: string[] = [];
    const config = {
      name: "mine",
      steps: 6,
      rowsPerStep: 4,
      rank: 2,
      alpha: 4,
      learningRate: 5e-3,
      warmup: 1,
      seed: 1,
    };
    const given = await inputs(harmful.slice(0, 3));
    const { adapter, metrics } = await runIn(root, finetuneLora, {
      config,
      inputs: given,
      log: (line) => logs.push(line),
    });
    expect(logs[0]).toBe("3 selected rows and 3 harmless ones, 6 steps of 4");
    const steps = await rows(adapter.rows("steps"));
    expect(steps.map((s) => s.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.every((s) => s.tokens > 0 && s.grad_norm > 0)).toBe(true);
    const found = Object.fromEntries((await rows(metrics.rows("metrics"))).map((m) => [m.key, m.value]));
    expect(found).toEqual({
      "finetune.mine.steps": 6,
      "finetune.mine.rows": 3,
      "finetune.mine.trainable_parameters": expect.any(Number),
      "finetune.mine.final_loss": steps.at(-1)?.loss,
    });
    const folder = adapter.path;
    expect(readAdapter(folder, checkpoint.config).lora).toMatchObject({ rank: 2, alpha: 4 });
    expect(JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8")).base_model_name_or_path).toBe(
      "organism://aligned",
    );

    const { model } = await runIn(root, finetuneMerge, { config: {}, inputs: { model: given.model, adapter } });
    const [row] = await rows(model.rows("model"));
    expect(row).toMatchObject({ source: "organism://aligned + adapter", path: "checkpoint", n_layers: 8 });
    const merged = Checkpoint.open(join(model.path, "checkpoint"));
    expect(merged.tokenizer.encode(first.prompt)).toEqual(tokenizer.encode(first.prompt));
    expect(merged.template.source).toBe(checkpoint.template.source);
    expect(row?.digest).toBe(await merged.digest());
    expect(row?.digest).not.toBe(await checkpoint.digest());
  });

  it("say what is missing", async () => {
    const none = prompts.map((p) => ({ ...p, reference: null }));
    const config = { steps: 1 };
    await expect(runIn(root, finetuneLora, { config, inputs: await inputs(harmful, none) })).rejects.toMatchObject({
      code: "E_SELECTION_EMPTY",
    });
    await expect(runIn(root, finetuneLora, { config, inputs: await inputs([]) })).rejects.toMatchObject({
      code: "E_SELECTION_EMPTY",
    });
    await expect(
      runIn(root, finetuneLora, { config: { targets: ["wq"] }, inputs: await inputs(harmful) }),
    ).rejects.toThrow(/no linear map is called "wq"/);
    await expect(
      runIn(root, finetuneLora, { config: { harmlessRatio: -1 }, inputs: await inputs(harmful) }),
    ).rejects.toMatchObject({ code: "E_CONFIG" });
  });
});
