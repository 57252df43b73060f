/**
 * Energy that the machine's processors took, where the machine tells: Linux counts it per package under powercap (Intel and AMD
 * RAPL). What else ran meanwhile is in it. Elsewhere, and where the counters may not be read, nothing is told.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A processor package's counter. */
interface Zone {
  readonly file: string;
  /** Where the counter starts again from 0, in microjoules. */
  readonly range: number;
}

const numberIn = (file: string): number => {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return Number.NaN;
  }
};

/** Counters of whole packages below `root` that can be read; parts of a package (`intel-rapl:0:0`) are in theirs already. */
export const energyZones = (root = "/sys/class/powercap"): ReadonlyArray<Zone> => {
  let names: ReadonlyArray<string>;
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^[^:]+:\d+$/.test(name))
    .map((name) => ({
      file: join(root, name, "energy_uj"),
      range: numberIn(join(root, name, "max_energy_range_uj")),
    }))
    .filter(({ file, range }) => Number.isFinite(numberIn(file)) && Number.isFinite(range));
};

let found: ReadonlyArray<Zone> | undefined;

/** The machine's own counters, looked for once. */
const ownZones = (): ReadonlyArray<Zone> => {
  found ??= energyZones();
  return found;
};

/** Starts to measure; the function it gives tells the joules since then, undefined where the machine does not. */
export const measureEnergy = (zones = ownZones()): (() => number | undefined) => {
  if (zones.length === 0) return () => undefined;
  const before = zones.map(({ file }) => numberIn(file));
  return () => {
    const microjoules = zones.reduce((sum, { file, range }, i) => {
      const spent = numberIn(file) - (before[i] as number);
      return sum + (spent < 0 ? spent + range : spent);
    }, 0);
    return Number.isFinite(microjoules) ? microjoules / 1e6 : undefined;
  };
};
