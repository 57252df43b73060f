/**
 * Added tokens marked `single_word`: text is cut at them only where no word character stands beside them, as in the tokenizers of
 * Hugging Face (`AddedVocabulary::find_matches`). The JavaScript library cuts at them everywhere; this mends its two splitters.
 */
import type { Tokenizer } from "@huggingface/tokenizers";

/** A word character of Rust's regular expressions. */
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const startsWithWord = (text: string): boolean => WORD.test(String.fromCodePoint(text.codePointAt(0) as number));
const endsWithWord = (text: string): boolean => WORD.test([...text.slice(-2)].at(-1) as string);

interface Splitter {
  split: (text: string) => string[];
}

/** The same tokenizer, changed where any of its tokens asks for it. */
export const wholeWords = (tokenizer: Tokenizer): Tokenizer => {
  const inner = tokenizer as unknown as {
    readonly added_tokens_map: ReadonlyMap<string, { readonly single_word: boolean }>;
    readonly splitter_unnormalized: Splitter;
    readonly splitter_normalized: Splitter;
  };
  const tokens = inner.added_tokens_map;
  if (![...tokens.values()].some(({ single_word }) => single_word)) return tokenizer;
  for (const splitter of [inner.splitter_unnormalized, inner.splitter_normalized]) {
    const split = splitter.split.bind(splitter);
    splitter.split = (text) => joinedWords(split(text), (part) => tokens.get(part)?.single_word);
  }
  return tokenizer;
};

/** `singleWord`: of a part that is an added token, whether it must stand alone; undefined for plain text. */
const joinedWords = (parts: ReadonlyArray<string>, singleWord: (part: string) => boolean | undefined): string[] => {
  const out: string[] = [];
  let plain = "";
  for (const [i, part] of parts.entries()) {
    const single = singleWord(part);
    const [before, next] = [parts[i - 1], parts[i + 1]];
    const stands = !(before !== undefined && endsWithWord(before)) && !(next !== undefined && startsWithWord(next));
    if (single === undefined || (single && !stands)) plain += part;
    else {
      if (plain !== "") out.push(plain);
      plain = "";
      out.push(part);
    }
  }
  if (plain !== "") out.push(plain);
  return out;
};
