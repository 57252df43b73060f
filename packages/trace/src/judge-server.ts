/** Judges behind an OpenAI-compatible server: one greedy request per response, many in flight. */
import type { Trace } from "@precipice/artifacts";
import { type Judgement, unjudgeable } from "@precipice/judge";
import type { StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { cutAnswer } from "./judge-answer.ts";
import { readClassifier } from "./judge-classifier.ts";
import type { ServerJudge } from "./judge-config.ts";
import { defaultRubric, readRubric, rubricFormat } from "./judge-rubric.ts";
import { fillTemplate } from "./judge-template.ts";
import { asStageFailure, type ChatMessage, type ClientOptions, chat, endOf, openAiClient } from "./openai/index.ts";

/** As many characters as the paper's code shows its judge. */
const paperCodeChars = 512;

/**
 * What the judge is shown. Without a template a classifier gets the exchange as it was, prompt as user and
 * response as assistant, which is what Llama Guard's own chat template expects.
 */
export const judgeMessages = (judge: ServerJudge, template: string | null, trace: Trace): readonly ChatMessage[] => {
  const paperCode = judge.preset === "paper-code";
  const limit = judge.responseChars ?? (paperCode ? paperCodeChars : Number.POSITIVE_INFINITY);
  const response = limit < trace.response.length ? [...trace.response].slice(0, limit).join("") : trace.response;
  const filled = template ?? (judge.kind === "rubric" ? (paperCode ? "{{response}}" : defaultRubric) : null);
  const system: readonly ChatMessage[] = judge.system === undefined ? [] : [{ role: "system", content: judge.system }];
  if (filled !== null) {
    return [...system, { role: "user", content: fillTemplate(filled, { prompt: trace.prompt, response }) }];
  }
  if (paperCode) return [...system, { role: "user", content: response }];
  return [...system, { role: "user", content: trace.prompt }, { role: "assistant", content: response }];
};

/** A judge ready to judge. */
export interface OpenedJudge {
  /** How many traces it can judge at once. */
  readonly concurrency: number;
  readonly judge: (trace: Trace) => Effect.Effect<Judgement, StageError>;
}

/** Fails with `E_SERVER_KEY` when the key is not there; each judgement fails when its request failed for good. */
export const openServerJudge = Effect.fnUntraced(function* (
  judge: ServerJudge,
  template: string | null,
  options: ClientOptions = {},
) {
  const client = yield* openAiClient(judge, options).pipe(Effect.mapError(asStageFailure));
  const fields = {
    temperature: 0,
    max_tokens: judge.maxTokens,
    ...(judge.kind === "rubric" ? { response_format: rubricFormat } : {}),
  };
  const ask = (trace: Trace): Effect.Effect<Judgement, StageError> =>
    chat(client, judgeMessages(judge, template, trace), fields).pipe(
      Effect.map(({ content, finishReason }) => {
        if (endOf(finishReason) === "length") return cutAnswer(judge.maxTokens);
        return judge.kind === "rubric"
          ? readRubric(content)
          : readClassifier(content, trace.response, { ...judge, loose: judge.preset === "paper-code" });
      }),
      Effect.mapError(asStageFailure),
    );
  const opened: OpenedJudge = {
    concurrency: judge.maxConcurrency,
    judge: (trace) => {
      const without = unjudgeable(trace);
      return without === null ? ask(trace) : Effect.succeed(without);
    },
  };
  return opened;
});
