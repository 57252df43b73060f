/**
 * Gives made-up and changed inputs to everything that reads what others wrote, in a process of its own, and looks for deaths,
 * hangs and errors that are not typed. What is found lies in tests/corpus/fuzz afterwards, where `npm test` replays it.
 *
 *   npm run fuzz -- --minutes 20
 *   npm run fuzz -- --minutes 2 --family arrow --seed 3 --json
 */
import { parseArgs } from "node:util";
import { random } from "@precipice/stats";
import { families } from "./fuzz/families.ts";
import { type Finding, keep, Runner } from "./fuzz/runner.ts";

const { values } = parseArgs({
  options: {
    /** For each family. */
    minutes: { type: "string", default: "1" },
    family: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
const chosen = families.filter(({ name }) => values.family === undefined || name === values.family);
if (chosen.length === 0 || !(minutes > 0)) {
  console.error(`--minutes is a number above 0, --family one of ${families.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}
if (!values.json) console.log(`seed ${values.seed}`);

interface Total {
  readonly family: string;
  readonly tried: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly defects: number;
}

/** The same reason many times is one finding. */
const reasonOf = ({ kind, reason }: Finding): string => `${kind} ${reason.replace(/\d+/gu, "0")}`;

async function fuzz({ name, make }: (typeof families)[number]): Promise<Total> {
  const draw = random(values.seed, name);
  const runner = new Runner();
  const seen = new Set<string>();
  const counts = { crash: 0, hang: 0, defect: 0 };
  let tried = 0;
  try {
    for (const end = Date.now() + minutes * 60_000; Date.now() < end; tried++) {
      const finding = await runner.try(name, make(draw));
      if (finding === undefined) continue;
      counts[finding.kind]++;
      if (seen.has(reasonOf(finding))) continue;
      seen.add(reasonOf(finding));
      const path = keep(finding) ?? "too large to keep";
      if (!values.json) console.log(`${name}, input ${tried}: ${finding.kind}: ${finding.reason}\n  ${path}`);
    }
  } finally {
    runner.close();
  }
  return { family: name, tried, crashes: counts.crash, hangs: counts.hang, defects: counts.defect };
}

const totals: Array<Total> = [];
for (const family of chosen) totals.push(await fuzz(family));
if (values.json) console.log(JSON.stringify({ seed: values.seed, minutes, totals }, null, 2));
else console.table(totals);
if (totals.some(({ crashes, hangs, defects }) => crashes + hangs + defects > 0)) process.exitCode = 1;
