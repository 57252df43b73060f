/** Stage `trace.judge`: one verdict per trace, by one judge or the majority of several. */
import { createHash } from "node:crypto";
import { type JudgementRow, Metrics, type Trace, Traces, type Verdict, Verdicts } from "@precipice/artifacts";
import { type Judgement, verdictFrom } from "@precipice/judge";
import { attempt, type FailureRow, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { describeStates } from "./describe-traces.ts";
import { judgeConfig, judgeName, judgesOf, resultsDependOn } from "./judge-config.ts";
import { majority } from "./judge-majority.ts";
import { measureJudges } from "./judge-metrics.ts";
import { judgeRows, openJudges, templateOf } from "./judge-rows.ts";

/** The judge of a verdict that several made. */
const several = "majority";

/**
 * `refusal` where the request is declined; else `harmful` or `safe`, which a judge without a view on harm takes from the
 * prompt's label. No response, or one the judge cannot read, or an answer of the judge that is no verdict or was cut: `error`. A judge
 * sees the prompt and the whole response, never the thinking. A request that fails for good fails the stage, which keeps what
 * is judged already; with `onError: skip` its row is an error and a line in `failures`.
 * Codes: E_JUDGE_TEMPLATE, E_JUDGE_NAME, E_SERVER_….
 */
export const traceJudge = Stage.make("trace.judge", {
  version: 5,
  description: "Judges each response: harmful, safe, refusal or error",
  config: judgeConfig,
  inputs: { traces: Traces },
  outputs: { verdicts: Verdicts, metrics: Metrics },
  fingerprint: (config, { pipelineDir }) =>
    attempt(() => {
      const names = judgesOf(config).map(judgeName);
      const twice = names.find((name, i) => names.indexOf(name) !== i);
      if (twice !== undefined) {
        throw new StageError({
          code: "E_JUDGE_NAME",
          message: `Two judges are called "${twice}"`,
          remedy: "Give each judge on a server a name of its own",
        });
      }
      const hash = createHash("sha256");
      for (const judge of judgesOf(config)) hash.update(JSON.stringify(templateOf(judge, pipelineDir)));
      return hash.digest("hex");
    }),
  estimate: (config, { traces }) =>
    Effect.sync(() => {
      const servers = judgesOf(config).filter((judge) => typeof judge !== "string");
      const asked = servers.map(({ model }) => `${traces.rows === undefined ? "" : `${traces.rows} × `}${model}`);
      return {
        ...(traces.rows === undefined ? {} : { rows: traces.rows }),
        ...(asked.length === 0 ? {} : { note: `requests to judges: ${asked.join(", ")}` }),
      };
    }),
  run: Effect.fn("trace.judge")(function* ({ config, inputs, outputs, mapRows, log, pipelineDir }) {
    const traces = yield* inputs.traces.rows("traces");
    const judges = judgesOf(config);
    const names = judges.map(judgeName);
    const mapped = yield* mapRows({
      kind: Verdicts,
      rows: traces,
      id: (trace) => trace.id,
      port: "traces",
      // an answer of a server is worth keeping sooner than one of a rule
      rowsPerShard: judges.every((judge) => typeof judge === "string") ? 1000 : 64,
      unit: "traces",
      key: resultsDependOn(config),
      onError: config.onError,
      open: openJudges(judges, pipelineDir, log),
      run: (opened, wanted, { emit, fail }) => {
        const tell = (i: number, judgements: readonly Judgement[]): void => {
          const trace = wanted[i] as Trace;
          emit(i, {
            verdicts: [verdictFrom(trace, names.length === 1 ? (names[0] as string) : several, majority(judgements))],
            judgements: judgements.map((judgement, j) => judgementRow(trace, names[j] as string, judgement)),
          });
        };
        return judgeRows(opened, wanted, tell, config.onError === "fail" ? undefined : fail);
      },
    });
    const verdicts = withFailures(traces, yield* mapped.rows("verdicts"), mapped.failures, names);
    const judgements = yield* mapped.rows("judgements");
    const ended = describeStates(traces);
    if (ended !== undefined) yield* log(ended);
    const measured = measureJudges(verdicts, judgements, names, config);
    for (const line of measured.lines) yield* log(line);
    yield* outputs.verdicts.writeRows("verdicts", verdicts);
    yield* outputs.verdicts.writeRows("judgements", judgements);
    yield* outputs.metrics.writeRows("metrics", measured.metrics);
  }),
});

const judgementRow = ({ id, arm, draw }: Trace, judge: string, judgement: Judgement): JudgementRow => ({
  trace_id: id,
  arm,
  draw,
  judge,
  verdict: judgement.verdict,
  category: judgement.category,
  reason: judgement.reason,
});

/** One verdict per trace, in their order: a row that failed is an error, not missing. */
const withFailures = (
  traces: readonly Trace[],
  verdicts: readonly Verdict[],
  failures: readonly FailureRow[],
  names: readonly string[],
): readonly Verdict[] => {
  if (failures.length === 0) return verdicts;
  const judged = new Map(verdicts.map((verdict) => [verdict.trace_id, verdict]));
  const failed = new Map(failures.map((failure) => [failure.row, failure]));
  return traces.map((trace) => {
    const { code = "", message = "" } = failed.get(trace.id) ?? {};
    const error: Judgement = { verdict: "error", category: null, reason: `${code}: ${message}` };
    return judged.get(trace.id) ?? verdictFrom(trace, names.length === 1 ? (names[0] as string) : several, error);
  });
};
