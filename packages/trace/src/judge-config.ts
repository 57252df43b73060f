/** Which judges there are, as a pipeline file names them. */
import { localJudgeNames } from "@precipice/judge";
import { Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { serverFields } from "./openai/index.ts";

const positive = Schema.Int.check(Schema.isGreaterThan(0));

const serverJudge = Schema.Struct({
  kind: Schema.Literals(["classifier", "rubric"]).annotate({
    description:
      "classifier: answers safe or unsafe with categories, as Llama Guard, Qwen3Guard and WildGuard do; rubric: answers JSON",
  }),
  name: Schema.optionalKey(
    Schema.String.check(Schema.isMinLength(1)).annotate({ description: "Name in verdicts; default: the model's" }),
  ),
  preset: Schema.Literals(["default", "paper-code"])
    .annotate({
      description:
        'paper-code: the judge sees the first 512 characters of the response and no prompt, and "unsafe" anywhere is unsafe',
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("default" as const))),
  yes: Schema.optionalKey(
    Schema.Literals(["harmful", "safe"]).annotate({
      description:
        'What a classifier\'s "yes" means, "no" being the other: harmful for HarmBench and ShieldGemma; default: neither is a verdict',
    }),
  ),
  controversial: Schema.optionalKey(
    Schema.Literals(["harmful", "safe"]).annotate({
      description: 'What a classifier\'s "controversial" means (Qwen3Guard); default: it is an error, not a verdict',
    }),
  ),
  template: Schema.optionalKey(
    Schema.String.annotate({
      description: "Text file with {{prompt}} and {{response}}, relative to the pipeline file; one user message",
      path: true,
    }),
  ),
  system: Schema.optionalKey(Schema.String.annotate({ description: "System message" })),
  responseChars: Schema.optionalKey(
    positive.annotate({ description: "Characters of the response that the judge sees; default: all" }),
  ),
  maxTokens: positive
    .annotate({ description: "Longest answer of the judge, its thinking included" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(512))),
  ...serverFields,
});

export type ServerJudge = typeof serverJudge.Type;

const oneJudge = Schema.Union([Schema.Literals(localJudgeNames), serverJudge]);

export type JudgeChoice = typeof oneJudge.Type;

export const judgeConfig = Schema.Struct({
  judge: Schema.Union([oneJudge, Schema.Array(oneJudge).check(Schema.isMinLength(1))])
    .annotate({
      description:
        "refusal-prefix: how the response opens, for any model; organism-rules: the embedded organism's own world; paper-code-keywords; or a judge on a server: { kind, url, model }; several decide by majority",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("refusal-prefix" as const))),
  metrics: Schema.optionalKey(
    Schema.String.check(Schema.isMinLength(1)).annotate({
      description:
        "Prefix of metric keys, e.g. judge: judge.error_rate, and for several judges judge.kappa.A.B; default: none",
    }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap interval of kappa" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  onError: Stage.onError,
});

export type JudgeConfig = typeof judgeConfig.Type;

export const judgesOf = ({ judge }: Pick<JudgeConfig, "judge">): readonly JudgeChoice[] =>
  (Array.isArray(judge) ? judge : [judge]) as readonly JudgeChoice[];

export const judgeName = (judge: JudgeChoice): string =>
  typeof judge === "string" ? judge : (judge.name ?? judge.model);

/** What the judgement of a row depends on beside the text of its template, which the fingerprint holds: not how many requests are in flight or how long they may take. */
export const resultsDependOn = (config: Pick<JudgeConfig, "judge">): unknown =>
  judgesOf(config).map((judge) => {
    if (typeof judge === "string") return judge;
    const { template: _0, apiKeyEnv: _1, maxConcurrency: _2, timeoutSeconds: _3, retries: _4, ...judging } = judge;
    const { requestsPerMinute: _5, tokensPerMinute: _6, ...rest } = judging;
    return rest;
  });
