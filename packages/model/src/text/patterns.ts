/** The regular expressions of a `tokenizer.json`, and how much time one of them may take: they are a stranger's. */

import { named } from "../architecture/unread-keys.ts";
import { CheckpointError } from "../errors.ts";
import { TimeLimitError, timeLimited } from "../time-limit.ts";

/** Every `{ "Regex": … }` below a part of the file, in order. */
export const patternsIn = (part: unknown): ReadonlyArray<string> => {
  if (typeof part !== "object" || part === null) return [];
  const own = (part as { readonly Regex?: unknown }).Regex;
  return [...(typeof own === "string" ? [own] : []), ...Object.values(part).flatMap(patternsIn)];
};

interface Group {
  /** Repetitions without an end in the current alternative, and the most in one before. */
  current: number;
  most: number;
  /** Something in it repeats or may be left out, or it has alternatives: repeated itself it could match the same text in many ways. */
  ambiguous: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
/**
 * The patterns of GPT-2, Llama 3, Qwen 2 and 3, o200k and DeepSeek: each of their alternatives looks at one run of characters of a
 * kind and takes it, so that their time grows with the text, and they go unwatched whatever the length.
 */
const KNOWN: ReadonlySet<string> = new Set([
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${REST}`,
  String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${REST}`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${CONTRACTIONS}?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${CONTRACTIONS}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${REST}`,
  String.raw`\p{N}{1,3}`,
  "[一-龥\u3040-ゟ゠-ヿ]+",
  String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
    "`" +
    String.raw`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${REST}`,
]);

/** Repeats of fewer are no matter: `\p{N}{1,3}`. */
const FEW = 3;

/**
 * How the time of a match can grow at most: with the length of the text to this power. Infinite where it may double with every
 * character, and for what is not understood; the measure is coarse, and errs to that side.
 */
export const growthOf = (pattern: string): number => {
  const groups: Group[] = [{ current: 0, most: 0, ambiguous: false }];
  const top = (): Group => groups.at(-1) as Group;
  const quantifier = /[*+?]|\{(\d*)(,?)(\d*)\}/y;
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at] as string;
    let closed: Group | undefined;
    if (char === "|") {
      const group = top();
      group.most = Math.max(group.most, group.current);
      group.current = 0;
      group.ambiguous = true;
      at += 1;
      continue;
    }
    if (char === "(") {
      groups.push({ current: 0, most: 0, ambiguous: false });
      at += /^\((?:\?(?:[:=!>]|<[=!]|<\w+>|[a-z]*(?:-[a-z]+)?:))?/.exec(pattern.slice(at, at + 40))?.[0].length ?? 1;
      continue;
    }
    if (char === ")") {
      closed = groups.pop();
      if (closed === undefined || groups.length === 0) return Number.POSITIVE_INFINITY;
      closed.most = Math.max(closed.most, closed.current);
      at += 1;
    } else if (char === "[") {
      at += 1;
      if (pattern[at] === "^") at += 1;
      while (at < pattern.length && pattern[at] !== "]") {
        if (pattern[at] === "[" || pattern.startsWith("&&", at)) return Number.POSITIVE_INFINITY;
        at += pattern[at] === "\\" ? 2 : 1;
      }
      at += 1;
    } else if (char === "\\") {
      if (/[1-9k]/.test(pattern[at + 1] ?? "")) return Number.POSITIVE_INFINITY;
      at += /^\\[pP]\{[^}]*\}|^\\[\s\S]/.exec(pattern.slice(at, at + 60))?.[0].length ?? 1;
    } else at += 1;
    quantifier.lastIndex = at;
    const found = quantifier.exec(pattern);
    const many = found !== null && found[0] !== "?" && mostOf(found) > FEW;
    if (found !== null) {
      at += found[0].length;
      if (/[?+]/.test(pattern[at] ?? "")) at += 1;
    }
    const repeated = found !== null && found[0] !== "?" && mostOf(found) > 1;
    if (closed !== undefined && repeated && (closed.ambiguous || closed.most > 0)) return Number.POSITIVE_INFINITY;
    const group = top();
    group.current += (many ? 1 : 0) + (closed?.most ?? 0);
    group.ambiguous ||= found !== null || (closed?.ambiguous ?? false);
  }
  const whole = top();
  return groups.length === 1 ? Math.max(whole.most, whole.current) + 1 : Number.POSITIVE_INFINITY;
};

const mostOf = ([text, least, comma, most]: RegExpExecArray): number => {
  if (text === "*" || text === "+") return Number.POSITIVE_INFINITY;
  if (comma === "") return Number(least);
  return most === "" ? Number.POSITIVE_INFINITY : Number(most);
};

/** Places that a match may look at without being watched: a second at most. */
const UNWATCHED = 1e8;
/** Encoding takes microseconds a character; this is far beyond. */
const limitFor = (characters: number): number => Math.round(2000 + characters / 20);

/** Runs the work of a tokenizer's patterns: as it is where they cannot take long on so many characters, else for a time. */
export class PatternWatch {
  readonly #file: string;
  readonly #place: string;
  readonly #pattern: string | undefined;
  readonly #growth: number;

  constructor(file: string, place: string, parts: ReadonlyArray<unknown>) {
    this.#file = file;
    this.#place = place;
    const patterns = parts
      .flatMap(patternsIn)
      .filter((pattern) => !KNOWN.has(pattern))
      .map((pattern) => ({ pattern, growth: growthOf(pattern) }));
    const worst = patterns.reduce<{ pattern?: string; growth: number }>(
      (most, one) => (one.growth > most.growth ? one : most),
      { growth: 1 },
    );
    this.#pattern = worst.pattern;
    this.#growth = worst.growth;
  }

  /** Throws `CheckpointError` where the time is over, and for whatever else the tokenizer throws. */
  run<A>(characters: number, work: () => A): A {
    try {
      if (characters ** this.#growth <= UNWATCHED) return work();
      return timeLimited(limitFor(characters), work);
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      const slow = error instanceof TimeLimitError;
      const what = slow
        ? `a text of ${characters} characters ${(error as Error).message}; the pattern ${named(this.#pattern)} may be the cause`
        : `cannot work on a text: ${(error as Error).message}`;
      throw new CheckpointError({
        file: this.#file,
        place: this.#place,
        problem: what,
        remedy: slow ? "do not trust this checkpoint, or cut the text" : "check the checkpoint",
      });
    }
  }
}
