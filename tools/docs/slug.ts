/** Ids of headings, as GitHub makes them: the same links work on both. */
export class Slugs {
  readonly #taken = new Map<string, number>();

  of(heading: string): string {
    const text = heading
      .replace(/<[^>]+>/g, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
      .trim()
      .replaceAll(" ", "-");
    const times = this.#taken.get(text) ?? 0;
    this.#taken.set(text, times + 1);
    return times === 0 ? text : `${text}-${times}`;
  }
}
