/**
 * Do the 95 % intervals of @precipice/stats cover in 95 % of studies? Simulates studies whose truth is known and counts.
 *
 *   npm run bench:coverage [-- --json --studies 4000]
 *
 * A rate's interval cannot cover at exactly 95 % for every rate (counts are whole numbers), so rates are drawn over a range,
 * as a user meets them. Exit code 1 when an interval covers less than 93 % or more than 97 %.
 */
import { parseArgs } from "node:util";
import {
  bootstrapCrossed,
  bootstrapMean,
  bootstrapPairedDifference,
  type Estimate,
  meanNormal,
  normalQuantile,
  pairedRateDifference,
  type Random,
  random,
  rateDifference,
  sigmoid,
  wilson,
} from "../packages/stats/src/index.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, studies: { type: "string", default: "4000" } },
});

/** One simulated study: an interval and what it should cover. */
type Study = (stream: Random, seed: number) => { readonly interval: Estimate; readonly truth: number };

const DRAWS = 600; // of each bootstrap: its noise in coverage is far below that of the studies
const normal = (stream: Random): number => normalQuantile(Math.min(1 - 1e-12, Math.max(1e-12, stream.next())));
const count = (stream: Random, n: number, p: number): number => {
  let successes = 0;
  for (let i = 0; i < n; i++) if (stream.next() < p) successes++;
  return successes;
};
const times = (n: number, value: (i: number) => number): Float64Array => {
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) result[i] = value(i);
  return result;
};
/** A refusal score: mostly near one end, as a probe gives. */
const score = (stream: Random, shift: number): number => sigmoid(shift + 2.5 * normal(stream));
const meanScore = (shift: number): number => {
  let sum = 0; // midpoint rule over the normal quantiles: no noise
  const points = 20_000;
  for (let i = 0; i < points; i++) sum += sigmoid(shift + 2.5 * normalQuantile((i + 0.5) / points));
  return sum / points;
};
const TRUE_SCORE = meanScore(1);
const TRUE_SHIFTED = meanScore(0.2);

const studies: Readonly<Record<string, Study>> = {
  "wilson, n 180, rate 0.02–0.98": (stream) => {
    const p = 0.02 + 0.96 * stream.next();
    return { interval: wilson(count(stream, 180, p), 180), truth: p };
  },
  "wilson, n 60, rate 0.05–0.95": (stream) => {
    const p = 0.05 + 0.9 * stream.next();
    return { interval: wilson(count(stream, 60, p), 60), truth: p };
  },
  "rateDifference, n 180 and 180": (stream) => {
    const [p, q] = [0.05 + 0.9 * stream.next(), 0.05 + 0.9 * stream.next()];
    const interval = rateDifference(
      { successes: count(stream, 180, p), n: 180 },
      { successes: count(stream, 180, q), n: 180 },
    );
    return { interval, truth: q - p };
  },
  "pairedRateDifference, n 180": (stream) => {
    // a row's difficulty is shared by both sides
    const [p, q] = [0.05 + 0.9 * stream.next(), 0.05 + 0.9 * stream.next()];
    const shared = 0.9 * stream.next(); // of the rows are the same draw on both sides
    const counts = { both: 0, gained: 0, lost: 0, neither: 0 };
    for (let i = 0; i < 180; i++) {
      const u = stream.next();
      const before = u < p;
      const after = (stream.next() < shared ? u : stream.next()) < q;
      counts[before ? (after ? "both" : "lost") : after ? "gained" : "neither"]++;
    }
    return { interval: pairedRateDifference(counts), truth: q - p };
  },
  "meanNormal of scores, n 100": (stream) => ({
    interval: meanNormal(times(100, () => score(stream, 1))),
    truth: TRUE_SCORE,
  }),
  "bootstrapMean (BCa) of scores, n 100": (stream, seed) => ({
    interval: bootstrapMean(
      times(100, () => score(stream, 1)),
      { seed, draws: DRAWS },
    ),
    truth: TRUE_SCORE,
  }),
  "bootstrapMean in groups of 4, 60 groups": (stream, seed) => {
    const values: number[] = [];
    const groups: number[] = [];
    for (let group = 0; group < 60; group++) {
      const shared = normal(stream);
      for (let i = 0; i < 4; i++) {
        values.push(shared + normal(stream));
        groups.push(group);
      }
    }
    return { interval: bootstrapMean(values, { seed, draws: DRAWS, groups }), truth: 0 };
  },
  "bootstrapPairedDifference of scores, n 100": (stream, seed) => {
    const draw = times(100, () => normal(stream));
    const at = (shift: number) => times(100, (i) => sigmoid(shift + 2.5 * (draw[i] as number)));
    return {
      interval: bootstrapPairedDifference(at(1), at(0.2), { seed, draws: DRAWS }),
      truth: TRUE_SHIFTED - TRUE_SCORE,
    };
  },
  "bootstrapCrossed, 20 draws × 90 rows": (stream, seed) => {
    // Hard rows and lucky draws both move the rate; the truth is that of all rows and all draws.
    const hard = times(90, () => normal(stream));
    const cells = Array.from({ length: 20 }, (_, draw) => {
      const lucky = 0.5 * normal(stream);
      return Array.from(hard, (h, row) => ({ row: `${row}`, draw, value: h + lucky + normal(stream) }));
    }).flat();
    return { interval: bootstrapCrossed(cells, { seed, draws: DRAWS }), truth: 0 };
  },
};

const total = Number(options.studies);
const rows = Object.entries(studies).map(([name, study]) => {
  const runs = name.startsWith("bootstrapCrossed") ? Math.ceil(total / 4) : total;
  let covered = 0;
  for (let i = 0; i < runs; i++) {
    const { interval, truth } = study(random(i, name), i);
    if (interval.lo === null || interval.hi === null) continue;
    if (interval.lo <= truth && truth <= interval.hi) covered++;
  }
  return { interval: name, studies: runs, coverage: wilson(covered, runs) };
});
const pass = rows.every(({ coverage }) => coverage.value >= 0.93 && coverage.value <= 0.97);

if (options.json) console.log(JSON.stringify({ pass, rows }, null, 2));
else {
  for (const { interval, studies, coverage } of rows) {
    const { value, lo, hi } = coverage;
    console.log(
      `${interval.padEnd(46)} ${(100 * value).toFixed(1)} % of ${studies} studies (${(100 * lo).toFixed(1)}–${(100 * hi).toFixed(1)})`,
    );
  }
}
process.exitCode = pass ? 0 : 1;
