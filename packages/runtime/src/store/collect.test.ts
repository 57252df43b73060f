import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as Effect from "effect/Effect";
import { beforeEach, describe, expect, it } from "vitest";
import { mapping, registry, resetMapping, Squares } from "../fixtures/mapping.ts";
import { gate } from "../fixtures/numbers.ts";
import { planLines, planned, run } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { digestOf } from "../plan/canonical.ts";
import { execute } from "../run/execute.ts";
import { type CollectOptions, collect } from "./collect.ts";
import { listEntries } from "./entries.ts";
import { leaseOf } from "./leases.ts";
import { pin, unpin } from "./pins.ts";
import { open } from "./store.ts";
import { verifyEntry } from "./verify.ts";

const text = (seed: number) => `version: 1
nodes:
  a: { stage: num.source, config: { seed: ${seed}, values: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }
  b: { stage: num.square, inputs: { numbers: a } }
`;
const day = 86_400_000;

beforeEach(() => {
  resetMapping();
  gate.waiting = false;
  gate.open = false;
});

const once = (root: string, seed: number) => run({ root, text: text(seed), registry });
const gc = (root: string, options: CollectOptions = {}) =>
  Effect.runPromise(Effect.flatMap(open(root), (store) => collect(store, options)));
const entries = (root: string) => Effect.runPromise(listEntries(join(root, ".precipice")));
const cached = (root: string, seed: number) =>
  planLines({ root, text: text(seed), registry }).then(
    (lines) => lines.filter((line) => line.includes("cached")).length,
  );

describe("garbage collection", () => {
  it("without a policy removes nothing that is whole", async () => {
    const root = temporaryFolder();
    await once(root, 1);
    const before = await entries(root);
    expect(await gc(root)).toMatchObject({ removed: [], orphans: 0 });
    expect(await entries(root)).toEqual(before);
  });

  it("by reachability keeps pins, the last runs, and all they were made from", async () => {
    const root = temporaryFolder();
    const first = await once(root, 1);
    await once(root, 2);
    await once(root, 3);
    const digest = first.plan.nodes[1]?.digests.squares ?? "?";
    const base = join(root, ".precipice");
    await Effect.runPromise(pin(base, digest, "b"));
    const dry = await gc(root, { unreachable: true, keepRuns: 1, dryRun: true });
    expect(dry.removed.length).toBeGreaterThan(0);
    expect(await cached(root, 2)).toBe(2);
    const collected = await gc(root, { unreachable: true, keepRuns: 1 });
    expect(collected.removed).toEqual(dry.removed);
    expect([await cached(root, 1), await cached(root, 2), await cached(root, 3)]).toEqual([2, 0, 2]);
    // Shards stay with what was put together from them: the same rows need no work under another node key.
    expect(mapping.opened).toBe(1);
    await Effect.runPromise(unpin(base, digest));
    await gc(root, { unreachable: true, keepRuns: 1 });
    expect([await cached(root, 1), await cached(root, 3)]).toEqual([0, 2]);
    // the last complete run of a pipeline stays whatever is asked for
    expect(await gc(root, { unreachable: true, keepRuns: 0 })).toMatchObject({ keptRuns: { recent: 0, complete: 1 } });
    expect(await cached(root, 3)).toBe(2);
  });

  it("by reachability keeps the last complete run of each pipeline, however many runs of others came after", async () => {
    const root = temporaryFolder();
    const other = text(1).replace("version: 1", "version: 1\nname: other");
    const changed = other.replaceAll("seed: 1", "seed: 2");
    await run({ root, text: other, registry });
    // neither a part of it nor a run that failed takes its place
    await run({ root, text: changed, registry, only: "a" });
    await run({ root, text: other.replace("values: [", "values: [-1, "), registry, only: "a" });
    for (let i = 0; i < 3; i++) await once(root, 1);
    const { keptRuns, removed } = await gc(root, { unreachable: true, keepRuns: 2 });
    expect(keptRuns?.recent).toBe(2);
    expect((await planLines({ root, text: other, registry })).every((line) => line.includes(": cached"))).toBe(true);
    expect(removed.every(({ digest }) => digest !== "")).toBe(true);
    expect(await cached(root, 1)).toBe(2);
  });

  it("by age counts from the last run that used it", async () => {
    const root = temporaryFolder();
    await once(root, 1);
    expect((await gc(root, { olderThanMs: day, nowMs: Date.now() + day / 2 })).removed).toEqual([]);
    const { removed } = await gc(root, { olderThanMs: day, nowMs: Date.now() + 40 * day });
    expect(removed[0]?.reason).toBe("not used for 40 days");
    expect(await entries(root)).toEqual([]);
  });

  it("by size removes the longest unused first, no more than needed", async () => {
    const root = temporaryFolder();
    await once(root, 1);
    await once(root, 2);
    const all = await entries(root);
    const bytes = all.reduce((sum, entry) => sum + entry.bytes, 0);
    const { removed, keptBytes, freedBytes } = await gc(root, { maxBytes: bytes - 1 });
    expect(removed).toHaveLength(1);
    expect([keptBytes + freedBytes, keptBytes]).toEqual([
      bytes,
      (await entries(root)).reduce((s, e) => s + e.bytes, 0),
    ]);
    expect(await cached(root, 2)).toBe(2);
    await gc(root, { maxBytes: 0 });
    expect(await entries(root)).toEqual([]);
  });

  it("leaves what a running run uses, and its shards", async () => {
    const root = temporaryFolder();
    const { result } = await once(root, 1);
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const store = yield* open(root);
          yield* store.lock(leaseOf(result.id));
          expect(yield* collect(store, { unreachable: true, keepRuns: 0, maxBytes: 0 })).toMatchObject({ removed: [] });
        }),
      ),
    );
    expect(await cached(root, 1)).toBe(2);
  });

  it("removes work in progress that is published or old, but not under a lock", async () => {
    const root = temporaryFolder();
    const { plan } = await once(root, 1);
    const published = plan.store.scratchOf(digestOf(plan.nodes[1]?.key));
    const [old, fresh, held] = ["0a", "0b", "0c"].map((digest) => plan.store.scratchOf(digest)) as [
      string,
      string,
      string,
    ];
    const age = (Date.now() - 8 * day) / 1000;
    for (const folder of [published, old, fresh, held]) {
      mkdirSync(join(folder, "step"), { recursive: true });
      writeFileSync(join(folder, "step/state"), "12345");
      if (folder !== old && folder !== held) continue;
      utimesSync(join(folder, "step/state"), age, age);
      utimesSync(folder, age, age);
    }
    const reasons = [
      { digest: "0a", bytes: 5, reason: "work in progress, untouched for 8 days" },
      { digest: basename(published), bytes: 5, reason: "work in progress on a result that is published" },
    ];
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const store = yield* open(root);
          yield* store.lock("0c");
          for (const dryRun of [true, false]) {
            const { scratch } = yield* collect(store, { dryRun });
            expect(scratch.toSorted((a, b) => a.reason.length - b.reason.length)).toEqual(reasons);
            expect([published, old, fresh, held].map(existsSync)).toEqual([dryRun, dryRun, true, true]);
          }
        }),
      ),
    );
    expect((await gc(root)).scratch.map(({ digest }) => digest)).toEqual(["0c"]);
    expect([fresh, held].map(existsSync)).toEqual([true, false]);
  });

  it("between a plan and its run is an error that says to run again", async () => {
    const root = temporaryFolder();
    await once(root, 1);
    const plan = await Effect.runPromise(planned({ root, text: text(1), registry }));
    await gc(root, { maxBytes: 0 });
    const error = await Effect.runPromise(Effect.flip(execute(plan)));
    expect(error).toMatchObject({ code: "E_PLAN_STALE" });
  });

  it("removes what killed processes left, and entries without a manifest", async () => {
    const root = temporaryFolder();
    await once(root, 1);
    const base = join(root, ".precipice");
    const { claim, nameOf } = await import("./owner.ts");
    const dead = nameOf({ ...claim(), born: "1" });
    const alive = nameOf(claim());
    for (const name of [dead, alive]) mkdirSync(join(base, "tmp", name, "half"), { recursive: true });
    writeFileSync(join(base, `nodes/a.json.${dead}.tmp`), "{");
    writeFileSync(join(root, `runs/.latest-${dead}`), "");
    mkdirSync(join(base, "store/numbers/00000000000000000000000000000000"));
    const { orphans, removed } = await Effect.runPromise(
      Effect.flatMap(open(root, { sweep: false }), (store) => collect(store)),
    );
    expect(orphans).toBe(3);
    expect(removed.map(({ reason }) => reason)).toEqual(["it cannot be read: artifact.json is missing"]);
    expect([existsSync(join(base, "tmp", dead)), existsSync(join(base, "tmp", alive))]).toEqual([false, true]);
  });
});

describe("verification", () => {
  const verdicts = (root: string) =>
    Effect.runPromise(
      Effect.flatMap(listEntries(join(root, ".precipice")), (found) =>
        Effect.forEach(found, (entry) => verifyEntry(entry, entry.kind === "squares" ? Squares : undefined)),
      ),
    );

  it("finds every change of a byte, a missing file and a foreign one", async () => {
    const root = temporaryFolder();
    const { plan } = await once(root, 1);
    const fine = await verdicts(root);
    expect(fine.length).toBeGreaterThan(2);
    expect(fine.flatMap(({ problems }) => problems)).toEqual([]);
    const folder = plan.store.pathOf(Squares, plan.nodes[1]?.digests.squares ?? "?");
    const problems = async () => (await verdicts(root)).flatMap((verdict) => verdict.problems);
    const { readFileSync } = await import("node:fs");
    for (const file of ["squares.parquet", "points.arrow"]) {
      const path = join(folder, file);
      const whole = readFileSync(path);
      const changed = Buffer.from(whole);
      changed[whole.length >> 1] = (changed[whole.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, changed);
      utimesSync(path, 1, 1);
      expect(await problems()).toContainEqual(`${file} has other bytes than when it was written`);
      writeFileSync(path, whole);
    }
    writeFileSync(join(folder, "extra"), "");
    expect(await problems()).toEqual(["extra does not belong here"]);
    rmSync(join(folder, "extra"));
    rmSync(join(folder, "squares.parquet"));
    expect(await problems()).toContainEqual("squares.parquet is missing");
  });
});
