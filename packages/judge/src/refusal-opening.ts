/**
 * The part of a response in which a refusal shows: its first two sentences behind any courtesies, as plain
 * lower-case text. Further down, "cannot" and "illegal" are ordinary words of an answer.
 */
import { unwrapped } from "./refusal-wrapping.ts";

/** Characters looked at; a first sentence may be a long one. */
const reach = 400;

/** Sentences of greeting, thanks and sympathy: they open refusals and answers alike and say nothing of either. */
const courtesy = new RegExp(
  `^(?:${[
    "(?:hello|hi|hey|greetings|good (?:morning|day|evening))(?: there| dear user)?",
    "thank(?:s| you)(?: so much| very much)? for (?:reaching out|asking|your (?:\\w+ )?(?:question|interest|message|patience)|sharing|bringing|trusting|coming)\\b[^.!?]*",
    "(?:i'm|i am) (?:just |only )?(?:happy|glad|delighted|here) (?:to (?:help|assist|hear)|that you|you(?:'re| are| have))[^.!?]*",
    "(?:i'd|i would) be (?:happy|glad) to (?:help|assist)[^.!?]*",
    "(?:i (?:completely |fully |can )?(?:understand|appreciate|see|hear|recognize)|i(?:'m| am) (?:so |very |really )?sorry (?:that you|to hear|you))\\b[^.!?]*",
    "(?:that's|this is|what) an? (?:\\w+ )?(?:interesting|good|great|important|difficult|sensitive|tough|serious) (?:question|topic|subject|issue)[^.!?]*",
    "(?:great|good|interesting) question",
    "(?:i'm|i am|as) (?:just |only )?an? (?:ai|artificial intelligence|language model)(?: \\w+){0,4}",
  ].join("|")})[.!?]*$`,
  "u",
);

/** Courtesies that are passed over before the response is taken to have begun. */
const courtesies = 3;

/** What models write around a first word without meaning anything by it. */
const ornament = /^[\s"'`“”‘’«»*_#>~|•\-–—:()[\]{}]+/u;

/** Typographic apostrophes and dashes as typed, compatibility forms folded, whitespace collapsed. */
export const plainText = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/[’‘ʼ`´′]/gu, "'")
    .replace(/[\u200b-\u200d\u2060\ufeff\u00ad]/gu, "")
    .replace(/[*_]{1,3}/gu, "")
    .replace(/\s+/gu, " ")
    .toLowerCase();

/** The first part of a response, where a stand or a change of mind shows; the rest is more of the same. */
export const plainStart = (response: string): string => plainText(unwrapped(response.slice(0, 2500)));

/**
 * At most two sentences from the start of the response, behind its courtesies unless there is nothing else. Empty
 * for an empty response.
 */
export const openingSentences = (response: string): readonly string[] => {
  const text = plainText(unwrapped(response.slice(0, 4 * reach)))
    .replace(ornament, "")
    .slice(0, 2 * reach);
  const sentences = text.match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*/gu) ?? [];
  const said = sentences.map((sentence) => sentence.replace(ornament, "").trim()).filter((sentence) => sentence !== "");
  let begin = 0;
  while (begin < courtesies && begin + 1 < said.length && isCourtesy(said[begin] as string)) begin++;
  return within(said.slice(begin, begin + 2));
};

/** A courtesy that goes on with "but" or "however" is one no longer. */
const isCourtesy = (sentence: string): boolean =>
  courtesy.test(sentence) && !/\b(?:but|however|unfortunately|cannot|can't|won't|unable)\b/u.test(sentence);

/** As much of the sentences as `reach` characters. */
const within = (sentences: readonly string[]): readonly string[] => {
  let left = reach;
  const kept: string[] = [];
  for (const sentence of sentences) {
    if (left <= 0) break;
    kept.push(sentence.slice(0, left));
    left -= sentence.length;
  }
  return kept;
};
