/**
 * Replies on disk as they come, one line each: a row that was answered is not asked again, however the run ends. The last line
 * may be half a one.
 */
import { appendFileSync, existsSync, mkdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { readFileBytesSync } from "@precipice/files";
import type { Reply } from "../openai/index.ts";

/** What one run can write in months. */
const MOST_BYTES = 4e9;

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
    const bytes = readFileBytesSync(file, MOST_BYTES);
    const whole = bytes.lastIndexOf(10) + 1;
    if (whole < bytes.length) truncateSync(file, whole); // what was being written when the process died
    for (let begin = 0, end = 0; begin < whole; begin = end + 1) {
      end = bytes.indexOf(10, begin);
      if (begin === end) continue;
      const { id, reply } = JSON.parse(bytes.toString("utf8", begin, end)) as {
        readonly id: string;
        readonly reply: Reply;
      };
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
