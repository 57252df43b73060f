/** A process that a signal ends which it does not send itself: somebody says so, and its record ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const launcher = join(import.meta.dirname, "../../packages/cli/bin/precipice.mjs");

const text = `version: 1
nodes:
  model: { stage: model.open, config: { source: organism://cliff } }
  prompts: { stage: data.prompts, config: { source: organism://requests, split: train, count: 400 } }
  traces: { stage: trace.generate, inputs: { model: model, prompts: prompts }, config: { maxNewTokens: 96 } }
`;

const started = (): {
  folder: string;
  child: ChildProcess;
  told: () => string;
  saw: (what: RegExp) => Promise<RegExpExecArray>;
} => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-death-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "p.yaml"), text);
  const child = spawn(process.execPath, [launcher, "run", "p.yaml", "--root", ".", "--json"], { cwd: folder });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  let told = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (told += chunk));
  const saw = async (what: RegExp) => {
    for (;;) {
      const found = what.exec(out);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { folder, child, told: () => told, saw };
};

const record = (folder: string) => JSON.parse(readFileSync(join(folder, "runs/latest/run.json"), "utf8"));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("a run", () => {
  it("whose process dies by SIGBUS is told, with code 135, and ends as failed", async () => {
    const { folder, child, told, saw } = started();
    await saw(/"type":"node.progress","node":"traces"/);
    process.kill(record(folder).pid, "SIGBUS");
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(135);
    expect(told()).toMatch(/^E_PROCESS the process was ended by SIGBUS\n {2}A file that was in use has become shorter/);
    expect(record(folder)).toMatchObject({ status: "failed", error: { code: "E_PROCESS" } });
  });

  it("whose launcher is killed ends with it", async () => {
    const { folder, child, saw } = started();
    await saw(/"type":"node.progress","node":"traces"/);
    const { pid } = record(folder);
    child.kill("SIGKILL");
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(record(folder).status).toBe("running"); // nobody was left to write; it is listed as killed
  });
});
