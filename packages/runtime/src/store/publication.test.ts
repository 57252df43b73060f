/** What a failing disk does to a run: every call of it fails once, for every k; then the disk stops for good at every k. */
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { beforeEach, describe, expect, it } from "vitest";
import { type DiskCall, intercept } from "../disk.ts";
import { registry as mapping, resetMapping, Squares } from "../fixtures/mapping.ts";
import { planned } from "../fixtures/project.ts";
import { Points, stream } from "../fixtures/streaming.ts";
import { memoryFolder } from "../fixtures/temporary.ts";
import * as Registry from "../registry.ts";
import { execute } from "../run/execute.ts";
import { collect } from "./collect.ts";
import { listEntries } from "./entries.ts";
import { open } from "./store.ts";
import { verifyEntry } from "./verify.ts";

const text = `version: 1
concurrency: 1
nodes:
  a: { stage: num.source, config: { values: [1, 2, 3] } }
  b: { stage: num.square, inputs: { numbers: a }, config: { rowsPerShard: 2 } }
  c: { stage: num.points, inputs: { numbers: a }, config: { rowsPerShard: 1 } }
`;

const registry = Registry.make([...mapping.stages.values(), stream]);

beforeEach(resetMapping);

const go = (root: string) =>
  Effect.runPromise(
    Effect.result(
      Effect.flatMap(planned({ root, text, registry }), (plan) =>
        Effect.map(execute(plan), (result) => ({ plan, result })),
      ),
    ),
  );

const bytesOf = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(root, ".precipice/store"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "artifact.json")
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(root.length), readFileSync(path).toString("hex")]),
  );

const problems = (root: string) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const entries = yield* listEntries(join(root, ".precipice"));
      const verdicts = yield* Effect.forEach(entries, (entry) =>
        verifyEntry(entry, { squares: Squares, points: Points }[entry.kind]),
      );
      return verdicts.flatMap((verdict) => verdict.problems);
    }),
  );

/** Every call below `root`, in order, of a run without faults. */
async function calls(): Promise<{ readonly count: number; readonly bytes: Record<string, string> }> {
  const root = memoryFolder();
  let count = 0;
  const stop = intercept(() => {
    count += 1;
  });
  const ran = await go(root);
  stop();
  expect(ran).toMatchObject({ _tag: "Success", success: { result: { status: "ok" } } });
  return { count, bytes: bytesOf(root) };
}

const failure = (code: string, call: DiskCall) =>
  Object.assign(new Error(`${code}: injected, ${call.operation} ${call.path}`), { code });

/** What a disk that is full has written of a file: a part. */
const tear = ({ operation, path, bytes }: DiskCall): void => {
  if (operation === "write" && bytes !== undefined)
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1), { flag: "a" });
};

describe("a disk call that fails", () => {
  it("whichever it is: a typed error, a clean store, and the next run succeeds", async () => {
    const { count, bytes } = await calls();
    expect(count).toBeGreaterThan(80);
    const seen = new Set<string>();
    // Publications that end together share a flush: one run makes a call or two more or less than another.
    for (let k = 0, ended = false; !ended; k++) {
      const root = memoryFolder();
      const code = k % 2 === 0 ? "ENOSPC" : "EIO";
      let n = 0;
      let failed: DiskCall | undefined;
      const stop = intercept((call) => {
        if (n++ !== k) return;
        failed = call;
        tear(call);
        throw failure(code, call);
      });
      const ran = await go(root);
      stop();
      if (failed === undefined) {
        expect(count - k).toBeLessThan(8);
        ended = true;
        continue;
      }
      seen.add(failed.operation);
      if (ran._tag === "Failure") expect(ran.failure, `${k}: ${failed.operation}`).toMatchObject({ code: "E_IO" });
      else {
        for (const [, node] of ran.success.result.nodes) {
          if (node.state === "failed")
            expect(node.error, `${k}: ${failed.operation} ${failed.path}`).toMatchObject({ code: "E_IO" });
        }
      }
      expect(await problems(root), `${k}: ${failed.operation} ${failed.path}`).toEqual([]);
      const again = await go(root);
      expect(again, `${k}: ${failed.operation} ${failed.path}`).toMatchObject({
        success: { result: { status: "ok" } },
      });
      expect(bytesOf(root)).toEqual(bytes);
    }
    for (const operation of ["mkdir", "open", "write", "sync", "close", "rename", "read", "stat", "list"]) {
      expect(seen).toContain(operation);
    }
  }, 900_000);
});

describe("power that fails", () => {
  it("at any call: what was not flushed is lost, nothing half is published, the next run gives the same bytes", async () => {
    const { count, bytes } = await calls();
    for (let k = 0; k < count; k++) {
      const root = memoryFolder();
      const flushed = new Set<number>();
      let n = 0;
      const stop = intercept((call) => {
        if (n++ >= k) {
          if (n - 1 === k) tear(call);
          throw failure("EIO", call);
        }
        if (call.operation === "sync") flushed.add(statSync(call.path).ino);
      });
      await go(root);
      stop();
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && path.includes(".precipice") && !flushed.has(statSync(path).ino)) truncateSync(path, 0);
      }
      expect(await problems(root), `stopped at call ${k}`).toEqual([]);
      // The process of this test lives on, so its locks do too: a power failure takes them with it.
      rmSync(join(root, ".precipice/locks"), { recursive: true, force: true });
      const again = await go(root);
      expect(again, `stopped at call ${k}`).toMatchObject({ success: { result: { status: "ok" } } });
      expect(bytesOf(root)).toEqual(bytes);
      await Effect.runPromise(Effect.flatMap(open(root), (store) => collect(store)));
    }
  }, 900_000);
});
