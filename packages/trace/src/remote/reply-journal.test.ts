import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporary } from "../../../../tests/support/on-disk.ts";
import type { Reply } from "../openai/index.ts";
import { openJournal } from "./reply-journal.ts";

const root = temporary();
const reply = (content: string): Reply => ({
  content,
  reasoning: null,
  finishReason: "stop",
  promptTokens: 1,
  completionTokens: 2,
  ids: null,
  promptIds: null,
});

describe("the journal of replies", () => {
  it("knows every reply that was kept, and touches nothing before there is one", () => {
    const folder = join(root, "a");
    const first = openJournal(folder);
    expect([first.size, first.find("x"), existsSync(folder)]).toEqual([0, undefined, false]);
    first.keep("x", reply("one\ntwo"));
    first.keep("y", reply("日本"));
    const second = openJournal(folder);
    expect([second.size, second.find("x"), second.find("y")]).toEqual([2, reply("one\ntwo"), reply("日本")]);
  });

  it.each([1, 20, -20, -1])(
    "forgets a line that a kill cut off (at %i), and goes on behind the last whole one",
    (at) => {
      const folder = join(root, `cut${at}`);
      openJournal(folder).keep("x", reply("é"));
      const file = join(folder, "replies.jsonl");
      appendFileSync(file, readFileSync(file).subarray(0, at));
      const opened = openJournal(folder);
      expect(opened.size).toBe(1);
      opened.keep("z", reply("z"));
      const last = openJournal(folder);
      expect([last.size, last.find("x"), last.find("z")]).toEqual([2, reply("é"), reply("z")]);
    },
  );
});
