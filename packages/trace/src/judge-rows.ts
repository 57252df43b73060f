/** Runs every judge of a stage over traces: those in this process at once, those on servers with many requests in flight. */
import type { Trace } from "@precipice/artifacts";
import { type Judgement, judgeTrace, localJudges } from "@precipice/judge";
import { attempt, type StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { JudgeChoice } from "./judge-config.ts";
import { type OpenedJudge, openServerJudge } from "./judge-server.ts";
import { readTemplate } from "./judge-template.ts";

/** The text of a judge's template file; null for one that has none. */
export const templateOf = (judge: JudgeChoice, pipelineDir: string): string | null =>
  typeof judge === "string" || judge.template === undefined ? null : readTemplate(judge.template, pipelineDir);

/** @param onWait told when a judge's server is waited for. */
export const openJudges = (
  judges: readonly JudgeChoice[],
  pipelineDir: string,
  onWait?: (message: string) => Effect.Effect<void>,
) =>
  Effect.forEach(
    judges,
    Effect.fnUntraced(function* (judge) {
      if (typeof judge !== "string") {
        const template = yield* attempt(() => templateOf(judge, pipelineDir));
        return yield* openServerJudge(judge, template, onWait === undefined ? {} : { onWait });
      }
      const opened: OpenedJudge = {
        concurrency: Number.POSITIVE_INFINITY,
        judge: (trace) => Effect.sync(() => judgeTrace(trace, localJudges[judge])),
      };
      return opened;
    }),
  );

/**
 * Tells the judgements of each trace, one per judge, as soon as all have judged it. The first failure ends it, unless `onFailed`
 * takes it.
 */
export const judgeRows = (
  judges: readonly OpenedJudge[],
  traces: readonly Trace[],
  onJudged: (index: number, judgements: readonly Judgement[]) => void,
  onFailed?: (index: number, error: StageError) => void,
): Effect.Effect<void, StageError> =>
  Effect.suspend(() => {
    // each client bounds its own requests: so many traces are enough to keep all of them busy
    const inFlight = judges.reduce((sum, { concurrency }) => sum + (Number.isFinite(concurrency) ? concurrency : 1), 0);
    return Effect.forEach(
      traces,
      (trace, i) =>
        Effect.forEach(judges, ({ judge }) => judge(trace), { concurrency: "unbounded" }).pipe(
          Effect.map((judgements) => onJudged(i, judgements)),
          Effect.catch((error) =>
            onFailed === undefined ? Effect.fail(error) : Effect.sync(() => onFailed(i, error)),
          ),
        ),
      { concurrency: inFlight, discard: true },
    );
  });
