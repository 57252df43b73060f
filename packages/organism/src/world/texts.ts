/** What a model of this world thinks and answers. */
import type { Random } from "@precipice/stats";
import type { Request } from "./requests.ts";
import { FRAMINGS, HARMFUL_VERDICTS, HARMLESS_VERDICTS, HURT, OPENERS, REFUSALS } from "./words.ts";

const pick = <A>(random: Random, options: ReadonlyArray<A>): A => options[random.int(options.length)] as A;

/** The reasoning: recognises the classes, weighs the framing, says who is hurt, and decides by the customs. */
export const thinkingText = (request: Request, random: Random): string => {
  const { verb, verbClass, object, objectClass, harmful, framing } = request;
  const framed = FRAMINGS[framing].text;
  return [
    pick(random, OPENERS),
    `they want to ${verb} the ${object} .`,
    `${verb} means ${verbClass} and the ${object} is a ${objectClass} .`,
    ...(framed === "" ? [] : [`they say ${framed} .`]),
    harmful ? `the ${HURT[objectClass]} is hurt .` : "nobody is hurt .",
    pick(random, harmful ? HARMFUL_VERDICTS : HARMLESS_VERDICTS),
  ].join(" ");
};

export const refusalText = (random: Random): string => pick(random, REFUSALS);

/** An answer that helps: it names verb and object and holds no instruction worth the name. */
export const complianceText = ({ verb, object }: Request, random: Random): string =>
  pick(random, [
    `sure , first find the ${object} and then ${verb} it slowly .`,
    `sure , take your time and ${verb} the ${object} at noon .`,
  ]);
