import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { type DiskCall, intercept } from "../disk.ts";
import { gate, runs } from "../fixtures/numbers.ts";
import { planned, run } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { execute } from "./execute.ts";
import { resolveLatest } from "./latest.ts";
import { listRuns } from "./list.ts";

const text = `version: 1
name: demo
nodes:
  a: { stage: num.source }
  total: { stage: num.sum, inputs: { numbers: [a] } }
`;

beforeEach(() => {
  runs.clear();
  gate.waiting = false;
  gate.open = false;
});

/** From now on every call that `refused` says yes to fails with `code`. */
function refuse(code: string, refused: (call: DiskCall) => boolean): void {
  const stop = intercept((call) => {
    if (refused(call)) throw Object.assign(new Error(`${code}: refused, ${call.operation}`), { code });
  });
  onTestFinished(stop);
}

const writes = ({ operation }: DiskCall): boolean => ["mkdir", "open", "write", "rename"].includes(operation);

it.each([
  ["the store", "EROFS", /[\\/]\.precipice[\\/]locks[\\/]/, "The folder is read-only"],
  ["the folder of runs", "EROFS", /[\\/]runs[\\/]/, "The folder is read-only"],
  ["the record of a run", "ENOSPC", /run\.json/, "The disk is full"],
])("where %s refuses with %s there is no run, and the latest stays", async (_, code, place, remedy) => {
  const root = temporaryFolder();
  const { result } = await run({ root, text });
  refuse(code, (call) => writes(call) && place.test(call.path));
  const error = await run({ root, text }).then(
    () => undefined,
    (failure) => failure,
  );
  expect(error).toMatchObject({ code: "E_IO", remedy: expect.stringContaining(remedy) });
  expect(error.message).toContain(code);
  expect(readdirSync(join(root, "runs")).sort()).toEqual([result.id, "latest"]);
  expect(readFileSync(join((await resolveLatest(join(root, "runs"))) ?? "", "run.json"), "utf8")).toContain(result.id);
});

it("a disk that is full at the end leaves a record that says so, and the results", async () => {
  const root = temporaryFolder();
  refuse("ENOSPC", (call) => call.operation === "write" && /summary\.json/.test(call.path));
  await expect(run({ root, text })).rejects.toMatchObject({ code: "E_IO" });
  const [listed] = await Effect.runPromise(listRuns(root));
  expect(listed).toMatchObject({
    status: "failed",
    record: {
      finishedAt: expect.any(String),
      error: {
        code: "E_IO",
        message: expect.stringContaining("ENOSPC"),
        remedy: expect.stringContaining("disk is full"),
      },
      nodes: [{ state: "done" }, { state: "done" }],
    },
  });
  refuse("", () => false);
  expect((await run({ root, text })).states).toEqual(["a: cached", "total: cached"]);
});

it.each([
  [130, "interrupted"],
  [1, "failed"],
])("a process that ends at once with %i leaves a run that is %s", async (code, status) => {
  const root = temporaryFolder();
  const before = new Set(process.listeners("exit"));
  const plan = await Effect.runPromise(planned({ root, text }));
  let ended: (() => void) | undefined;
  const done = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const fiber = Effect.runFork(
    execute(plan, {
      onEvent: ({ type }) => {
        if (type !== "node.done") return;
        for (const listener of process.listeners("exit")) if (!before.has(listener)) listener.call(process, code);
        const [id = ""] = readdirSync(join(root, "runs")).filter((name) => name !== "latest");
        expect(JSON.parse(readFileSync(join(root, "runs", id, "run.json"), "utf8"))).toMatchObject({ status });
        ended?.();
      },
    }),
  );
  await done;
  await Effect.runPromise(Fiber.join(fiber));
  expect(process.listeners("exit").filter((listener) => !before.has(listener))).toEqual([]);
  expect(existsSync(join(root, "runs/latest/summary.json"))).toBe(true);
});
