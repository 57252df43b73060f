/** kill -9 in the middle of a training: the next run ends with the same adapter, bit for bit. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint } from "../../../tests/support/small-model.ts";

const root = temporary();
const STEPS = 14;

/** Trains in a process of its own; `onLine` sees what it prints and may kill it. Answers the digest of the adapter, if it got so far. */
const train = async (name: string, onLine: (line: string, kill: () => void) => void = () => {}) => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { linearsOf, trainLora, writeAdapter } from ${url("./index.ts")};
    import { Checkpoint } from ${url("../../model/src/index.ts")};
    const model = Checkpoint.open(${JSON.stringify(checkpoint.folder)});
    const rows = Array.from({ length: 10 }, (_, i) => {
      const ids = Array.from({ length: 8 + 3 * i }, (_, t) => 3 + ((11 * t + 29 * i + t * t) % 240));
      return { ids, lossWeight: ids.map((_, t) => (t > 3 ? 1 : 0)) };
    });
    const trained = await trainLora(model, rows, {
      lora: { rank: 4, alpha: 8, targets: linearsOf("all-linear", model.config), dropout: 0.1 },
      steps: ${STEPS}, rowsPerStep: 4, tokensPerBatch: 80, learningRate: 2e-3, warmup: 2, weightDecay: 0.01, clipNorm: 1, seed: 3,
      checkpoints: { folder: ${JSON.stringify(join(root, name, "scratch"))}, every: 2 },
      onStep: ({ step }) => console.log("step", step),
      onNote: (note) => console.log("note", note),
    });
    writeAdapter(${JSON.stringify(join(root, name, "adapter"))}, trained, "..");
    console.log("losses", JSON.stringify(trained.steps.map((s) => [s.loss, s.gradNorm])));`;
  const file = join(root, `${name}.mjs`); // a file: the worker threads would inherit the flags of a script given as text
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    onLine(line, () => child.kill("SIGKILL"));
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return { code, signal, lines };
};
const digest = (name: string) =>
  createHash("sha256")
    .update(readFileSync(join(root, name, "adapter", "adapter_model.safetensors")))
    .digest("hex");

it("resumes after kill -9 to the identical adapter and loss curve", async () => {
  const whole = await train("whole");
  expect(whole.code).toBe(0);
  const at = 3 + Math.floor(Math.random() * (STEPS - 5)); // any step after the first checkpoint will do
  const killed = await train("cut", (line, kill) => {
    if (line === `step ${at}`) kill();
  });
  expect(killed.signal, `killed at step ${at}`).toBe("SIGKILL");
  expect(readdirSync(join(root, "cut"))).toEqual(["scratch"]); // no adapter yet
  const resumed = await train("cut");
  expect(resumed.code).toBe(0);
  const note = resumed.lines.find((line) => line.startsWith("note goes on after step"));
  expect(note, `killed at step ${at}`).toBeDefined();
  expect(resumed.lines.filter((line) => line.startsWith("step")).length).toBeLessThan(STEPS);
  expect(resumed.lines.at(-1), `killed at step ${at}`).toBe(whole.lines.at(-1));
  expect(digest("cut"), `killed at step ${at}`).toBe(digest("whole"));
});
