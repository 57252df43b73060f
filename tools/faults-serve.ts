/**
 * Starts `precipice serve` and lets clients that mean no good at it, from another process: idle connections, large lists, aborts,
 * slow readers, bodies that stall. A third process asks /health and a small request all the while. Prints the server's memory and how
 * long both took; fails where memory grows beyond a bound, where /health takes longer than 100 ms, or where a small request is lost.
 *
 *   npm run faults:serve
 *   npm run faults:serve -- --connections 1000 --seconds 30 --json
 */
import { fork, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Watched } from "./faults-serve/watch.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1000" },
    /** How long each kind of load lasts. */
    seconds: { type: "string", default: "8" },
    /** Most MB that the server may grow by. */
    growth: { type: "string", default: "500" },
    json: { type: "boolean", default: false },
  },
});
const [connections, seconds, growth] = [values.connections, values.seconds, values.growth].map(Number) as [
  number,
  number,
  number,
];
const say = (text: string): void => {
  if (!values.json) console.log(text);
};
const program = fileURLToPath(new URL("../packages/cli/bin/precipice.mjs", import.meta.url));
const part = (name: string): string => fileURLToPath(new URL(`./faults-serve/${name}.ts`, import.meta.url));

const args = [
  "serve",
  "cliff=organism://cliff",
  "--port",
  "0",
  "--workers",
  "1",
  "--threads",
  "1",
  "--json",
  "--quiet",
];
const server = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
/** Resident memory of the server in MB; linux only, elsewhere not told. */
const memory = (): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
};

try {
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: server.stdout }).once("line", (line) => resolve(JSON.parse(line).url.replace("/v1", "")));
    server.once("exit", (code) => reject(new Error(`the server ended with code ${code}`)));
  });
  // warm: what is loaded on the first request is not what a load costs
  await watch(url, 1);
  const before = memory();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, memory());
  }, 100);
  const told: Array<{ readonly kind: string; readonly memoryMb: number } & Watched> = [];
  for (const kind of ["none", "idle", "lists", "aborts", "slow", "stalled", "bodies"]) {
    const load = fork(part("load"), [url, kind, `${connections}`], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    await new Promise((resolve) => load.once("message", resolve)); // it has begun
    const watched = await watch(url, seconds);
    load.kill("SIGKILL");
    const memoryMb = Math.round(memory());
    told.push({ kind, memoryMb, ...watched });
    say(
      `${kind.padEnd(8)} health p50 ${ms(watched.health.p50)} p99 ${ms(watched.health.p99)} max ${ms(watched.health.max)} (${watched.health.count}); ` +
        `small p50 ${ms(watched.small.p50)} p99 ${ms(watched.small.p99)} max ${ms(watched.small.max)} (${watched.small.count}, ` +
        `${watched.busy} told to come later, ${watched.lost} lost); ${memoryMb} MB`,
    );
  }
  // everybody has left: nothing may be left of them
  const deadline = Date.now() + 10_000;
  let rows = -1;
  while (rows !== 0 && Date.now() < deadline)
    rows = ((await (await fetch(`${url}/health`)).json()) as { rows: number }).rows;
  clearInterval(sampling);
  const loaded = told.filter(({ kind }) => kind !== "none");
  const worst = Math.max(...loaded.map(({ health }) => health.max));
  const lost = loaded.reduce((sum, one) => sum + one.lost, 0);
  const grown = most - before;
  const ok = rows === 0 && lost === 0 && worst <= 100 && !(grown > growth);
  if (values.json) console.log(JSON.stringify({ connections, before, most, rows, worst, lost, told }));
  say(
    `memory ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most; ${rows} rows left; /health at most ${ms(worst)}; ${lost} lost: ${ok ? "holds" : "does not hold"}`,
  );
  if (!ok) process.exitCode = 1;
} finally {
  server.kill("SIGKILL");
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function watch(url: string, forSeconds: number): Promise<Watched> {
  const child = fork(part("watch"), [url, `${forSeconds}`]);
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Watched));
    child.once("exit", (code) => code !== 0 && reject(new Error("the watcher failed")));
  });
}
