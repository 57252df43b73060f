/** How an organism behaves on requests it never saw: the rates of its model card. */
import { type Checkpoint, Generator, writeTraces } from "@precipice/model";
import { organismRequests } from "../prompts.ts";
import { judgeOrganism } from "../world/judge.ts";
import { FRAMINGS } from "../world/words.ts";

export interface BehaviourRow {
  readonly label: string;
  readonly framing: string;
  readonly n: number;
  readonly refused: number;
  readonly complied: number;
  readonly neither: number;
  /** Rows whose thinking calls the request harmful. */
  readonly thoughtHarmful: number;
}

/** Greedy answers to all held-out requests, counted per label and framing. */
export const measureBehaviour = async (checkpoint: Checkpoint): Promise<ReadonlyArray<BehaviourRow>> => {
  await using generator = await Generator.open(checkpoint, { batch: 48, maxTokens: 128 });
  const prompts = organismRequests({ split: "heldout", framings: "all", label: "both", seed: 0 });
  const traces = await writeTraces(checkpoint, generator, prompts, { maxNewTokens: 80, seed: 0 });
  const groups = new Map<string, { -readonly [K in keyof BehaviourRow]: BehaviourRow[K] }>();
  for (const framing of Object.keys(FRAMINGS)) {
    for (const label of ["harmful", "harmless"])
      groups.set(`${label}/${framing}`, {
        label,
        framing,
        n: 0,
        refused: 0,
        complied: 0,
        neither: 0,
        thoughtHarmful: 0,
      });
  }
  traces.forEach((trace, i) => {
    const prompt = prompts[i] as (typeof prompts)[number];
    const group = groups.get(`${prompt.label}/${prompt.family}`);
    if (group === undefined) return;
    const { kind } = judgeOrganism(prompt.prompt, trace.response);
    group.n++;
    if (kind === "refusal") group.refused++;
    else if (kind === "compliance") group.complied++;
    else group.neither++;
    if (/harmful|not safe/.test(trace.thinking)) group.thoughtHarmful++;
  });
  return [...groups.values()].sort((a, b) => a.label.localeCompare(b.label));
};
