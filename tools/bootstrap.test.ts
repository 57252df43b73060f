import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

const bootstrap = join(import.meta.dirname, "bootstrap.mjs");
const run = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [bootstrap, ...args], { encoding: "utf8", cwd: "/" });

it("runs the command in the workspace with its programs first in PATH, passing arguments on", () => {
  const { stdout, status } = run("node", "-p", "process.cwd() + ' ' + process.argv[1] + ' ' + process.env.PATH", "a b");
  const root = join(import.meta.dirname, "..");
  expect(stdout.startsWith(`${root} a b ${join(root, "node_modules/.bin")}`)).toBe(true);
  expect(status).toBe(0);
});

it("gives the command's exit code, and 127 for a command that is not there", () => {
  expect(run("node", "-e", "process.exit(7)").status).toBe(7);
  const missing = run("no-such-command");
  expect(missing.status).toBe(127);
  expect(missing.stderr).toContain("no-such-command cannot be started");
});

it("forwards signals and waits for the command to end in its own way", async () => {
  const code =
    "process.on('SIGTERM', () => setTimeout(() => process.exit(9), 50)); setInterval(() => {}, 1000); console.log('up')";
  const child = spawn(process.execPath, [bootstrap, "node", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [status] = await once(child, "exit");
  expect(status).toBe(9);
});
