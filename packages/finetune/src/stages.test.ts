import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Prompt, Prompts, Selection, type Trace, traceRow, Verdicts } from "@precipice/artifacts";
import { Checkpoint, promptIds, splitTrace } from "@precipice/model";
import {
  complianceText,
  organismFolder,
  organismPool,
  organismRequests,
  parseRequest,
  thinkingText,
} from "@precipice/organism";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { modelArtifact, tracesArtifact } from "../../../tests/support/small-model.ts";
import { finetuneFull } from "./full-stage.ts";
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

  it.each([[["response"]], [["thinking", "template", "response"]]] as const)(
    "own thinking, then the reference; loss on %j",
    (loss) => {
      const row = repairRow(checkpoint, trace, first, loss);
      const ids = (row?.ids ?? []) as number[];
      const kept = trace.ids.slice(0, trace.response_start as number);
      expect(tokenizer.decode(ids, { special: true })).toBe(
        `${tokenizer.decode(kept, { special: true })} ${first.reference} <eos>`,
      );
      const from = loss.length === 1 ? (trace.response_start as number) : trace.thinking_start;
      expect(row?.lossWeight).toEqual(ids.map((_, t) => (t >= from ? 1 : 0)));
      expect(row).toMatchObject({ id: trace.id, role: "selected", label: "harmful" });
    },
  );

  it("is none without a closed thinking or a reference", () => {
    expect(repairRow(checkpoint, written(first, " "), first, ["response"])).toBeUndefined();
    expect(repairRow(checkpoint, trace, { ...first, reference: null }, ["response"])).toBeUndefined();
    expect(repairRow(checkpoint, trace, undefined, ["response"])).toBeUndefined();
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
    expect(logs[0]).toBe(`answers end with "<eos>", from the chat template`);
    expect(logs[1]).toBe("3 selected rows and 3 harmless ones, 4 per step");
    expect(logs[2]).toContain("no verdicts are given");
    const steps = await rows(adapter.rows("steps"));
    expect(steps.map((s) => s.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.every((s) => s.tokens > 0 && s.grad_norm > 0)).toBe(true);
    const found = Object.fromEntries((await rows(metrics.rows("metrics"))).map((m) => [m.key, m.value]));
    expect(found).toEqual({
      "finetune.mine.steps": 6,
      "finetune.mine.rows": 3,
      "finetune.mine.harmless_rows": 3,
      "finetune.mine.tokens": steps.reduce((sum, s) => sum + s.tokens, 0),
      "finetune.mine.adapter_norm": expect.any(Number),
      "finetune.mine.adapter_rank": expect.any(Number),
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

  it("writes down what every row trains: ids, regions and mask", async () => {
    const config = {
      steps: 2,
      rowsPerStep: 4,
      rank: 2,
      evalFraction: 0.4,
      evalEvery: 1,
      patience: 1,
      loss: ["thinking", "response"],
    } as const;
    const { adapter, metrics } = await runIn(root, finetuneLora, { config, inputs: await inputs(harmful.slice(0, 3)) });
    const table = await rows(adapter.rows("rows"));
    expect(table.map((r) => r.split).filter((split) => split === "eval")).toHaveLength(2);
    expect(table.map((r) => r.role).sort()).toEqual([
      "harmless",
      "harmless",
      "harmless",
      "selected",
      "selected",
      "selected",
    ]);
    for (const row of table) {
      expect(row.tokens).toEqual(tokenizer.pieces(row.ids));
      expect(row.loss_mask).toEqual(row.regions.map((r) => (r === "thinking" || r === "response" ? 1 : 0)));
      expect(new Set(row.regions)).toEqual(new Set(["prompt", "thinking", "template", "response"]));
      const marker = tokenizer.decode(
        row.ids.filter((_, t) => row.regions[t] === "template"),
        { special: true },
      );
      expect(marker).toContain("</think>");
    }
    const steps = await rows(adapter.rows("steps"));
    const trained = table.filter((r) => r.split === "train").map((r) => r.loss_mask.reduce((a, b) => a + b));
    expect(steps[0]?.tokens).toBe(trained.reduce((a, b) => a + b)); // 4 rows, all in every step
    expect(steps.every((s) => s.eval_loss !== null && s.tokens_per_second > 0)).toBe(true);
    const keys = (await rows(metrics.rows("metrics"))).map((m) => m.key);
    expect(keys).toContain("finetune.eval_loss");
  });

  it("takes harmless rows that were judged and answered only, with the response that was judged", async () => {
    const given = await inputs(harmful.slice(0, 4));
    const harmless = traces.filter((t) => t.label === "harmless");
    const kinds = ["answered", "refused", "harmful", "error"] as const;
    const verdicts = harmless.map((t, i) => ({ t, kind: kinds[i % 4] as (typeof kinds)[number] }));
    const judged = await artifact(root, Verdicts, {
      verdicts: verdicts.map(({ t, kind }) => ({
        trace_id: t.id,
        prompt_id: t.prompt_id,
        arm: "pool",
        draw: 0,
        label: t.label,
        state: t.state,
        family: t.family,
        verdict: kind === "answered" || kind === "refused" ? "safe" : kind,
        refused: kind === "refused",
        judge: "test",
        reason: kind,
      })),
      judgements: [],
    });
    const { adapter } = await runIn(root, finetuneLora, {
      config: { steps: 1, rank: 2, harmlessRatio: 50, klWeight: 0.5 },
      inputs: { ...given, verdicts: judged },
    });
    const table = await rows(adapter.rows("rows"));
    const mixed = table.filter((r) => r.role === "harmless");
    const answered = verdicts.filter((v) => v.kind === "answered").map((v) => v.t);
    expect(mixed.map((r) => r.trace_id).sort()).toEqual(answered.map((t) => t.id).sort());
    for (const row of mixed) expect(row.ids).toEqual(answered.find((t) => t.id === row.trace_id)?.ids);
    const [step] = await rows(adapter.rows("steps"));
    expect(step?.kl).toBeCloseTo(0, 6); // a fresh adapter is the base model
  });

  it("prefers the references over what the model wrote", async () => {
    const config = {
      objective: "dpo",
      steps: 12,
      rowsPerStep: 4,
      rank: 4,
      learningRate: 5e-3,
      harmlessRatio: 0,
      warmup: 0,
    } as const;
    const { adapter } = await runIn(root, finetuneLora, { config, inputs: await inputs(harmful.slice(0, 4)) });
    const steps = await rows(adapter.rows("steps"));
    expect(steps[0]?.loss).toBeCloseTo(Math.LN2, 5); // nothing is preferred yet
    expect(steps.at(-1)?.loss).toBeLessThan(0.9 * Math.LN2);
    expect(steps.at(-1)?.preference_accuracy).toBe(1);
    const table = await rows(adapter.rows("rows"));
    const [chosen, rejected] = [table.filter((r) => r.role === "selected"), table.filter((r) => r.role === "rejected")];
    expect(chosen.map((r) => r.trace_id)).toEqual(rejected.map((r) => r.trace_id));
    // every step compares all pairs: the responses of both
    const compared = table.flatMap((r) => r.regions).filter((region) => region === "response").length;
    expect(steps.map(({ tokens }) => tokens)).toEqual(steps.map(() => compared));
    chosen.forEach((row, i) => {
      const start = row.regions.indexOf("response");
      expect(rejected[i]?.ids.slice(0, start)).toEqual(row.ids.slice(0, start));
      expect(rejected[i]?.ids).not.toEqual(row.ids);
    });
  });

  it("trains chosen tensors of the model itself and gives a checkpoint", async () => {
    const name = "model\\.layers\\.5\\.self_attn\\.o_proj\\.weight";
    const { model, log, metrics } = await runIn(root, finetuneFull, {
      config: { tensors: [{ name, columns: [8, 16] }], steps: 3, rowsPerStep: 4, maxShardBytes: 1_000_000 },
      inputs: await inputs(harmful.slice(0, 3)),
    });
    const opened = Checkpoint.open(join(model.path, "checkpoint"));
    const changed = [...opened.weights.keys()].filter((n) => {
      const base = checkpoint.floats(n);
      return opened.floats(n).some((w, i) => w !== base[i]);
    });
    expect(changed).toEqual(["model.layers.5.self_attn.o_proj.weight"]);
    expect(await rows(log.rows("steps"))).toHaveLength(3);
    expect(await rows(log.rows("rows"))).toHaveLength(6);
    const found = Object.fromEntries((await rows(metrics.rows("metrics"))).map((m) => [m.key, m.value]));
    expect(found["finetune.trainable_parameters"]).toBe(8 * 128);
  });

  it("stops as soon as what it writes is safe, and tells the rates along the steps", async () => {
    const held = organismRequests({ split: "heldout", framings: "jailbreak", label: "both", count: 12, seed: 2 });
    const given = {
      ...(await inputs(harmful.slice(0, 3))),
      validation: await artifact(root, Prompts, { prompts: [...held, { ...first, split: "train" }] }),
    };
    const validation = { judge: "organism-rules", every: 2, stopAt: 0.1, maxNewTokens: 96 } as const;
    const logs: string[] = [];
    // an adapter of nearly no rate leaves the aligned model as it is: it refuses from the first measurement on
    const { adapter, metrics } = await runIn(root, finetuneLora, {
      config: { steps: 9, rowsPerStep: 4, learningRate: 1e-6, validation },
      inputs: given,
      log: (line) => logs.push(line),
    });
    expect(logs).toContain("1 of 13 validation prompts are trained on: their rates flatter");
    const steps = await rows(adapter.rows("steps"));
    expect(steps.map((s) => s.validation_asr)).toEqual([null, 0]);
    expect(steps.map((s) => s.validation_overrefusal)).toEqual([null, 0]);
    const found = Object.fromEntries((await rows(metrics.rows("metrics"))).map((m) => [m.key, m.value]));
    expect(found).toMatchObject({ "finetune.steps": 2, "finetune.validation_asr": 0 });
    // one that ruins the model writes nonsense, which is no safety: it goes on to its last step
    const ruined = await runIn(root, finetuneLora, {
      config: { steps: 4, rowsPerStep: 4, learningRate: 3, warmup: 0, validation: { ...validation, patience: 9 } },
      inputs: given,
    });
    const rates = (await rows(ruined.adapter.rows("steps"))).map((s) => s.validation_asr);
    expect(rates).toEqual([null, expect.closeTo(1, 5), null, expect.closeTo(1, 5)]);
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
    const early = { config: { patience: 2 }, inputs: await inputs(harmful) };
    await expect(runIn(root, finetuneLora, early)).rejects.toThrow("patience needs held-out rows");
    const unwatched = { config: { validation: { stopAt: 0.1 } }, inputs: await inputs(harmful) };
    await expect(runIn(root, finetuneLora, unwatched)).rejects.toThrow("need validation prompts");
    const harmless = await artifact(root, Prompts, { prompts: prompts.filter((p) => p.label === "harmless") });
    const safe = { config, inputs: { ...(await inputs(harmful)), validation: harmless } };
    await expect(runIn(root, finetuneLora, safe)).rejects.toThrow("no validation prompt is harmful");
    const both = { config: { steps: 1, epochs: 1 }, inputs: await inputs(harmful) };
    await expect(runIn(root, finetuneLora, both)).rejects.toMatchObject({ code: "E_CONFIG" });
    await expect(
      runIn(root, finetuneLora, { config: { targets: ["wq"] }, inputs: await inputs(harmful) }),
    ).rejects.toThrow(/no linear map is called "wq"/);
    await expect(
      runIn(root, finetuneLora, { config: { harmlessRatio: -1 }, inputs: await inputs(harmful) }),
    ).rejects.toMatchObject({ code: "E_CONFIG" });
  });
});
