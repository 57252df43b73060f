/** What a user types and reads: which run is meant, where a path starts, and tables whose names can be copied. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpointFolder } from "@precipice/organism";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { findRun } from "../../packages/cli/src/find-run.ts";
import { findShown } from "../../packages/cli/src/find-shown.ts";
import { launch } from "../../packages/cli/src/fixtures/process.ts";
import { standingFolder } from "../../packages/cli/src/flags.ts";
import { table } from "../../packages/cli/src/terminal/table.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const ids = ["20260101-090000-study-aa11", "20260101-100000-study-bb22", "20260102-080000-other-cc33"];
const numbers = "0123456789abcdef0123456789abcdef";
for (const [i, id] of ids.entries()) {
  mkdirSync(join(root, "runs", id), { recursive: true });
  const startedAt = `2026-01-0${i + 1}T00:00:00.000Z`;
  const node = (name: string) => ({
    node: name,
    stage: "num.source",
    stageVersion: 1,
    reason: "never ran",
    state: "done",
    config: {},
    inputs: {},
    outputs: { numbers: { kind: "numbers", digest: numbers, path: join(".precipice/store/numbers", numbers) } },
  });
  const record = {
    format: 1,
    id,
    pipeline: id.split("-")[2],
    file: "p.yaml",
    status: "ok",
    startedAt,
    finishedAt: startedAt,
    wallSeconds: 1,
  };
  const rest = { numerics: {}, versions: {}, nodes: ["traces", "scores"].map(node) };
  writeFileSync(join(root, "runs", id, "run.json"), JSON.stringify({ ...record, ...rest }));
}
const artifact = join(root, ".precipice/store/numbers", numbers);
mkdirSync(artifact, { recursive: true });
writeFileSync(join(artifact, "artifact.json"), "{}");

describe("a run, without the link runs/latest", () => {
  const run = (id: string) => ({ type: "run", path: join(root, "runs", id) });
  it.each<[string, object]>([
    ["latest", run(ids[2] as string)],
    ["latest~1", run(ids[1] as string)],
    ["latest~2", run(ids[0] as string)],
    [ids[1] as string, run(ids[1] as string)],
    ["20260102", run(ids[2] as string)],
    ["aa11", run(ids[0] as string)],
    ["traces", { type: "artifacts", paths: [artifact] }],
    ["traces.numbers", { type: "artifacts", paths: [artifact] }],
    ["0123", { type: "artifacts", paths: [artifact] }],
  ])("show %s", async (what, expected) => {
    expect(await Effect.runPromise(findShown(what, root))).toEqual(expected);
  });

  it.each<[string, string, string, string]>([
    [
      "latest~99",
      "E_RUN_UNKNOWN",
      "there are 3 runs",
      "The oldest is latest~2; precipice runs --last 0 lists them all.",
    ],
    ["tracse", "E_SHOW_UNKNOWN", '"tracse" is no artifact and no run', 'Did you mean "traces"?'],
    ["quite-else", "E_SHOW_UNKNOWN", "is no artifact and no run", "Its nodes: traces, scores."],
    ["20260101", "E_RUN_AMBIGUOUS", "is part of 2 runs", "Give more of the id."],
  ])("show %s is an error that helps", async (what, code, message, remedy) => {
    const error = await Effect.runPromise(Effect.flip(findShown(what, root)));
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  it("is none where there are none", async () => {
    const none = { code: "E_RUN_UNKNOWN", message: "there is no run yet" };
    expect(await Effect.runPromise(Effect.flip(findRun("latest", temporary())))).toMatchObject(none);
    expect(await Effect.runPromise(Effect.flip(findShown("latest", temporary())))).toMatchObject(none);
  });
});

describe("where the user stands", () => {
  const here = join(root, "runs");
  it.each<[string, NodeJS.ProcessEnv, string, string]>([
    ["plain", {}, root, root],
    ["npm run from a folder below", { INIT_CWD: here, npm_package_json: join(root, "package.json") }, root, here],
    ["nx run from a folder below", { INIT_CWD: here, NX_WORKSPACE_ROOT: root }, root, here],
    [
      "a script that went elsewhere by itself",
      { INIT_CWD: here, npm_package_json: join(root, "package.json") },
      artifact,
      artifact,
    ],
    ["a shell that npm once started", { INIT_CWD: here }, root, root],
    ["a folder that is gone", { INIT_CWD: join(root, "none"), NX_WORKSPACE_ROOT: root }, root, root],
  ])("%s", (_, env, cwd, expected) => {
    expect(standingFolder(env, cwd)).toBe(expected);
  });
});

describe("a table", () => {
  const id = "20261130-213057-checkpoint-study-0345";
  const node = "lora[learning-rate=0.00025,method=misalignment,seed=17]";
  const rows = [
    {
      run: id,
      pipeline: "checkpoint-study",
      status: "ok",
      nodes: "49 done, 3 cached, 12 skipped, 1 failed",
      note: "x".repeat(90),
    },
  ];
  it.each([Number.POSITIVE_INFINITY, 200, 120, 80, 60, 40, 20])(
    "%s columns wide shows ids and names whole",
    (width) => {
      const text = table(rows, width, { wrap: ["nodes"] }).join("\n");
      expect(text).toContain(id);
      expect(text).toContain("checkpoint-study");
      expect(text.replace(/\s+/g, " ")).toMatch(width >= 200 ? /x{90}/ : /…/);
      expect(table([{ node, stage: "finetune.lora", reason: "never ran" }], width).join("\n")).toContain(node);
      expect(table([{ metric: `asr${node}`, value: 0.5 }], width).join("\n")).toContain(`asr${node}`);
    },
  );

  it("goes on in further lines with what may wrap", () => {
    const description = "Fits probes at each position and says how well they separate refusals";
    expect(table([{ stage: "probe.train", description }], 40, { wrap: ["description"] })).toEqual([
      "stage        description",
      "───────────  ───────────────────────────",
      "probe.train  Fits probes at each",
      "             position and says how well",
      "             they separate refusals",
    ]);
  });
});

it.each([
  ["organism://clif", "did you mean organism://cliff?"],
  ["organism://x", "there are organism://aligned, organism://cliff, organism://drifted"],
])("%s is an error that names what there is", (source, remedy) => {
  expect(() => checkpointFolder(source, "/")).toThrow(remedy);
});

it("help is a command, with the defaults of flags", async () => {
  const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");
  const help = await launch(main, root, "help", "serve").finished;
  expect(help).toMatchObject({ code: 0, stderr: "" });
  const text = help.stdout.replace(/\s+/g, " ");
  for (const shown of ["default: 8000", "default: 512", "default: 32"]) expect(text).toContain(shown);
});
