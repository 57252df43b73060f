import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { intercept } from "../disk.ts";
import { renameInto, syncShared, syncTree } from "./durable.ts";

describe("a folder that is published", () => {
  let root = "";
  let flushed: Array<string> = [];
  let restore = (): void => undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "precipice-durable-"));
    flushed = [];
    restore = intercept(({ operation, path }) => {
      if (operation === "sync") flushed.push(path.slice(root.length + 1));
    });
  });
  afterEach(() => {
    restore();
    rmSync(root, { recursive: true });
  });

  it("is flushed with every file named and every folder between", async () => {
    mkdirSync(join(root, "a/files/deep"), { recursive: true });
    for (const name of ["a/x", "a/files/deep/y"]) mkdirSync(join(root, name));
    await syncTree(join(root, "a"), ["x", "files/deep/y", "files/"]);
    expect(flushed.sort()).toEqual(["a", "a/files", "a/files/deep", "a/files/deep/y", "a/x"]);
  });

  it("makes the folders it is renamed into, and names what to flush up to the root; later ones find them", async () => {
    for (const name of ["one", "two"]) mkdirSync(join(root, name));
    const first = await renameInto(join(root, "one"), join(root, "base/store/kind/1"), root);
    expect(first).toEqual(["base/store/kind", "base/store", "base", ""].map((name) => join(root, name)));
    const second = await renameInto(join(root, "two"), join(root, "base/store/kind/2"), root);
    expect(second).toEqual([join(root, "base/store/kind")]);
    expect(existsSync(join(root, "base/store/kind/2"))).toBe(true);
  });
});

describe("flushing one folder for many", () => {
  let folder = "";
  let flushes = 0;
  let failing = false;
  let restore = (): void => undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "precipice-sync-"));
    flushes = 0;
    failing = false;
    restore = intercept(({ operation }) => {
      if (operation !== "sync") return;
      flushes += 1;
      if (failing) throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
    });
  });
  afterEach(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  it("lets those that come meanwhile share one flush that starts after they came", async () => {
    const first = syncShared(folder);
    const rest = Array.from({ length: 9 }, () => syncShared(folder));
    expect(flushes).toBe(1);
    await first;
    await Promise.all(rest);
    expect(flushes).toBe(2);
    await syncShared(folder);
    expect(flushes).toBe(3);
  });

  it("tells each of a flush that failed, and flushes again for the next", async () => {
    failing = true;
    const all = [syncShared(folder), syncShared(folder), syncShared(folder)];
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    failing = false;
    await syncShared(folder);
    expect(flushes).toBe(3);
  });
});
