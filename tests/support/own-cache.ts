/** Test support only: a cache folder of the test file's own, in place of the user's. Call it at the top of the file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

export const ownCache = (): string => {
  const cache = mkdtempSync(join(tmpdir(), "precipice-cache-"));
  const before = process.env["PRECIPICE_CACHE"];
  beforeAll(() => {
    process.env["PRECIPICE_CACHE"] = cache;
  });
  afterAll(() => {
    if (before === undefined) delete process.env["PRECIPICE_CACHE"];
    else process.env["PRECIPICE_CACHE"] = before;
    rmSync(cache, { recursive: true, force: true });
  });
  return cache;
};
