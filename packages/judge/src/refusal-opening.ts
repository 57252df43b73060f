/**
 * The part of a response in which a refusal shows: its first two sentences, as plain
 * lower-case text. Further down, "cannot" and "illegal" are ordinary words of an answer.
 */

/** Characters looked at; a first sentence may be a long one. */
const reach = 400;

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
export const plainStart = (response: string): string => plainText(response.slice(0, 2500).replace(ornament, ""));

/** At most two sentences from the start of the response. Empty for an empty response. */
export const openingSentences = (response: string): readonly string[] => {
  const text = plainText(response.slice(0, 4 * reach).replace(ornament, ""))
    .replace(ornament, "")
    .slice(0, reach);
  const sentences = text.match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*/gu) ?? [];
  return sentences
    .map((sentence) => sentence.replace(ornament, "").trim())
    .filter((sentence) => sentence !== "")
    .slice(0, 2);
};
