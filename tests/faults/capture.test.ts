/** A capture that is killed in the middle goes on from its shards and gives the bytes of one that was not. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const program = fileURLToPath(new URL("../../packages/cli/bin/precipice.mjs", import.meta.url));
const pipeline = `version: 1
name: capture
nodes:
  model: { stage: model.open, config: { source: organism://cliff } }
  prompts: { stage: data.prompts, config: { source: organism://pool, count: 480 } }
  traces: { stage: trace.generate, inputs: { model: model, prompts: prompts }, config: { maxNewTokens: 64 } }
  activations:
    stage: probe.capture
    inputs: { model: model, traces: traces }
    config: { sites: all, positions: [all] }
`;

const start = (root: string, ...args: ReadonlyArray<string>) =>
  spawn(process.execPath, [program, "run", join(root, "capture.yaml"), "--root", root, ...args], {
    detached: true,
    stdio: "ignore",
  });

const run = async (root: string, ...args: ReadonlyArray<string>): Promise<void> => {
  const [code] = await once(start(root, ...args), "exit");
  expect(code).toBe(0);
};

/** Names of whole shards. */
function shards(root: string): ReadonlyArray<string> {
  const scratch = join(root, ".precipice/scratch");
  if (!existsSync(scratch)) return [];
  return readdirSync(scratch).flatMap((key) => {
    const folder = join(scratch, key, "shards");
    return existsSync(folder) ? readdirSync(folder) : [];
  });
}

interface Shard {
  readonly digest: string;
  readonly state: string;
}

function captured(root: string): { readonly digest: string; readonly sha256: string; readonly shards: Shard[] } {
  const record = JSON.parse(readFileSync(join(root, "runs/latest/run.json"), "utf8"));
  const { shards: made, outputs } = record.nodes.find(({ node }: { node: string }) => node === "activations");
  const bytes = readFileSync(join(root, outputs.activations.path, "activations.arrow"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { digest: outputs.activations.digest, sha256, shards: made };
}

it("computes only the shards that are missing after kill -9", async () => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-capture-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const calm = join(folder, "calm");
  writeFileSync(join(folder, "capture.yaml"), pipeline);
  await run(folder, "--to", "traces");
  const killed = join(folder, "killed");
  for (const root of [calm, killed]) {
    for (const part of [".precipice", "capture.yaml"])
      cpSync(join(folder, part), join(root, part), { recursive: true });
  }
  await run(calm);
  const whole = captured(calm);
  expect(whole.shards.length).toBeGreaterThan(2);
  expect(shards(calm)).toEqual([]);

  const child = start(killed);
  const ended = once(child, "exit");
  while (shards(killed).length === 0 && child.exitCode === null) await new Promise((next) => setTimeout(next, 2));
  process.kill(-(child.pid as number), "SIGKILL");
  expect((await ended)[1]).toBe("SIGKILL");
  const kept = shards(killed);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(whole.shards.length);

  await run(killed);
  const resumed = captured(killed);
  const found = resumed.shards.filter(({ state }) => state === "cached").map(({ digest }) => digest);
  expect(found.sort()).toEqual([...kept].sort());
  expect(resumed.shards).toHaveLength(whole.shards.length);
  expect([resumed.digest, resumed.sha256]).toEqual([whole.digest, whole.sha256]);
  expect(shards(killed)).toEqual([]);
}, 900_000);
