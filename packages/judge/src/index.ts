/** What a response is: a refusal, compliance or nonsense, read by rules in this process. */
export { type LocalJudge, localJudgeNames, localJudges } from "./by-name.ts";
export {
  type Judge,
  type Judgement,
  judgeTrace,
  type Reading,
  unjudgeable,
  verdictFrom,
  verdictOf,
} from "./judge.ts";
export { judgeByOrganismRules } from "./organism-rules.ts";
export { judgeByPaperCodeKeywords } from "./paper-code-keywords.ts";
export {
  checkReferences,
  isBlank,
  MOST_UNREFUSED,
  type ReferenceCheck,
  type ReferenceRow,
  referenceText,
} from "./references.ts";
export { findRefusal, isRefusal, type Refusal, refusalRules } from "./refusal.ts";
export { judgeByRefusalPrefix } from "./refusal-prefix.ts";
