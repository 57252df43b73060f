/** The judge for the embedded model organism, whose world is small enough to know every right answer. */
import { judgeOrganism } from "@precipice/organism";
import type { Judge } from "./judge.ts";

export const judgeByOrganismRules: Judge = (prompt, response) => judgeOrganism(prompt, response);
