/**
 * Changes the weights of a model at random moments of a study that reads them, puts them back, runs the study again, and looks at
 * what came of it: no stored result may differ from that of a study with calm weights, and no run may end without a word.
 *
 *   npm run faults:weights -- --moments 50
 *   npm run faults:weights -- --moments 10 --seed 3 --json
 */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { random } from "@precipice/stats";
import { damagedDigests, storedHashes } from "./stored-results.ts";

const { values } = parseArgs({
  options: {
    moments: { type: "string", default: "50" },
    seed: { type: "string", default: "7" },
    /** Rows of each set of prompts. */
    count: { type: "string", default: "24" },
    folder: { type: "string", default: existsSync("/dev/shm") ? "/dev/shm" : tmpdir() },
    json: { type: "boolean", default: false },
  },
});
const program = path("../packages/cli/bin/precipice.mjs");
const study = path("../tests/e2e/fixtures/faults-study.yaml");
const weights = (name: string): string => path(`../packages/organism/weights/${name}/model.safetensors`);
const moments = Number(values.moments);
const draw = random(Number(values.seed), "faults-weights");
const folder = mkdtempSync(join(values.folder, "precipice-weights-"));
const model = join(folder, "model");
const file = join(model, "model.safetensors");
const limitMs = 300_000;

/** What happens to the file, whose end undoes it. The content of `drifted` has the same shapes and other values. */
const modes: Readonly<Record<string, () => () => void>> = {
  /** Written over in place; the times are put back with the content. */
  "written over": () => {
    const { atime, mtime } = statSync(file);
    writeFileSync(file, readFileSync(weights("drifted")));
    return () => {
      writeFileSync(file, readFileSync(weights("cliff")));
      utimesSync(file, atime, mtime);
    };
  },
  /** Another file takes the name; later the first one takes it back. */
  replaced: () => {
    renameSync(file, join(folder, "first"));
    copyFileSync(weights("drifted"), join(folder, "other"));
    renameSync(join(folder, "other"), file);
    return () => renameSync(join(folder, "first"), file);
  },
  truncated: () => {
    truncateSync(file, Math.floor(draw.next() * statSync(file).size));
    return () => writeFileSync(file, readFileSync(weights("cliff")));
  },
  removed: () => {
    renameSync(file, join(folder, "first"));
    return () => renameSync(join(folder, "first"), file);
  },
};

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly text: string;
  readonly hung: boolean;
}

/** Runs the study; `during` is called at once. */
async function run(root: string, during: () => Promise<void> = async () => undefined): Promise<Ended> {
  const sets = ["--set", `vars.count=${values.count}`, "--set", `nodes.model.config.source=${model}`];
  const child = spawn(process.execPath, [program, "run", study, "--root", root, ...sets], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let hung = false;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const timer = setTimeout(() => {
    hung = true;
    process.kill(-(child.pid as number), "SIGKILL");
  }, limitMs);
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, text, hung }));
  });
  await during();
  const result = await ended;
  clearTimeout(timer);
  return result;
}

/** The statuses of the run records under a root. */
const statuses = (root: string): ReadonlyArray<string> => {
  const runs = join(root, "runs");
  if (!existsSync(runs)) return [];
  const folders = readdirSync(runs, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => JSON.parse(readFileSync(join(runs, name, "run.json"), "utf8")).status as string);
};

const say = (line: string): void => {
  if (!values.json) console.log(line);
};

try {
  cpSync(path("../packages/organism/weights/cliff"), model, { recursive: true });
  const calm = join(folder, "calm");
  const started = performance.now();
  const first = await run(calm);
  const wholeMs = performance.now() - started;
  if (first.code !== 0) throw new Error(`the study fails with calm weights:\n${first.text}`);
  const expected = storedHashes(calm);
  say(`seed ${values.seed}; calm: ${(wholeMs / 1000).toFixed(1)} s, ${expected.size} files of results`);

  const tally = {
    moments: 0,
    ok: 0,
    refused: 0,
    deaths: 0,
    otherResults: 0,
    silentDeaths: 0,
    unfinished: 0,
    hangs: 0,
    notWhole: 0,
  };
  const codes: Record<string, number> = {};
  for (let i = 0; i < moments; i++) {
    const root = join(folder, `study-${i}`);
    const mode = Object.keys(modes)[i % Object.keys(modes).length] as string;
    const atMs = draw.next() * wholeMs;
    // Half of the changes are undone while the run goes on.
    const backMs = draw.next() < 0.5 ? draw.next() * 1500 : undefined;
    let undo = (): void => undefined;
    const { code, signal, text, hung } = await run(root, async () => {
      await sleep(atMs);
      undo = (modes[mode] as () => () => void)();
      if (backMs === undefined) return;
      await sleep(backMs);
      undo();
      undo = () => undefined;
    });
    undo();
    tally.moments += 1;
    const told = [...new Set(text.match(/\bE_[A-Z_]+/g))];
    for (const one of told) codes[one] = (codes[one] ?? 0) + 1;
    if (hung) tally.hangs += 1;
    else if (code === 0) tally.ok += 1;
    else if (signal !== null || (code ?? 0) > 128) tally.deaths += 1;
    else tally.refused += 1;
    const silent = !hung && code !== 0 && told.length === 0;
    if (silent) tally.silentDeaths += 1;
    const ended = statuses(root);
    const unfinished = ended.some((status) => status !== (code === 0 ? "ok" : "failed"));
    if (unfinished) tally.unfinished += 1;
    const differ = [...storedHashes(root)]
      .filter(([name, sha256]) => expected.get(name) !== sha256)
      .map(([name]) => name);
    if (differ.length > 0) tally.otherResults += 1;
    const again = await run(root);
    const whole = storedHashes(root);
    const wrong = [...expected].filter(([name, sha256]) => whole.get(name) !== sha256).map(([name]) => name);
    const sound = again.code === 0 && wrong.length === 0 && (await damagedDigests(root)).length === 0;
    if (!sound) tally.notWhole += 1;
    const back = backMs === undefined ? "after the run" : `${Math.round(backMs)} ms later`;
    say(`${i + 1}/${moments} ${mode} at ${Math.round(atMs)} ms, undone ${back}: ${signal ?? code} ${told.join(" ")}`);
    if (silent || unfinished || differ.length > 0 || !sound)
      say(`  records ${ended}; differ: ${differ}; after: ${again.code}, ${wrong}\n${text}\n${again.text}`);
    rmSync(root, { recursive: true, force: true });
  }
  console.log(JSON.stringify({ seed: Number(values.seed), ...tally, codes }, null, values.json ? undefined : 2));
  const { otherResults, silentDeaths, unfinished, hangs, notWhole } = tally;
  process.exitCode = otherResults + silentDeaths + unfinished + hangs + notWhole > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
