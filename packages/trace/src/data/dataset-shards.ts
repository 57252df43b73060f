/** Shards that the names of others prove to exist: `train-00000-of-00002` is half of a split. */

interface Numbered {
  readonly name: (number: string) => string;
  readonly width: number;
  readonly numbers: Set<number>;
  readonly total: number | undefined;
}

const groupsOf = (
  paths: ReadonlyArray<string>,
  split: (
    path: string,
  ) => readonly [before: string, number: string, total: string | undefined, after: string] | undefined,
  /** Whether what follows the number is the same in all files of a group: a shard's name may end in a hash of its own. */
  sameEnd: boolean,
): Numbered[] => {
  const groups = new Map<string, Numbered>();
  for (const path of paths) {
    const parts = split(path);
    if (parts === undefined) continue;
    const [before, number, total, after] = parts;
    const key = JSON.stringify([before, total, ...(sameEnd ? [after] : [])]);
    const group = groups.get(key) ?? {
      name: (text) => `${before}${text}${total === undefined ? "" : `-of-${total}`}${sameEnd ? after : ""}`,
      width: number.length,
      numbers: new Set<number>(),
      total: total === undefined ? undefined : Number(total),
    };
    group.numbers.add(Number(number));
    groups.set(key, group);
  }
  return [...groups.values()];
};

const absent = ({ name, width, numbers }: Numbered, from: number, to: number): string[] => {
  const names: string[] = [];
  for (let i = from; i <= to && names.length < 1000; i++)
    if (!numbers.has(i)) names.push(name(String(i).padStart(width, "0")));
  return names;
};

/** Beginnings of the names of shards that must exist beside these, by `N-of-M` in their names. Shards count from 0, or from 1. */
export const missingShards = (paths: ReadonlyArray<string>): string[] =>
  groupsOf(
    paths,
    (path) => {
      const [, before, number, total, after] = /^(.*?)(\d+)-of-(\d+)([^/]*)$/.exec(path) ?? [];
      return before === undefined ? undefined : [before, number as string, total, after as string];
    },
    false,
  ).flatMap((group) => {
    const total = group.total as number;
    const first = group.numbers.has(total) && !group.numbers.has(0) ? 1 : 0;
    return absent(group, first, first + total - 1);
  });

/** Names that a numbering from 0 or 1 leaves out (`train-0`, `train-2`): no proof, but a hint where the list of files is not known. */
export const gapsIn = (paths: ReadonlyArray<string>): string[] =>
  groupsOf(
    paths.filter((path) => !/\d+-of-\d+[^/]*$/.test(path)),
    (path) => {
      const [, before, number, after] = /^(.*?)(\d{1,8})(\D*)$/.exec(path) ?? [];
      return before === undefined || before.endsWith(".")
        ? undefined
        : [before, number as string, undefined, after as string];
    },
    true,
  ).flatMap((group) => {
    const numbers = [...group.numbers];
    const first = Math.min(...numbers);
    return numbers.length < 2 || first > 1 ? [] : absent(group, first, Math.max(...numbers));
  });
