/**
 * Renders docs/benchmarks.md from docs/benchmarks/*.json. With names, runs these benchmarks first and records what they print
 * and on which machine.
 *
 *     npm run docs:benchmarks                          render what is recorded
 *     npm run docs:benchmarks -- generation capture    run bench/generation.ts and bench/capture.ts, record, render
 *     npm run -s bench:NAME -- ARGS --json > docs/benchmarks/NAME.json    one that needs arguments
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./pages.ts";
import { markdownTable } from "./table.ts";

type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json };

/** A file of docs/benchmarks/; the bare output of `--json` will do, its machine is then not known. */
interface Recorded {
  readonly command: string;
  /** Day of the measurement. */
  readonly at: string;
  readonly commit: string;
  readonly machine: { readonly [fact: string]: string };
  readonly result: Json;
}

const folder = join(root, "docs/benchmarks");

const isMap = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Three significant digits, and thousands apart. */
function shown(value: Json): string {
  if (typeof value !== "number")
    return value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
  if (Number.isInteger(value)) return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const digits = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return String(digits).replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

/** `{ a: { b: 1 } }` → `a.b` = 1; lists of maps become tables of their own. */
function figures(value: Json, name = ""): ReadonlyArray<readonly [name: string, value: Json]> {
  if (!isMap(value)) return [[name, value]];
  return Object.entries(value).flatMap(([key, inner]) => figures(inner, name === "" ? key : `${name}.${key}`));
}

const isTable = (value: Json): value is ReadonlyArray<{ readonly [key: string]: Json }> =>
  Array.isArray(value) && value.length > 0 && value.every(isMap);

function resultTables(result: Json): ReadonlyArray<string> {
  const all = isTable(result) ? [["", result] as const] : figures(result);
  const single = all.filter(([, value]) => !isTable(value));
  return [
    ...(single.length === 0
      ? []
      : [
          markdownTable(
            ["figure", "value"],
            single.map(([name, value]) => [`\`${name}\``, shown(value)]),
          ),
          "",
        ]),
    ...all.flatMap(([name, value]) => {
      if (!isTable(value)) return [];
      const rows = value.map((row) => new Map(figures(row)));
      const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
      return [
        ...(name === "" ? [] : [`\`${name}\`:`, ""]),
        markdownTable(
          columns,
          rows.map((row) => columns.map((column) => (row.has(column) ? shown(row.get(column) as Json) : ""))),
        ),
        "",
      ];
    }),
  ];
}

/** First paragraph of the comment that heads a benchmark. */
function aboutOf(name: string): string {
  const file = join(root, "bench", `${name}.ts`);
  if (!existsSync(file)) return "";
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, "utf8")) ?? [];
  const [first = ""] = comment
    .replace(/^\s*\* ?/gm, "")
    .trim()
    .split(/\n\s*\n/);
  return first.replace(/\s*\n\s*/g, " ");
}

/** The page as it must be committed. */
export function benchmarksPage(): string {
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".json"))
        .map((file) => file.replace(/\.json$/, ""))
        .sort()
    : [];
  const sections = names.map((name) => {
    const stored = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Json;
    const recorded =
      isMap(stored) && "result" in stored && "machine" in stored ? (stored as unknown as Recorded) : undefined;
    const facts = Object.entries(recorded?.machine ?? {})
      .map(([fact, value]) => `${fact} ${value}`)
      .join(", ");
    return [
      `## ${name}`,
      "",
      ...[aboutOf(name)].filter((about) => about !== "").flatMap((about) => [about, ""]),
      recorded === undefined
        ? "The machine was not recorded."
        : `\`${recorded.command}\`, ${recorded.at}, commit ${recorded.commit}, on ${facts}.`,
      "",
      ...resultTables(recorded?.result ?? stored),
    ].join("\n");
  });
  return [
    "# Benchmarks",
    "",
    "What `npm run bench:NAME -- --json` printed, rendered by `npm run docs:benchmarks`; with names behind it that command runs the",
    "benchmarks first and records the machine. Numbers of two machines, or of a busy one, cannot be compared. What is behind a figure is",
    "in the benchmark's source in `bench/`.",
    "",
    ...(sections.length === 0 ? ["Nothing is recorded in this checkout.", ""] : sections),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function machineFacts(): { readonly [fact: string]: string } {
  const processors = cpus();
  return {
    CPU: `${processors[0]?.model.trim() ?? "unknown"} × ${processors.length}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    "load average before": (loadavg()[0] ?? 0).toFixed(1),
  };
}

/** Runs `bench/NAME.ts --json` and keeps its output. */
function record(name: string): void {
  const args = [join("bench", `${name}.ts`), "--json"];
  const machine = machineFacts();
  const run = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  const start = run.stdout.search(/^[[{]/m);
  if (start < 0) throw new Error(`bench/${name}.ts --json printed no JSON (exit code ${run.status})`);
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" });
  const recorded: Recorded = {
    command: `node bench/${name}.ts --json`,
    at: new Date().toISOString().slice(0, 10),
    commit: git.stdout.trim(),
    machine,
    result: JSON.parse(run.stdout.slice(start)) as Json,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
  if (run.status !== 0)
    console.error(`bench/${name}.ts ended with exit code ${run.status}: one of its limits was missed`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of process.argv.slice(2)) record(name);
  writeFileSync(join(root, "docs/benchmarks.md"), benchmarksPage());
  console.log("docs/benchmarks.md");
}
