/** The nearest known name to a misspelt one. */

/** Edit distance where swapping two neighbours counts as one edit (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: Array<number> = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return at(previous, b.length);
}

/** The candidate within a third of the name's length (at least two edits), `undefined` when none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 3));
  const ranked = [...candidates]
    .filter((candidate) => Math.abs(candidate.length - name.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** So many names stand in a remedy. */
const listed = 60;

/** `Did you mean "x"?`, or what exists when nothing is near. */
export function suggestion(name: string, candidates: Iterable<string>, what: string): string {
  const names = [...candidates];
  const found = nearest(name, names);
  if (found !== undefined) return `Did you mean "${found}"?`;
  if (names.length === 0) return `There are no ${what}.`;
  const more = names.length > listed ? ` and ${names.length - listed} more` : "";
  return `Known ${what}: ${names.slice(0, listed).join(", ")}${more}.`;
}

const at = (row: ReadonlyArray<number>, index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
