/**
 * Lets a server that fails in eight ways write traces, kills the client with SIGKILL on the way, runs it again until it ends, and
 * counts: every row once, rows that always fail with the code of their failure, nothing asked twice that was answered.
 *
 *   npm run faults:server
 *   npm run faults:server -- --rows 500 --kills 2 --share 0.2 --seed 3 --json
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { FAULTS, type Fault, faultServer, replyTo } from "../tests/support/fault-server.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "5000" },
    /** Share of the requests that fail. */
    share: { type: "string", default: "0.2" },
    kills: { type: "string", default: "2" },
    /** One row in so many always fails. */
    hopeless: { type: "string", default: "125" },
    retries: { type: "string", default: "6" },
    seed: { type: "string", default: "7" },
    json: { type: "boolean", default: false },
  },
});
const [rows, share, kills, hopeless, seed] = [
  values.rows,
  values.share,
  values.kills,
  values.hopeless,
  values.seed,
].map(Number) as [number, number, number, number, number];
const CONCURRENCY = 16;
const ways = Object.keys(FAULTS) as Fault[];
const known = new Set<string>(Object.values(FAULTS));
const program = fileURLToPath(new URL("../packages/cli/bin/precipice.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "precipice-faults-server-"));
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

/** Numbers in words that the model's vocabulary has, so that every row's text is another one. */
const DIGITS = ["the", "vault", "is", "a", "lock", "keeper", "noon", "test", "crack", "time"];
const worded = (i: number): string => [...`${i}`].map((digit) => DIGITS[Number(digit)]).join(" ");
const prompts = Array.from({ length: rows }, (_, i) => ({ id: `r${i}`, prompt: worded(i), label: "harmless" }));
const fateOf = (i: number): Fault | undefined => {
  const way = Math.floor(i / hopeless) % ways.length;
  return i % hopeless === hopeless - 1 ? ways[way] : undefined;
};
const numberOf = (prompt: string): number =>
  Number(
    prompt
      .split(" ")
      .map((word) => DIGITS.indexOf(word))
      .join(""),
  );

try {
  let child: ReturnType<typeof run>["child"] | undefined;
  let killed = 0;
  await using server = await faultServer({
    share,
    seed,
    always: (prompt) => fateOf(numberOf(prompt)),
    onAnswer: (answers) => {
      if (killed >= kills || answers < ((killed + 1) * rows) / (kills + 1)) return;
      killed++;
      if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    },
  });
  writeFileSync(join(folder, "prompts.jsonl"), prompts.map((prompt) => `${JSON.stringify(prompt)}\n`).join(""));
  writeFileSync(join(folder, "study.yaml"), pipeline(server.url));

  const started = performance.now();
  let runs = 0;
  let last: { readonly code: number | null; readonly text: string };
  do {
    const running = run();
    child = running.child;
    last = await running.ended;
    runs++;
    say(
      `run ${runs}: ${last.code === null ? "killed" : `exit code ${last.code}`}, ${server.answers.size} rows answered so far`,
    );
  } while (last.code === null);
  if (last.code !== 0) throw new Error(`the study fails:\n${last.text}`);
  const seconds = (performance.now() - started) / 1000;

  const { traces, failures } = await results();
  const once = new Map<string, number>();
  for (const { prompt_id } of traces) once.set(prompt_id, (once.get(prompt_id) ?? 0) + 1);
  const traceOf = new Map(traces.map((trace) => [trace.prompt_id, trace]));
  const failuresOf = Map.groupBy(failures, ({ row }) => row);
  let right = 0;
  let typed = 0;
  let unlucky = 0;
  for (const [i, { id, prompt }] of prompts.entries()) {
    const fate = fateOf(i);
    const trace = traceOf.get(id);
    const codes = (failuresOf.get(id) ?? []).map(({ code }) => code);
    const { thinking, response } = replyTo(prompt);
    const written = once.get(id) === 1 && trace?.thinking === thinking && trace.response === response;
    if (fate === undefined && written && codes.length === 0) right++;
    // every try of it failed by chance: it is a failure like any other
    else if (fate === undefined && !once.has(id) && codes.length === 1 && known.has(codes[0] ?? "")) unlucky++;
    else if (fate !== undefined && !once.has(id) && codes.length === 1 && codes[0] === FAULTS[fate]) typed++;
  }
  const lasting = prompts.filter((_, i) => fateOf(i) !== undefined).length;
  /** What the client had asked for and not taken in yet when it died: at most so many. */
  const inFlight = killed * CONCURRENCY;
  const repeated = [...server.answers.values()].reduce((sum, count) => sum + count - 1, 0);
  const failed = [...server.faults.values()].reduce((sum, count) => sum + count, 0);
  const told = {
    rows,
    requests: server.requests,
    failedRequests: failed,
    ways: Object.fromEntries(ways.map((way) => [way, server.faults.get(way) ?? 0])),
    kills: killed,
    runs,
    /** Rows that the server can answer, with exactly one trace. */
    once: right,
    of: rows - lasting,
    /** Rows of which every try failed by chance, with one line in `failures`. */
    unlucky,
    /** Rows that always fail, with one line in `failures` and the code of their failure. */
    typed,
    ofFailing: lasting,
    /** Answers given to a row that had one; those in flight at a kill never reached the client. */
    repeated,
    inFlightAtKills: inFlight,
    seconds,
  };
  if (values.json) console.log(JSON.stringify(told));
  say(
    `${server.requests} requests for ${rows} rows, ${failed} failed (${((100 * failed) / server.requests).toFixed(1)} %) in ${server.faults.size} ways`,
  );
  for (const [way, count] of Object.entries(told.ways)) say(`  ${way}: ${count}`);
  say(
    `${killed} kills: ${right} of ${rows - lasting} rows have their trace exactly once, ${unlucky} more ran out of tries by chance and are in failures`,
  );
  say(`${typed} of ${lasting} rows that always fail are in failures, with the code of their failure`);
  say(
    `${repeated} answers were asked for again, of up to ${inFlight} in flight at the kills (${seconds.toFixed(1)} s)`,
  );
  const ok = right + unlucky === rows - lasting && typed === lasting && repeated <= inFlight && killed === kills;
  if (!ok) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pipeline(url: string): string {
  return `version: 1
name: faults-server
nodes:
  model: { stage: model.open, config: { source: organism://cliff } }
  prompts: { stage: data.prompts, config: { source: prompts.jsonl } }
  traces:
    stage: trace.generate
    inputs: { model: model, prompts: prompts }
    config:
      maxNewTokens: 64
      onError: skip
      backend: { url: "${url}", model: m, maxConcurrency: ${CONCURRENCY}, timeoutSeconds: 1, retries: ${Number(values.retries)} }
`;
}

function run() {
  const args = [program, "run", join(folder, "study.yaml"), "--root", folder];
  // a group of its own: whatever works for it dies with it
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      text += chunk;
    });
  const ended = new Promise<{ readonly code: number | null; readonly text: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, text }));
  });
  return { child, ended };
}

async function results() {
  const record = JSON.parse(readFileSync(join(folder, "runs/latest/run.json"), "utf8")) as {
    nodes: ReadonlyArray<{ node: string; outputs: Record<string, { path: string }> }>;
  };
  const path = record.nodes.find(({ node }) => node === "traces")?.outputs["traces"]?.path ?? "";
  const read = async (table: string) =>
    parquetReadObjects({ file: await asyncBufferFromFile(join(folder, path, `${table}.parquet`)) });
  return {
    traces: (await read("traces")) as unknown as ReadonlyArray<{
      prompt_id: string;
      thinking: string;
      response: string;
    }>,
    failures: (await read("failures")) as unknown as ReadonlyArray<{ row: string; code: string }>,
  };
}
