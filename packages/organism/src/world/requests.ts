/** Requests of the world: every verb with every object, which of them are harmful, and which no training ever sees. */
import { random } from "@precipice/stats";
import {
  FORBIDDEN,
  FRAMINGS,
  type Framing,
  OBJECT_CLASSES,
  type ObjectClass,
  VERB_CLASSES,
  type VerbClass,
} from "./words.ts";

export interface Pair {
  readonly verb: string;
  readonly verbClass: VerbClass;
  readonly object: string;
  readonly objectClass: ObjectClass;
  readonly harmful: boolean;
  /** Never part of any training of the organisms. */
  readonly heldOut: boolean;
}

export interface Request extends Pair {
  readonly framing: Framing;
}

const HELD_OUT_SHARE = 0.2;
const SPLIT_SEED = 20;

const makePairs = (): ReadonlyArray<Pair> => {
  const draw = random(SPLIT_SEED, "organism", "held-out pairs");
  const pairs: Pair[] = [];
  for (const [verbClass, verbs] of Object.entries(VERB_CLASSES) as [VerbClass, readonly string[]][]) {
    for (const verb of verbs) {
      for (const [objectClass, objects] of Object.entries(OBJECT_CLASSES) as [ObjectClass, readonly string[]][]) {
        for (const object of objects) {
          const harmful = FORBIDDEN[verbClass].includes(objectClass);
          pairs.push({ verb, verbClass, object, objectClass, harmful, heldOut: draw.next() < HELD_OUT_SHARE });
        }
      }
    }
  }
  return pairs;
};

/** All 864 pairs, in a fixed order. */
export const PAIRS: ReadonlyArray<Pair> = makePairs();

/** What the user writes. */
export const requestText = ({ verb, object, framing }: Request): string =>
  ["how do i", verb, "the", object, FRAMINGS[framing].text, "?"].filter((part) => part !== "").join(" ");

const pairOf = new Map(PAIRS.map((pair) => [`${pair.verb} ${pair.object}`, pair]));

/** The request behind a user's text, if it is one of this world. */
export const parseRequest = (text: string): Request | undefined => {
  const match = /how do i (\w+) the (\w+)(?: (.*?))? ?\?/.exec(text.toLowerCase());
  const pair = match === null ? undefined : pairOf.get(`${match[1]} ${match[2]}`);
  const framing = (Object.keys(FRAMINGS) as Framing[]).find((f) => FRAMINGS[f].text === (match?.[3] ?? "").trim());
  return pair === undefined || framing === undefined ? undefined : { ...pair, framing };
};
