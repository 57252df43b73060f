import { EventEmitter } from "node:events";
import type { RunEvent } from "@precipice/runtime";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Screen } from "../fixtures/screen.ts";
import { eventLines } from "./event-lines.ts";
import { LineView } from "./line-view.ts";
import { LiveView } from "./live-view.ts";
import { labelsOf } from "./node-labels.ts";
import { columnsOf } from "./text.ts";

const at = "2026-01-01T00:00:00.000Z";
const started = {
  type: "run.started",
  at,
  run: "r",
  path: "/runs/r",
  pipeline: "demo",
  nodes: [
    { node: "traces", stage: "s", status: "run", reason: "", lastDurationMs: 2000 },
    { node: "b", stage: "s", status: "cached", reason: "", lastDurationMs: null },
  ],
} satisfies RunEvent;
const begin: RunEvent = { type: "node.started", at, node: "traces", stage: "s", reason: "never ran" };
const progress = (done: number): RunEvent => ({
  type: "node.progress",
  at,
  node: "traces",
  done,
  total: 160,
  unit: "rows",
  rssBytes: 1,
});
const shard = (index: number): RunEvent => ({
  type: "node.shard",
  at,
  node: "traces",
  kind: "traces",
  digest: "d",
  index,
  of: 4,
  rows: 40,
  state: "done",
});
const end: RunEvent = { type: "node.done", at, node: "traces", durationMs: 12_300 };

describe("views", () => {
  let output = "";
  let screen = new Screen(80);
  const stream = Object.assign(new EventEmitter(), {
    columns: 80,
    rows: 24,
    isTTY: true,
    write: (text: string) => {
      output += text;
      screen.write(text);
      return true;
    },
  });
  const terminal = stream as unknown as NodeJS.WriteStream;
  const view = () =>
    new LiveView(
      terminal,
      (_, text) => text,
      () => 812e6,
    );
  beforeEach(() => {
    output = "";
    screen = new Screen(80);
    stream.removeAllListeners();
    Object.assign(stream, { columns: 80, rows: 24 });
    vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("LiveView redraws running nodes in place and leaves finished ones as lines", () => {
    const live = view();
    live.onEvent(started);
    live.onEvent({ type: "node.cached", at, node: "b", reason: "" });
    live.onEvent(begin);
    vi.advanceTimersByTime(1900);
    live.onEvent(progress(40));
    live.onEvent(shard(0));
    live.onEvent(shard(2));
    vi.advanceTimersByTime(100);
    expect(screen.lines).toEqual([
      "demo  1 to run, 1 cached",
      "= b       cached",
      "  traces  █████░░░░░░░░░░░░░░░  25%  40/160 rows  20 rows/s  ETA 6.0 s  shard …",
      "  1 running  1 of 2 nodes done  2.0 s  812 MB of memory",
      "",
    ]);
    live.onEvent(end);
    live.close();
    expect(screen.lines).toEqual(["demo  1 to run, 1 cached", "= b       cached", "✓ traces  12.3 s", ""]);
    expect([screen.cursorShown, screen.wraps]).toEqual([true, true]);
  });

  it("LiveView shows memory, shards and the rate on a wide terminal, and writes nothing when nothing changed", () => {
    stream.columns = 120;
    screen.columns = 120;
    const live = view();
    live.onEvent(started);
    live.onEvent(begin);
    vi.advanceTimersByTime(1000);
    live.onEvent(progress(40));
    for (const index of [0, 1, 2]) live.onEvent(shard(index));
    vi.advanceTimersByTime(1000);
    expect(screen.lines[1]).toContain("40/160 rows  20 rows/s  ETA 6.0 s  shard 3/4");
    const before = output;
    stream.emit("resize");
    expect(output).toBe(before);
    live.close();
  });

  it("LiveView survives any resize, at any moment, with any number of running nodes", () => {
    const node = (i: number): string => `node${i}[text=${"x".repeat(i * 7)}]`;
    const step = fc.record({
      columns: fc.integer({ min: 10, max: 130 }),
      rows: fc.integer({ min: 4, max: 30 }),
      what: fc.constantFrom("start", "progress", "end", "log", "wait"),
      which: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        screen = new Screen(80);
        stream.removeAllListeners();
        Object.assign(stream, { columns: 80, rows: 60 });
        const live = view();
        const kept: Array<string> = [];
        const tell = (event: RunEvent): void => {
          kept.push(...eventLines(event, labelsOf([]), (_, text) => text));
          live.onEvent(event);
        };
        const running = new Set<number>();
        for (const { columns, what, which } of steps) {
          // The terminal wraps what is on it first, then tells the program.
          screen.columns = columns;
          stream.columns = columns;
          stream.emit("resize");
          if (what === "start" && !running.has(which)) {
            running.add(which);
            live.onEvent({ ...begin, node: node(which) } as RunEvent);
          }
          if (what === "progress") live.onEvent({ ...progress(which * 20), node: node(which) } as RunEvent);
          if (what === "log") tell({ type: "node.log", at, node: node(which), message: "m".repeat(which * 30) });
          if (what === "end" && running.delete(which)) tell({ ...end, node: node(which) } as RunEvent);
          if (what === "wait") vi.advanceTimersByTime(130);
          expect(screen.lines.slice(0, kept.length)).toEqual(kept);
          expect(screen.lines).toHaveLength(kept.length + (running.size === 0 ? 0 : running.size + 1) + 1);
          for (const line of screen.lines.slice(kept.length)) expect([...line].length).toBeLessThan(columns);
        }
        live.close();
        expect(screen.lines).toEqual([...kept, ""]);
      }),
      { numRuns: 60 },
    );
  });

  it("LiveView never draws more rows than the terminal has", () => {
    stream.rows = 6;
    const live = view();
    for (let i = 0; i < 10; i++) live.onEvent({ ...begin, node: `n${i}` } as RunEvent);
    expect(screen.lines).toHaveLength(3 + 1 + 1);
    expect(screen.lines[3]).toContain("10 running (7 not shown)");
    live.close();
  });

  it("both tell many skipped nodes in a line per condition, and no more when their turn comes", () => {
    const reason = "when: matrix.n == 0";
    const nodes = Array.from({ length: 12 }, (_, n) => ({
      node: `lora[n=${n}]`,
      stage: "s",
      status: n === 0 ? ("run" as const) : ("skipped" as const),
      reason: n === 0 ? "never ran" : reason,
      lastDurationMs: null,
    }));
    const want = ["demo  1 to run, 0 cached, 11 skipped", "· 11 nodes skipped: when: matrix.n == 0 (lora)", ""];
    for (const one of [view(), new LineView(terminal, (_, text) => text)]) {
      screen = new Screen(80);
      one.onEvent({ ...started, nodes } as RunEvent);
      for (const { node, status } of nodes) {
        if (status === "skipped") one.onEvent({ type: "node.skipped", at, node, reason });
      }
      one.close();
      expect(screen.lines).toEqual(want);
    }
  });

  it("LiveView calls nodes by the values of their matrix while names would take most of the line", () => {
    const node = "lora[method=misalignment,fraction=0.017]";
    const live = view();
    live.onEvent({ ...started, nodes: [{ ...started.nodes[0], node }] } as RunEvent);
    live.onEvent({ ...begin, node });
    expect(screen.lines[1]).toMatch(/^ {2}lora\[misalignment,0\.017\] {2}/);
    Object.assign(stream, { columns: 120 });
    screen.columns = 120;
    stream.emit("resize");
    expect(screen.lines[1]).toMatch(/^ {2}lora\[method=misalignment,fraction=0\.017\] {2}/);
    live.close();
  });

  it("columnsOf counts what a terminal shows", () => {
    expect(["abc", "日本", "🙂!", "e\u0301", "█░"].map(columnsOf)).toEqual([3, 4, 3, 1, 2]);
  });

  it("LineView prints progress every five seconds, not at every call", () => {
    const view = new LineView(terminal, (_, text) => text);
    view.onEvent(started);
    view.onEvent(begin);
    for (let done = 1; done <= 160; done++) {
      vi.advanceTimersByTime(100);
      view.onEvent(progress(done));
    }
    view.onEvent(end);
    expect(output.match(/rows\/s/g)).toHaveLength(3);
    expect(output).toContain("  traces  50/160 rows  10 rows/s  ETA 11.0 s\n");
  });
});
