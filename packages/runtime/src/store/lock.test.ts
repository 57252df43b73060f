import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { intercept } from "../disk.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { liveLocks, lock, sweepLocks } from "./lock.ts";
import { claim, machine, type Owner } from "./owner.ts";

const quick = { beatMs: 10, pollMs: 2, staleMs: 80 };

/** A lock as a holder leaves it that is gone. */
function leave(path: string, owner: Owner): string {
  mkdirSync(path, { recursive: true });
  const file = join(path, owner.token);
  writeFileSync(file, JSON.stringify(owner));
  return file;
}

/** A pid that belongs to no process any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}

describe("a lock", () => {
  it("is held by one at a time, and leaves nothing", async () => {
    const path = join(temporaryFolder(), "locks", "a.lock");
    let now = 0;
    let peak = 0;
    const one = Effect.scoped(
      Effect.gen(function* () {
        yield* lock(path, quick);
        now += 1;
        peak = Math.max(peak, now);
        yield* Effect.sleep("2 millis");
        now -= 1;
      }),
    );
    await Effect.runPromise(Effect.forEach(Array.from({ length: 20 }), () => one, { concurrency: "unbounded" }));
    expect(peak).toBe(1);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("is let go when the one that waits is interrupted, and not taken from the holder", async () => {
    const path = join(temporaryFolder(), "a.lock");
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          expect(yield* lock(path, quick)).toBe(false);
          const told: Partial<Owner> = {};
          const waiter = Effect.scoped(lock(path, { ...quick, onWait: (holder) => void Object.assign(told, holder) }));
          yield* Effect.timeoutOption(waiter, "150 millis");
          expect(told).toMatchObject({ pid: process.pid });
          expect(existsSync(path)).toBe(true);
        }),
      ),
    );
    expect(existsSync(path)).toBe(false);
  });

  it("that its holder was wrongly thought dead for is left to whoever took it", async () => {
    const path = join(temporaryFolder(), "locks", "a.lock");
    const other = claim();
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          yield* lock(path, quick);
          const [own = ""] = readdirSync(path);
          unlinkSync(join(path, own));
          leave(path, other);
        }),
      ),
    );
    expect(readdirSync(path)).toEqual([other.token]);
    expect(readdirSync(join(path, ".."))).toEqual(["a.lock"]);
  });

  it("makes nothing new while another is held: its folder is renamed in and out", async () => {
    const folder = join(temporaryFolder(), "locks");
    const calls: Array<string> = [];
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          yield* lock(join(folder, "run.lock"));
          yield* Effect.scoped(lock(join(folder, "a.lock")));
          const stop = intercept(({ operation }) => void calls.push(operation));
          yield* Effect.scoped(lock(join(folder, "b.lock"))).pipe(Effect.ensuring(Effect.sync(stop)));
          expect(existsSync(join(folder, "b.lock"))).toBe(false);
        }),
      ),
    );
    expect(calls).toEqual(["rename", "stat", "rename"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([1, 8])("of a dead process is recovered by one of %i that try at once", async (tries) => {
    const path = join(temporaryFolder(), "a.lock");
    for (let round = 0; round < 10; round++) {
      leave(path, { ...claim(), pid: await deadPid() });
      let now = 0;
      const one = Effect.scoped(
        Effect.gen(function* () {
          yield* lock(path, quick);
          now += 1;
          expect(now).toBe(1);
          yield* Effect.sleep("1 millis");
          now -= 1;
        }),
      );
      await Effect.runPromise(Effect.forEach(Array.from({ length: tries }), () => one, { concurrency: "unbounded" }));
    }
    expect(existsSync(path)).toBe(false);
  });

  it("whose pid was given to another process is recovered", async () => {
    const path = join(temporaryFolder(), "a.lock");
    leave(path, { ...claim(), born: "1" });
    expect(await Effect.runPromise(Effect.scoped(lock(path, quick)))).toBe(false);
  });

  it("of another machine is kept while its heart beats, and recovered when it stops", async () => {
    const path = join(temporaryFolder(), "a.lock");
    const file = leave(path, { ...claim(), host: "elsewhere", machine: "00000000" });
    const beats = setInterval(() => writeFileSync(file, ".", { flag: "a" }), 10);
    const start = performance.now();
    setTimeout(() => clearInterval(beats), 250);
    expect(await Effect.runPromise(Effect.scoped(lock(path, quick)))).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(250);
  });

  it("beats while it is held, and only its own file", async () => {
    const path = join(temporaryFolder(), "a.lock");
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          yield* lock(path, quick);
          const [token = ""] = readdirSync(path);
          yield* Effect.sleep("80 millis");
          expect(readFileSync(join(path, token), "utf8")).toMatch(/\}\.\.+$/);
        }),
      ),
    );
  });

  it("by processes of their own, killed at any moment, never blocks the next", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.lock");
    const script = `
      import * as Effect from "effect/Effect";
      import { lock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
      for (;;) await Effect.runPromise(Effect.scoped(Effect.tap(lock(${JSON.stringify(path)}), () => Effect.sync(() => console.log("held")))));`;
    for (let i = 0; i < 4; i++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: import.meta.dirname });
      await once(child.stdout, "data");
      await new Promise((done) => setTimeout(done, 3 * i));
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(await Effect.runPromise(Effect.scoped(lock(path, quick)))).toBe(false);
    }
    await sweepLocks(folder, false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is listed while its holder lives or may live", async () => {
    const folder = temporaryFolder();
    leave(join(folder, "dead.lock"), { ...claim(), pid: await deadPid() });
    leave(join(folder, "far.lock"), { ...claim(), machine: "00000000" });
    leave(join(folder, "near.lock"), claim());
    expect([...(await liveLocks(folder)).keys()].sort()).toEqual(["far", "near"]);
    expect(await sweepLocks(folder, true)).toBe(1);
    expect(await sweepLocks(folder, false)).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(["far.lock", "near.lock"]);
    expect(machine).toMatch(/^[0-9a-f]{8}$/);
  });
});
