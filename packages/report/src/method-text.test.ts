import { describe, expect, it } from "vitest";
import type { LineageTask } from "./data.ts";
import { interventionText } from "./intervention-text.ts";
import { methodSteps } from "./method-text.ts";

const task = (stage: string, config: unknown, nodes: string[] = []): LineageTask => ({
  id: `${stage}${JSON.stringify(config)}${nodes.join()}`,
  nodes,
  stage,
  version: 1,
  config,
  inputs: {},
});

describe("method text", () => {
  it("says what the config says and nothing else", () => {
    const [step] = methodSteps([task("trace.generate", { maxNewTokens: 8192, temperature: 0.7 })]);
    expect(step?.told[0]?.sentence).toBe(
      "Traces were generated (sampled at temperature 0.7, at most 8\u202f192 new tokens).",
    );
    const [ablate] = methodSteps([task("heads.ablate", { percents: [1, 3], gamma: 0, renorm: "token", scope: "all" })]);
    expect(ablate?.told[0]?.sentence).toContain(
      "γ = 0 (renormalised per token, positions: all): 1\u202f% and 3\u202f% of all heads",
    );
    expect(ablate?.told[0]?.sentence).not.toContain("random");
  });

  it("tells judges, losses and what heads look at as their configs have them", () => {
    const sentence = (stage: string, config: object) => methodSteps([task(stage, config)])[0]?.told[0]?.sentence;
    expect(
      sentence("trace.judge", { judge: ["refusal-prefix", { kind: "rubric", name: "strict", model: "m-8b" }] }),
    ).toBe("Responses were judged by refusal-prefix and strict (m-8b, as rubric).");
    expect(
      sentence("finetune.lora", {
        rank: 8,
        targets: ["q_proj", "v_proj"],
        loss: ["thinking", "response"],
        klWeight: 0.5,
      }),
    ).toBe(
      "LoRA adapters were trained (rank 8, targets q_proj and v_proj, KL to the base model weighted 0.5, loss on the thinking and response).",
    );
    expect(sentence("finetune.full", { steps: 1200, learningRate: 1e-4, schedule: "cosine" })).toBe(
      "All weights were trained (1\u202f200 steps, learning rate 0.0001, cosine).",
    );
    for (const stage of ["finetune.lora", "finetune.full", "select.export"]) {
      expect(sentence(stage, { acceptCompliance: true })).toContain(
        "references that do not refuse harmful requests were accepted",
      );
      expect(sentence(stage, { acceptCompliance: false })).not.toContain("accepted");
    }
    expect(sentence("heads.attend", { top: 12, positions: ["final"], label: "harmful", maxTraces: 100 })).toBe(
      "Attention patterns are means over at most 100 traces of harmful prompts, seen from final, for the first 12 heads.",
    );
    expect(sentence("heads.curve", { percents: [1, 3], label: "harmless", gamma: 0, renorm: "none" })).toBe(
      "Side effects of ablating 1\u202f% and 3\u202f% were measured as cross-entropy and KL divergence on traces of harmless prompts (γ = 0, not renormalised).",
    );
    expect(sentence("cliff.prune", { keep: [100, 0], generate: true, temperature: 0 })).toBe(
      "Thinking was cut to 100\u202f% and 0\u202f% and scored again, and the answer written anew (greedily).",
    );
  });

  it("says of an ablation what its config says was done, and where", () => {
    const said = (...configs: ReadonlyArray<object>) =>
      interventionText({ lineage: configs.map((config) => task("heads.ablate", config)) });
    expect(said({ gamma: 0, scope: "template" })).toBe(
      "The output of the chosen heads is set to zero in the template region only.",
    );
    expect(said({ gamma: 1.5, scope: "response" }, { gamma: 0, scope: "generated" })).toBe(
      "The output of the chosen heads is multiplied by 1.5 in the response only and set to zero from the first token that the model writes.",
    );
    expect(interventionText({})).toBe("The output of the chosen heads is taken away or scaled.");
  });

  it("tells equal tasks once and counts them", () => {
    const same = { judge: "rules" };
    const [step] = methodSteps([
      task("trace.judge", same, ["a"]),
      task("trace.judge", same, ["b"]),
      task("trace.judge", { judge: "other" }),
    ]);
    expect(step?.told).toEqual([
      { sentence: "Responses were judged by rules.", nodes: ["a", "b"], times: 2 },
      { sentence: "Responses were judged by other.", nodes: [], times: 1 },
    ]);
  });

  it("lists the config of a stage it does not know, whatever its name", () => {
    const [step] = methodSteps([task("my.stage", { gamma: 2, deep: { a: 1 }, constructor: "x" })]);
    expect(step?.told[0]?.sentence).toBe("Ran with gamma 2, constructor x.");
    expect(methodSteps([task("toString", null)])[0]?.told[0]?.sentence).toBe("Ran with its defaults.");
  });
});
