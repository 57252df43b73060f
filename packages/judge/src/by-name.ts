/** The judges that run in this process, as a config names them. */
import type { Judge } from "./judge.ts";
import { judgeByOrganismRules } from "./organism-rules.ts";
import { judgeByPaperCodeKeywords } from "./paper-code-keywords.ts";
import { judgeByRefusalPrefix } from "./refusal-prefix.ts";

export const localJudges = {
  "refusal-prefix": judgeByRefusalPrefix,
  "organism-rules": judgeByOrganismRules,
  "paper-code-keywords": judgeByPaperCodeKeywords,
} as const satisfies Record<string, Judge>;

export type LocalJudge = keyof typeof localJudges;

export const localJudgeNames = Object.keys(localJudges) as readonly LocalJudge[];
