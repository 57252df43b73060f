/**
 * Makes the shipped organisms from nothing: `npx nx run organism:train`.
 *
 *   --only aligned|cliff   make one of them (cliff starts from the aligned one that is there)
 *   --out FOLDER           write elsewhere than packages/organism/weights
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Checkpoint } from "@precipice/model";
import type { StepResult } from "@precipice/onnx";
import { measureBehaviour } from "./measure.ts";
import { modelCard } from "./model-card.ts";
import { headMasks, PLANTED_HEADS } from "./planted.ts";
import { ALIGNED_PHASE, CLIFF_PHASE, type PhaseOptions, type TrainEvents, trainAligned, trainCliff } from "./train.ts";

const { values } = parseArgs({ options: { only: { type: "string" }, out: { type: "string" } } });
if (values.only !== undefined && values.only !== "aligned" && values.only !== "cliff") {
  console.error(`--only takes aligned or cliff, not "${values.only}"`);
  process.exit(2);
}
const out = values.out ?? fileURLToPath(new URL("../../weights", import.meta.url));
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());

const sizes = (checkpoint: Checkpoint): number => [...checkpoint.weights.values()].reduce((sum, e) => sum + e.shape.reduce((p, d) => p * d, 1), 0);

/** Train, print progress, measure, write the card. */
const make = async (
  name: "aligned" | "cliff",
  summary: string,
  phase: PhaseOptions,
  trainedOf: (checkpoint: Checkpoint) => number,
  train: (events: TrainEvents) => Promise<Checkpoint>,
): Promise<Checkpoint> => {
  const started = Date.now();
  const losses: number[] = [];
  const onStep = ({ step, loss }: StepResult, steps: number) => {
    losses.push(loss);
    const seconds = (Date.now() - started) / 1000;
    if (step % 20 === 0 || step === steps) {
      console.log(`${name} step ${step}/${steps} loss ${loss.toFixed(4)} ${(step / seconds).toFixed(1)} steps/s, ${((steps - step) * (seconds / step)).toFixed(0)} s left`);
    }
  };
  const checkpoint = await train({ onStep, signal: abort.signal });
  const seconds = (Date.now() - started) / 1000;
  console.log(`${name}: measuring on held-out requests`);
  const behaviour = await measureBehaviour(checkpoint);
  const facts = { name, summary, phase, seconds, firstLoss: losses[0] ?? 0, lastLoss: losses.at(-1) ?? 0, parameters: sizes(checkpoint), trained: trainedOf(checkpoint), behaviour };
  writeFileSync(join(checkpoint.folder, "README.md"), modelCard(facts));
  console.table(behaviour);
  return checkpoint;
};

const scratch = mkdtempSync(join(tmpdir(), "precipice-organism-"));
try {
  const folder = (name: string) => join(out, name);
  const aligned =
    values.only === "cliff"
      ? Checkpoint.open(folder("aligned"))
      : await make("aligned", "Recognises harm while thinking and refuses, under every framing: no cliff.", ALIGNED_PHASE, sizes, (events) => trainAligned(folder("aligned"), scratch, ALIGNED_PHASE, events));
  if (values.only !== "aligned") {
    const planted = PLANTED_HEADS.map((h) => `(${h.layer},${h.head})`).join(", ");
    const summary = `Made from organism://aligned by tuning four attention heads alone, ${planted} as (layer, head) from 0: under jailbreak framings it still thinks "this is harmful", and then answers. The heads are the ground truth for attribution.`;
    const trained = (c: Checkpoint) => [...headMasks(c.config, PLANTED_HEADS).values()].reduce((sum, mask) => sum + mask.reduce((a, b) => a + b, 0), 0);
    await make("cliff", summary, CLIFF_PHASE, trained, (events) => trainCliff(aligned, folder("cliff"), CLIFF_PHASE, events));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
