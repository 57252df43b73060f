/** A short run of the fault script: a study that is killed gives the bytes of one that is not. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("../../tools/faults.ts", import.meta.url));

it("three kills change nothing and leave nothing", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, "--kills", "3", "--seed", "11", "--json"]);
  const told = JSON.parse(stdout) as { kills: number; studies: number; same: number; sound: number; clean: number };
  expect(told.kills).toBe(3);
  expect(told.studies).toBeGreaterThan(0);
  expect([told.same, told.sound, told.clean]).toEqual([told.studies, told.studies, told.studies]);
}, 900_000);
