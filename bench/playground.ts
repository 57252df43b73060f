/**
 * How soon the playground shows the first word of a thought, each time in a browser that knows nothing of the page:
 *
 *     npm run bench:playground [-- --runs 5] [--page dist/playground] [--json]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildPlayground, servePage } from "../packages/playground/src/index.ts";
import { launchChromium } from "../tests/support/chromium.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, page: { type: "string" }, json: { type: "boolean" } },
});
const runs = Number(values.runs);

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Milliseconds from the start of navigation. */
interface Timing {
  readonly load: number;
  readonly modelLoaded: number;
  readonly firstToken: number;
  readonly answered: number;
  readonly tokensPerSecond: number;
}

const folder = mkdtempSync(join(tmpdir(), "playground-bench-"));
try {
  const built = values.page ?? (await buildPlayground({ out: join(folder, "page"), root: folder })).out;
  await using served = await servePage(built);
  const timings: Timing[] = [];
  for (let i = 0; i < runs; i++) {
    const browser = await launchChromium(); // a new process: neither cached files nor compiled code
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(served.url);
    await page.locator("#verdict[data-state=done]").waitFor();
    timings.push(
      (await page.evaluate(`(() => {
        const mark = (name) => performance.getEntriesByName(name)[0].startTime;
        return {
          load: performance.getEntriesByType("navigation")[0].loadEventEnd,
          modelLoaded: mark("model loaded"),
          firstToken: mark("first token"),
          answered: performance.now(),
          tokensPerSecond: Number.parseInt(document.getElementById("speed").textContent),
        };
      })()`)) as Timing,
    );
    await browser.close();
  }
  const result = {
    runs,
    loadMs: median(timings.map((t) => t.load)),
    modelLoadedMs: median(timings.map((t) => t.modelLoaded)),
    firstTokenMs: median(timings.map((t) => t.firstToken)),
    firstTokenAfterLoadMs: median(timings.map((t) => t.firstToken - t.load)),
    slowestFirstTokenAfterLoadMs: Math.max(...timings.map((t) => t.firstToken - t.load)),
    answeredMs: median(timings.map((t) => t.answered)),
    tokensPerSecond: median(timings.map((t) => t.tokensPerSecond)),
  };
  if (values.json === true) console.log(JSON.stringify(result, null, 2));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(30)} ${value.toFixed(value < 100 ? 1 : 0)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
