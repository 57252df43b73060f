/**
 * Scoring a pool against a bare prefill of the same tokens: rows per second of both, and their ratio.
 *
 *     npm run bench:pool-scoring -- [--rows N] [--rounds N] [--json]
 *
 * The pool is the organism's, with its own thinking and answers. Scoring is what cliff.score does per row: tokens in, refusal score at
 * every token inside the graph, cliff out. The prefill runs the same batches through the bare decoder: final residual stream of one
 * token a row leaves it, nothing is scored. They take turns; figures are medians over the rounds, after a warm-up.
 */
import { parseArgs } from "node:util";
import { traceRow } from "@precipice/artifacts";
import { Analyzer, Checkpoint, FINAL_NORMALIZED, promptIds, splitTrace } from "@precipice/model";
import { complianceText, organismFolder, organismPool, parseRequest, thinkingText } from "@precipice/organism";
import { scoreCliff } from "@precipice/probe";
import { median, random } from "@precipice/stats";
import { scoreTraces } from "../packages/probe/src/score-traces.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "2000" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});

const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
const draw = random(1, "bench", "pool");
const traces = organismPool(Number(values.rows), 7).map((prompt) => {
  const request = parseRequest(prompt.prompt);
  if (request === undefined) throw new Error(`"${prompt.prompt}" is no request`);
  const text = `${thinkingText(request, draw)}\n</think>\n\n${complianceText(request, draw)}<eos>`;
  const ids = checkpoint.tokenizer.encode(text);
  return traceRow(
    prompt,
    splitTrace(checkpoint, promptIds(checkpoint, prompt.prompt), { ids, finish: "stop" }),
    "pool",
    0,
    0,
  );
});
const ids = traces.map((trace) => trace.ids);
const tokens = ids.reduce((sum, row) => sum + row.length, 0);
const longest = ids.reduce((most, row) => Math.max(most, row.length), 1);
const probe = {
  site: FINAL_NORMALIZED,
  position: "final",
  weights: Float32Array.from({ length: checkpoint.config.hidden }, () => draw.normal()),
  bias: 0,
  selected: true,
  calibration: [],
};

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

await using bare = await Analyzer.open(checkpoint, { capture: [FINAL_NORMALIZED] }, { longest });
const prefill = async () => {
  for await (const { outputs } of bare.run({
    rows: ids,
    captureAt: (row) => [(ids[row] as readonly number[]).length - 1],
  }))
    if (outputs[FINAL_NORMALIZED] === undefined) throw new Error("the prefill gave nothing");
};
/** With the time it takes to load the program, as a stage does. */
const score = async () => {
  const [scored] = await scoreTraces(checkpoint, traces, [probe], {});
  scoreCliff(scored ?? [], { seed: 0 });
};

await prefill();
await score();
const taken: Array<{ readonly prefill: number; readonly scoring: number }> = [];
for (let i = 0; i < Number(values.rounds); i++)
  taken.push(
    i % 2 === 0
      ? { prefill: await seconds(prefill), scoring: await seconds(score) }
      : { scoring: await seconds(score), prefill: await seconds(prefill) },
  );
const rate = (key: "prefill" | "scoring") => ids.length / median(taken.map((one) => one[key]));
const found = {
  rows: ids.length,
  tokens,
  prefillRowsPerSecond: rate("prefill"),
  scoringRowsPerSecond: rate("scoring"),
  scoringTokensPerSecond: (rate("scoring") * tokens) / ids.length,
  ratio: rate("scoring") / rate("prefill"),
};
if (values.json) console.log(JSON.stringify(found));
else console.table(found);
