/** A short run of the script: a client that is killed while its server fails has every row once in the end. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("../../tools/faults-server.ts", import.meta.url));

it("two kills and eight ways to fail: every row once, failures typed, nothing answered is asked again", async () => {
  const args = ["--rows", "160", "--hopeless", "20", "--seed", "5", "--retries", "5", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  const told = JSON.parse(stdout) as Record<string, number> & { ways: Record<string, number> };
  expect(told).toMatchObject({ rows: 160, kills: 2, runs: 3, of: 152, typed: 8, ofFailing: 8 });
  expect((told["once"] ?? 0) + (told["unlucky"] ?? 0)).toBe(152);
  expect(told["once"]).toBeGreaterThan(145); // all five retries fail by chance for one row in 15,000
  expect(told["repeated"]).toBeLessThanOrEqual(told["inFlightAtKills"] as number);
  expect(Object.values(told.ways).every((count) => count > 0)).toBe(true);
}, 900_000);
