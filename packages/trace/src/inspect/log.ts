/**
 * An evaluation as a log of Inspect AI (the UK AI Security Institute's evaluation framework), format version 2: what
 * `inspect view` shows and `read_eval_log` reads. One log per arm: samples are prompts, epochs are draws, every judge is
 * a scorer. Fields follow inspect_ai's `EvalLog` model (src/inspect_ai/log/_log.py); null defaults are left out, as its
 * own JSON recorder does.
 */
import type { JudgementRow, Trace, Verdict } from "@precipice/artifacts";
import type { Estimate } from "@precipice/stats";
import { ratesOf } from "../evaluate.ts";

/** What a log says of the run that its rows come from. */
export interface InspectRun {
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly completedAt: string;
  readonly task: string;
  /** Digest of the verdicts: the log's identity. */
  readonly digest: string;
  readonly taskFile: string;
  readonly model: string;
  /** Config of the judging and the generating stage. */
  readonly judgeConfig: Readonly<Record<string, unknown>>;
  readonly generateConfig: Readonly<Record<string, unknown>>;
  readonly version: string;
}

export interface InspectRows {
  readonly traces: readonly Trace[];
  readonly verdicts: readonly Verdict[];
  readonly judgements: readonly JudgementRow[];
}

export interface InspectUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly reasoning_tokens: number;
}

/** Tokens of a trace: what the template wrote is input, what the model wrote is output. */
const usageOf = ({ ids, thinking_start, thinking_end }: Trace): InspectUsage => ({
  input_tokens: thinking_start,
  output_tokens: ids.length - thinking_start,
  total_tokens: ids.length,
  reasoning_tokens: thinking_end - thinking_start,
});

const sum = (usages: readonly InspectUsage[]): InspectUsage =>
  usages.reduce(
    (all, one) => ({
      input_tokens: all.input_tokens + one.input_tokens,
      output_tokens: all.output_tokens + one.output_tokens,
      total_tokens: all.total_tokens + one.total_tokens,
      reasoning_tokens: all.reasoning_tokens + one.reasoning_tokens,
    }),
    { input_tokens: 0, output_tokens: 0, total_tokens: 0, reasoning_tokens: 0 },
  );

const assistant = (trace: Trace, model: string) => ({
  role: "assistant",
  source: "generate",
  model,
  content: [
    ...(trace.thinking === "" ? [] : [{ type: "reasoning", reasoning: trace.thinking }]),
    { type: "text", text: trace.response },
  ],
});

/** A score per judge; `verdict` too where the verdict is not one judge's own. */
const scoresOf = (verdict: Verdict, judgements: readonly JudgementRow[]) =>
  Object.fromEntries([
    ...judgements.map(({ judge, verdict: value, category, reason }) => [
      judge,
      { value, explanation: reason, ...(category === null ? {} : { metadata: { category } }) },
    ]),
    ...(judgements.some(({ judge }) => judge === verdict.judge)
      ? []
      : [[verdict.judge, { value: verdict.verdict, explanation: verdict.reason }]]),
  ]);

const sampleOf = (trace: Trace, id: string, verdict: Verdict, judgements: readonly JudgementRow[], model: string) => {
  const message = assistant(trace, model);
  const usage = usageOf(trace);
  return {
    id,
    epoch: trace.draw + 1,
    input: trace.prompt,
    // what a safe model does
    target: trace.label === "harmful" ? "refusal" : "safe",
    messages: [{ role: "user", source: "input", content: trace.prompt }, message],
    output: {
      model,
      choices: [{ message, stop_reason: trace.finish === "stop" ? "stop" : "max_tokens" }],
      usage,
    },
    scores: scoresOf(verdict, judgements),
    metadata: {
      label: trace.label,
      family: trace.family,
      arm: trace.arm,
      state: trace.state,
      trace_id: trace.id,
      seed: trace.seed,
    },
    model_usage: { [model]: usage },
    uuid: `${verdict.trace_id}/${trace.arm}/${trace.draw}`,
  };
};

const metric = (name: string, { value, lo, hi, n }: Estimate) => ({
  name,
  value,
  params: {},
  metadata: { lo, hi, n, level: 0.95 },
});

/** The rates that `trace.evaluate` gives, by one scorer; a rate without anything to count is left out. */
const resultOf = (name: string, verdicts: readonly Verdict[], seed: string) => {
  const { asr, overrefusal, errorRate } = ratesOf(verdicts, seed);
  const unscored = verdicts.filter(({ verdict }) => verdict === "error").length;
  const rates = { attack_success_rate: asr, over_refusal_rate: overrefusal, error_rate: errorRate };
  return {
    name,
    scorer: name,
    scored_samples: verdicts.length - unscored,
    unscored_samples: unscored,
    params: {},
    metrics: Object.fromEntries(
      Object.entries(rates).flatMap(([key, estimate]) => (estimate === null ? [] : [[key, metric(key, estimate)]])),
    ),
  };
};

/** Settings of generation under Inspect's names. */
const generateConfigOf = (config: Readonly<Record<string, unknown>>) => {
  const named: ReadonlyArray<readonly [string, unknown]> = [
    ["max_tokens", config["maxNewTokens"]],
    ["temperature", config["temperature"]],
    ["top_p", config["topP"]],
    ["top_k", config["topK"]],
    ["seed", config["seed"]],
  ];
  return Object.fromEntries(named.filter(([, value]) => typeof value === "number"));
};

/** The logs of one set of verdicts, one per arm, ready for `JSON.stringify`. */
export const inspectLogs = (run: InspectRun, { traces, verdicts, judgements }: InspectRows) => {
  const traceOf = new Map(traces.map((trace) => [trace.id, trace]));
  const judged = Map.groupBy(judgements, ({ trace_id }) => trace_id);
  return [...Map.groupBy(verdicts, ({ arm }) => arm)].map(([arm, rows]) => {
    const pairs = rows.flatMap((verdict) => {
      const trace = traceOf.get(verdict.trace_id);
      return trace === undefined ? [] : [{ verdict, trace }];
    });
    // Inspect knows a sample by id and epoch; a prompt that an arm answers twice in one draw goes by its trace
    const repeated = new Set(pairs.map(({ trace }) => `${trace.prompt_id}/${trace.draw}`)).size < pairs.length;
    const samples = pairs.map(({ verdict, trace }) =>
      sampleOf(trace, repeated ? trace.id : trace.prompt_id, verdict, judged.get(trace.id) ?? [], run.model),
    );
    const ids = [...new Set(samples.map(({ id }) => id))];
    const epochs = Math.max(0, ...samples.map(({ epoch }) => epoch));
    const usage = sum(pairs.map(({ trace }) => usageOf(trace)));
    const config = generateConfigOf(run.generateConfig);
    const task = `${run.task}-${arm}`;
    const names = [
      ...new Set(pairs.flatMap(({ verdict, trace }) => Object.keys(scoresOf(verdict, judged.get(trace.id) ?? [])))),
    ];
    return {
      version: 2,
      status: "success",
      eval: {
        eval_id: `${run.digest}-${arm}`,
        run_id: run.runId,
        created: run.startedAt,
        task,
        task_id: `${run.digest}-${arm}`,
        task_version: 0,
        task_file: run.taskFile,
        task_attribs: {},
        task_args: run.judgeConfig,
        task_args_passed: run.judgeConfig,
        dataset: { name: run.task, samples: ids.length, sample_ids: ids, shuffled: false },
        model: run.model,
        model_generate_config: config,
        model_args: {},
        config: { epochs },
        packages: { precipice: run.version },
        metadata: { arm },
        scorers: names.map((name) => ({ name })),
      },
      plan: { name: "plan", steps: [{ solver: "generate", params: {} }], config },
      results: {
        total_samples: samples.length,
        completed_samples: samples.length,
        scores: names.map((name) => resultOf(name, verdictsOf(name, pairs, judged), `${run.digest}/${arm}/${name}`)),
      },
      stats: { started_at: run.startedAt, completed_at: run.completedAt, model_usage: { [run.model]: usage } },
      samples,
    };
  });
};

export type InspectLog = ReturnType<typeof inspectLogs>[number];

/** The verdicts that one scorer stands for. */
const verdictsOf = (
  name: string,
  pairs: ReadonlyArray<{ readonly verdict: Verdict; readonly trace: Trace }>,
  judged: ReadonlyMap<string, readonly JudgementRow[]>,
): readonly Verdict[] =>
  pairs.flatMap(({ verdict, trace }) => {
    if (verdict.judge === name) return [verdict];
    const own = judged.get(trace.id)?.find(({ judge }) => judge === name);
    return own === undefined
      ? []
      : [{ ...verdict, judge: name, verdict: own.verdict, refused: own.verdict === "refusal", reason: own.reason }];
  });

/** A file name as Inspect gives them, `2026-01-31T12-00-00+00-00_task_id.json`: its viewer sorts by it. */
export const inspectFileName = ({ eval: { created, task, eval_id } }: InspectLog): string => {
  const time = created.replace(/\.\d+Z$|Z$/u, "+00:00").replaceAll(":", "-");
  const plain = (text: string) => text.replace(/[^A-Za-z0-9-]+/gu, "-");
  return `${time}_${plain(task)}_${plain(eval_id)}.json`;
};
