import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { intercept } from "../disk.ts";
import { syncShared } from "./durable.ts";

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
