/**
 * The paper's study twice: with generation and judging in the process, and through `precipice serve` over HTTP. Prints both
 * values of every metric and whether each lies within the other's interval.
 *
 *   npm run served-study
 *   npm run served-study -- --api completions --json
 *   npm run served-study -- --to scores_cliff        only that node and what it needs, before any repair
 *
 * The arms that `heads.ablate` writes are written in the process either way: that stage scales the heads itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    pipeline: { type: "string", default: path("../pipelines/paper-repro.yaml") },
    /** chat: the server renders the template and splits the thinking; completions: exact tokens in, exact tokens out. */
    api: { type: "string", default: "chat" },
    /** Folder for both stores: what is stored there is not computed again. Default: a temporary one. */
    folder: { type: "string" },
    /** Run this node and what it needs; it may need no repaired model. */
    to: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const program = path("../packages/cli/bin/precipice.mjs");
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "precipice-served-"));
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

/** Nodes by who writes or judges. The repaired models are the cliff with the adapters that this very study trains. */
const WRITERS = {
  cliff: ["probe_traces", "base_traces", "pool_traces"],
  aligned: ["aligned_probe_traces", "aligned_traces"],
} as const;
const REPAIRS = ["cliff", "random", "full"] as const;
const JUDGED = [
  "probe_verdicts",
  "aligned_probe_verdicts",
  "base_verdicts",
  "aligned_verdicts",
  "ablated_verdicts",
  "pool_verdicts",
  ...REPAIRS.map((arm) => `repaired_${arm}_verdicts`),
];

interface Metric {
  readonly value: number;
  readonly ci95?: readonly [number, number];
}

const servers: ChildProcess[] = [];
try {
  const started = performance.now();
  const part = values.to === undefined ? [] : ["--to", values.to];
  await run(["run", values.pipeline, "--root", join(folder, "here"), ...part]);
  const hereSeconds = (performance.now() - started) / 1000;
  say(`in the process: ${hereSeconds.toFixed(0)} s`);

  const again = performance.now();
  const there = ["run", values.pipeline, "--root", join(folder, "served")];
  const models = ["cliff=organism://cliff", "aligned=organism://aligned"];
  const first = await serve([...models, "--judge", "organism-rules"]);
  const sets = [
    ...Object.entries(WRITERS).flatMap(([model, nodes]) => nodes.map((node) => backend(node, first, model))),
    ...JUDGED.map((node) =>
      set(node, "judge", { kind: "classifier", url: first, model: "organism-rules", maxConcurrency: 32 }),
    ),
  ];
  if (values.to === undefined) {
    const adapters: string[] = [];
    for (const arm of REPAIRS) {
      await run([...there, ...sets, "--to", `lora_${arm}`]);
      adapters.push("--adapter", `repaired_${arm}=${adapterOf(`lora_${arm}`)}`);
    }
    const second = await serve(["cliff=organism://cliff", ...adapters]);
    const repaired = REPAIRS.map((arm) => backend(`repaired_${arm}_traces`, second, `repaired_${arm}`));
    await run([...there, ...sets, ...repaired]);
  } else await run([...there, ...sets, ...part]);
  const servedSeconds = (performance.now() - again) / 1000;
  say(`served: ${servedSeconds.toFixed(0)} s`);

  const [here, served] = [metricsOf("here"), metricsOf("served")];
  const rows = Object.keys({ ...here, ...served }).map((key) => {
    const [a, b] = [here[key], served[key]];
    return { key, here: a, served: b, within: a !== undefined && b !== undefined && within(a, b) && within(b, a) };
  });
  for (const { key, here: a, served: b, within: fits } of rows)
    say(`${fits ? "✓" : "✗"} ${key.padEnd(44)} ${shown(a)}   ${shown(b)}`);
  const outside = rows.filter((row) => !row.within).map(({ key }) => key);
  const same = rows.filter(({ here: a, served: b }) => a?.value === b?.value).length;
  if (values.json)
    console.log(JSON.stringify({ api: values.api, metrics: rows.length, same, outside, hereSeconds, servedSeconds }));
  say(
    `${rows.length - outside.length} of ${rows.length} metrics within each other's intervals, ${same} the same to the last digit`,
  );
  if (outside.length > 0) process.exitCode = 1;
} finally {
  for (const server of servers) server.kill("SIGTERM");
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** Equal, or inside the other's interval. */
function within({ value }: Metric, other: Metric): boolean {
  if (value === other.value) return true;
  const [lo, hi] = other.ci95 ?? [other.value, other.value];
  return value >= lo && value <= hi;
}

function shown(metric: Metric | undefined): string {
  if (metric === undefined) return "missing";
  const interval = metric.ci95 === undefined ? "" : ` (${metric.ci95.map((bound) => bound.toFixed(3)).join("–")})`;
  return `${metric.value.toFixed(4)}${interval}`.padEnd(24);
}

function set(node: string, key: string, value: object): string {
  return `nodes.${node}.config.${key}=${JSON.stringify(value)}`;
}

function backend(node: string, url: string, model: string): string {
  return set(node, "backend", { url, model, api: values.api, maxConcurrency: 48 });
}

function metricsOf(name: string): Readonly<Record<string, Metric>> {
  return JSON.parse(readFileSync(join(folder, name, "runs/latest/summary.json"), "utf8")).metrics;
}

function adapterOf(node: string): string {
  const record = JSON.parse(readFileSync(join(folder, "served/runs/latest/run.json"), "utf8")) as {
    nodes: ReadonlyArray<{ node: string; outputs: Record<string, { kind?: string; path: string }> }>;
  };
  const found = record.nodes.find((one) => one.node === node)?.outputs["adapter"];
  if (found !== undefined) return join(folder, "served", found.path);
  throw new Error(`the run has no adapter of ${node}`);
}

async function run(args: ReadonlyArray<string>): Promise<void> {
  const full = args.flatMap((arg) => (arg.startsWith("nodes.") ? ["--set", arg] : [arg]));
  const child = spawn(process.execPath, [program, ...full], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      text += chunk;
    });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`precipice ${args.slice(0, 2).join(" ")} ended with ${code}:\n${text.slice(-4000)}`);
}

/** The address of a server that is ready. It ends with this process. */
async function serve(args: ReadonlyArray<string>): Promise<string> {
  const child = spawn(process.execPath, [program, "serve", ...args, "--port", "0", "--json", "--quiet"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  servers.push(child);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line).url));
    child.on("close", (code) => reject(new Error(`precipice serve ended with ${code}`)));
  });
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
