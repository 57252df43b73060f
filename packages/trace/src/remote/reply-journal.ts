/**
 * Replies on disk as they come, one line each: a row that was answered is not asked again, however the run ends. The last line
 * may be half a one.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "../openai/index.ts";

export interface ReplyJournal {
  readonly find: (id: string) => Reply | undefined;
  readonly keep: (id: string, reply: Reply) => void;
  readonly size: number;
}

/** `folder` is made when the first reply comes. Throws what the file system does. */
export const openJournal = (folder: string): ReplyJournal => {
  const file = join(folder, "replies.jsonl");
  const known = new Map<string, Reply>();
  if (existsSync(file)) {
    const bytes = readFileSync(file);
    const whole = bytes.lastIndexOf(10) + 1;
    if (whole < bytes.length) truncateSync(file, whole); // what was being written when the process died
    for (const line of bytes.toString("utf8", 0, whole).split("\n")) {
      if (line === "") continue;
      const { id, reply } = JSON.parse(line) as { readonly id: string; readonly reply: Reply };
      known.set(id, reply);
    }
  }
  return {
    find: (id) => known.get(id),
    keep: (id, reply) => {
      if (known.size === 0) mkdirSync(folder, { recursive: true });
      known.set(id, reply);
      appendFileSync(file, `${JSON.stringify({ id, reply })}\n`);
    },
    get size() {
      return known.size;
    },
  };
};
