/** Counters as Linux lays them out, in a folder of the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { energyZones, measureEnergy } from "./energy.ts";

const counters = (zones: Readonly<Record<string, { readonly energy: number; readonly range?: number }>>) => {
  const root = mkdtempSync(join(tmpdir(), "precipice-powercap-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const set = (name: string, energy: number) => writeFileSync(join(root, name, "energy_uj"), `${energy}\n`);
  for (const [name, { energy, range }] of Object.entries(zones)) {
    mkdirSync(join(root, name));
    set(name, energy);
    if (range !== undefined) writeFileSync(join(root, name, "max_energy_range_uj"), `${range}\n`);
  }
  return { root, set };
};

it("adds up whole packages, also past the end of a counter", () => {
  const { root, set } = counters({
    "intel-rapl:0": { energy: 1_000_000, range: 10_000_000 },
    "intel-rapl:1": { energy: 9_500_000, range: 10_000_000 },
    "intel-rapl:0:0": { energy: 1, range: 10_000_000 },
    "intel-rapl": { energy: 1 },
  });
  const zones = energyZones(root);
  expect(zones).toHaveLength(2);
  const joules = measureEnergy(zones);
  set("intel-rapl:0", 3_000_000);
  set("intel-rapl:0:0", 9_000_000);
  set("intel-rapl:1", 500_000);
  expect(joules()).toBeCloseTo(3, 9);
});

it("tells nothing where there is nothing to read", () => {
  expect(energyZones(join(tmpdir(), "precipice-no-such-folder"))).toEqual([]);
  const { root } = counters({ "intel-rapl:0": { energy: 5 } });
  expect(energyZones(root)).toEqual([]); // no range: a counter that starts again could not be told
  expect(measureEnergy([])()).toBeUndefined();
  const gone = measureEnergy([{ file: join(root, "gone"), range: 1 }]);
  expect(gone()).toBeUndefined();
});
