/**
 * Splits by the names of files and folders, where a data set's card says nothing: the rules of Hugging Face's `datasets`. The first
 * way that finds any file is the only one: `data/NAME-00000-of-00002.parquet`, then folders named after splits, then files named
 * after splits, and only then everything as `train`.
 */
import { matching } from "./glob.ts";

export type Patterns = ReadonlyMap<string, ReadonlyArray<string>>;

const KEYWORDS: ReadonlyArray<readonly [split: string, words: ReadonlyArray<string>]> = [
  ["train", ["train", "training"]],
  ["validation", ["validation", "valid", "dev", "val"]],
  ["test", ["test", "testing", "eval", "evaluation"]],
];
/** What may stand before and after a keyword. */
const SEPARATOR = "[-._ 0-9]";
const SHARD = "[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]*.*";

const inFolder = (word: string): string[] => [
  `**/${word}/**`,
  `**/${word}${SEPARATOR}*/**`,
  `**/*${SEPARATOR}${word}/**`,
  `**/*${SEPARATOR}${word}${SEPARATOR}*/**`,
];
const inFile = (word: string): string[] => [`**/${word}${SEPARATOR}*`, `**/*${SEPARATOR}${word}${SEPARATOR}*`];

export interface NamedSplits {
  readonly patterns: Patterns;
  /** Whether files or folders name the splits; where none does, everything is `train`. */
  readonly named: boolean;
}

/** Patterns by split; `undefined` when there is no file at all. */
export const splitsByName = (paths: ReadonlyArray<string>): NamedSplits | undefined => {
  const sharded = new Set(
    matching(`data/*-${SHARD}`, paths).map((path) =>
      path.slice("data/".length).replace(/-[0-9]{5}-of-[0-9]{5}(?!.*-[0-9]{5}-of-[0-9]{5}).*$/s, ""),
    ),
  );
  if (sharded.size > 0) {
    const usual = KEYWORDS.map(([split]) => split).filter((split) => sharded.has(split));
    const others = [...sharded].filter((split) => !usual.includes(split)).sort();
    return {
      named: true,
      patterns: new Map([...usual, ...others].map((split) => [split, [`data/${split}-${SHARD}`]])),
    };
  }
  if (matching("**/*.eval", paths).length > 0) return { named: true, patterns: new Map([["logs", ["**/*.eval"]]]) };
  for (const namesOf of [inFolder, inFile]) {
    const found = KEYWORDS.map(([split, words]) => [split, words.flatMap(namesOf)] as const).filter(([, patterns]) =>
      patterns.some((pattern) => matching(pattern, paths).length > 0),
    );
    if (found.length > 0) return { named: true, patterns: new Map(found) };
  }
  return matching("**", paths).length === 0 ? undefined : { named: false, patterns: new Map([["train", ["**"]]]) };
};
