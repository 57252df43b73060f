import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "@precipice/runtime";
import { expect, it, onTestFinished } from "vitest";
import { EventLog } from "./event-log.ts";
import { RunState } from "./run-state.ts";

const start = Date.parse("2026-01-01T00:00:00.000Z");
const at = (ms: number) => new Date(start + ms).toISOString();
const event = (ms: number, body: object): RunEvent => ({ ...body, at: at(ms) }) as RunEvent;
const nodes = ["a", "b", "c"].map((node) => ({ node, state: "pending", reason: "never ran" }));

it("tells how far every node is, and when it worked", () => {
  const state = new RunState(start, nodes);
  state.apply(event(0, { type: "node.cached", node: "a", reason: "its result is in the store" }));
  state.apply(event(1000, { type: "node.started", node: "b", stage: "s", reason: "never ran" }));
  state.apply(event(3000, { type: "node.progress", node: "b", done: 50, total: 200, unit: "rows", rssBytes: 2e9 }));
  const [a, b, c] = state.lines(start + 3000, true);
  expect(a).toMatchObject({ state: "cached", took: "", fromMs: null });
  expect(b).toMatchObject({ state: "running", took: "2.0 s", fraction: 0.25, fromMs: 1000, toMs: 3000 });
  expect(b?.note).toBe("50/200 rows  25 rows/s  ETA 6.0 s");
  expect(c).toMatchObject({ state: "pending", note: "never ran", fraction: null });
  expect(state.summary(start + 3000, true)).toBe("1 of 3 nodes over, 1 running, 3.0 s, 2.00 GB of memory");
  // its process is gone: it stands where its last event left it
  expect(state.lines(start + 900_000, false)[1]).toMatchObject({ state: "cut off", toMs: 3000 });

  state.apply(event(4000, { type: "node.failed", node: "b", durationMs: 3000, error: { code: "E_X", message: "no" } }));
  state.apply(event(4001, { type: "node.blocked", node: "c", reason: "b failed" }));
  state.apply(event(4002, { type: "run.finished", run: "r", path: "/r", status: "failed", wallSeconds: 4 }));
  const after = state.lines(start + 900_000, false);
  expect(after[1]).toMatchObject({ state: "failed", took: "3.0 s", note: "E_X no", fromMs: 1000, toMs: 4000 });
  expect(after[2]).toMatchObject({ state: "blocked", note: "b failed" });
  expect(state.finished).toBe("failed");
  expect(state.summary(start + 900_000, false)).toBe("3 of 3 nodes over, 4.0 s");
});

it("keeps the end of a long log, and says what is new in it", () => {
  const state = new RunState(start, nodes);
  const say = (from: number, to: number) => {
    for (let i = from; i < to; i++) state.apply(event(i, { type: "node.log", node: "a", message: `line ${i}` }));
  };
  say(0, 3);
  const first = state.log();
  expect(first.lines).toEqual(["a  line 0", "a  line 1", "a  line 2"]);
  say(3, 5);
  expect(state.log(first.seen).lines).toEqual(["a  line 3", "a  line 4"]);
  say(5, 2000);
  expect(state.log(first.seen).lines.length).toBe(500);
  expect(state.log().lines.at(-1)).toBe("a  line 1999");
});

it("reads a log as it grows: whole lines only, and nothing twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-view-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "events.jsonl");
  const log = new EventLog(path);
  expect(await log.read()).toEqual([]);
  const line = (message: string) => JSON.stringify({ type: "node.log", node: "a", message, at: at(0) });
  const text = line("ünï");
  const cut = Buffer.from(text).subarray(0, text.indexOf("n") + 20);
  writeFileSync(path, `${line("one")}\n`);
  appendFileSync(path, cut);
  expect(await log.read()).toMatchObject([{ message: "one" }]);
  appendFileSync(path, Buffer.from(`${text}\nno json\n42\n`).subarray(cut.length));
  expect(await log.read()).toMatchObject([{ message: "ünï" }]);
  expect(await log.read()).toEqual([]);
  appendFileSync(path, `${line("x".repeat(3 << 20))}\n${line("after")}\n`);
  expect((await log.read()).map((e) => (e as { message: string }).message.length)).toEqual([3 << 20, 5]);
});
