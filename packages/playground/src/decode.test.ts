/** The page's program and loop on onnxruntime-web, in Node: the very numbers and words of the pipeline and of heads.ablate. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readAblated, scaleOf } from "@precipice/ablate";
import { Checkpoint, Generator, promptIds, writeTraces } from "@precipice/model";
import { organismFolder, organismRequests, PLANTED_HEADS } from "@precipice/organism";
import { sigmoid } from "@precipice/stats";
import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { temporary } from "../../../tests/support/on-disk.ts";
import { decode, type ReadTokens, type Runtime } from "./decode.ts";
import { makeData } from "./make-data.ts";
import type { PageData } from "./page-data.ts";
import { writeProgram } from "./program.ts";
import { PromptText } from "./prompt-text.ts";
import { runStudy, type Study } from "./study.ts";

const root = temporary();
const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
/** Two kernels' rounding of f32 logits of size 10 is below 1e-4; the page promises 1e-3. */
const TOLERANCE = 1e-3;

let study: Study;
let data: PageData;
let text: PromptText;
let runtime: Runtime;
beforeAll(async () => {
  study = await runStudy({ model: "organism://cliff", root, log: () => {} });
  data = makeData("cliff", checkpoint, study);
  text = new PromptText(data.text);
  const file = join(root, "model.onnx");
  writeProgram(checkpoint, file);
  ort.env.wasm.numThreads = 1;
  runtime = { session: await ort.InferenceSession.create(readFileSync(file)), Tensor: ort.Tensor };
}, 900_000); // runs the study

const trace = async (prompt: string, headScale = scaleOf(checkpoint.config, [], 0)) => {
  const ids: number[] = [];
  const scores: number[] = [];
  const contributions: Float32Array[] = [];
  let finish: string | undefined;
  for await (const read of decode(runtime, data.model, data.probe, { ids: text.promptIds(prompt), headScale })) {
    ids.push(...read.ids);
    scores.push(...read.scores);
    while (contributions.length < ids.length) contributions.push(read.contributions);
    finish = read.finish;
  }
  return { ids, scores, contributions, finish };
};

describe("the page's text", () => {
  it("renders prompts as the model package does", () => {
    const prompts = organismRequests({ split: "all", framings: "all", label: "both", count: 40, seed: 3 });
    const odd = ["", "Vault?", "how  do\ni", "<eos> 🎉 nobody", "</think>"];
    for (const prompt of [...prompts.map((p) => p.prompt), ...odd])
      expect(text.promptIds(prompt), prompt).toEqual(promptIds(checkpoint, prompt));
  });

  it("names words the model has no token for, whatever punctuation they touch", () => {
    expect(text.unknownWords("how do i Crack the VAULT, zebra? quickly quickly")).toEqual(["zebra?", "quickly"]);
  });

  it("tells a trace's parts as the model package does", async () => {
    for (const row of study.traces.slice(0, 5)) {
      const pieces = row.ids.map((id) => text.piece(id));
      expect(pieces).toEqual(row.tokens);
      const spans = text.spans(pieces, text.promptIds(row.prompt).length);
      expect(spans).toMatchObject({
        thinkingStart: row.thinking_start,
        thinkingEnd: row.thinking_end,
        responseStart: row.response_start,
      });
      expect(text.words(row.ids.slice(row.response_start ?? 0))).toBe(row.response);
    }
  });
});

describe("decode", () => {
  it("writes the pipeline's traces and scores them as cliff.score does", async () => {
    const byTrace = Map.groupBy(study.tokens, (token) => token.trace_id);
    for (const row of study.traces.slice(0, 12)) {
      const { ids, scores, finish } = await trace(row.prompt);
      expect(ids).toEqual(row.ids);
      expect(finish).toBe(row.state === "truncated" ? "length" : "stop");
      const expected = (byTrace.get(row.id) ?? []).map(({ score }) => score);
      expect(scores.length).toBe(expected.length);
      scores.forEach((score, t) => {
        expect(Math.abs(score - (expected[t] as number)), `${row.id}, token ${t}`).toBeLessThan(TOLERANCE);
      });
    }
  });

  it("reads what each head writes before the answer: the study's means from its own traces", async () => {
    const n = data.heads.length;
    const sums = new Float64Array(n);
    for (const row of study.traces) {
      const { contributions } = await trace(row.prompt);
      const final = contributions[(row.response_start as number) - 1] as Float32Array;
      for (let h = 0; h < n; h++) sums[h] = (sums[h] as number) + (final[h] as number);
    }
    data.heads.forEach(({ contribution }, h) => {
      expect((sums[h] as number) / study.traces.length).toBeCloseTo(contribution, 3);
    });
  });

  it("goes on without the planted heads as heads.ablate does, read as the causal check reads", async () => {
    const scale = scaleOf(checkpoint.config, PLANTED_HEADS, 0);
    const rows = study.traces.slice(0, 6);
    await using generator = await Generator.open(checkpoint, { headScale: "token", workers: 1 });
    const expected = await writeTraces(
      checkpoint,
      generator,
      rows.map(({ prompt_id, prompt }) => ({ id: prompt_id, prompt })),
      { maxNewTokens: 96, seed: 7, headScale: { scale, renorm: "token", scope: "all" } },
    );
    const finals = expected.map((one) => (one.responseStart as number) - 1);
    const { site, weights, bias } = study.probe;
    const { ablated } = await readAblated(
      checkpoint,
      expected.map(({ ids }) => ids),
      finals,
      [{ site, weights }],
      [PLANTED_HEADS],
      { renorm: "token" },
    );
    for (const [i, row] of rows.entries()) {
      const { ids, scores } = await trace(row.prompt, scale);
      expect(ids).toEqual(expected[i]?.ids);
      const final = sigmoid((ablated[0]?.[0]?.[i] as number) + bias);
      expect(Math.abs((scores[finals[i] as number] as number) - final)).toBeLessThan(TOLERANCE);
      expect(expected[i]?.response).not.toBe(row.response);
    }
  });

  it("ends at the limit, and refuses what does not fit", async () => {
    const short = { ...data.model, maxNewTokens: 5 };
    const ids = text.promptIds("how do i mend the loom ?");
    const headScale = scaleOf(checkpoint.config, [], 0);
    const reads: ReadTokens[] = [];
    for await (const read of decode(runtime, short, data.probe, { ids, headScale })) reads.push(read);
    expect(reads.at(-1)?.finish).toBe("length");
    expect(reads.flatMap((read) => read.ids).length).toBe(ids.length + 5);
    const long = decode(runtime, data.model, data.probe, { ids: Array(256).fill(5), headScale });
    await expect(long.next()).rejects.toThrow("the prompt has 256 tokens, the model reads 256");
  });
});
