/** The made-up world alone: its words, its requests and its judge, without files or models, for pages too. */
export { judgeOrganism, type OrganismJudgement } from "./world/judge.ts";
export { PAIRS, type Pair, parseRequest, type Request, requestText } from "./world/requests.ts";
export { FRAMINGS, type Framing, framingsOf, OBJECT_CLASSES, VERB_CLASSES } from "./world/words.ts";
