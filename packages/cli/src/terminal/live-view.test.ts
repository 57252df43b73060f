import { PassThrough } from "node:stream";
import type { RunEvent } from "@precipice/runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LineView } from "./line-view.ts";
import { LiveView } from "./live-view.ts";

const at = "2026-01-01T00:00:00.000Z";
const started: RunEvent = {
  type: "run.started",
  at,
  run: "r",
  path: "/runs/r",
  pipeline: "demo",
  nodes: [
    { node: "traces", stage: "s", status: "run", reason: "", lastDurationMs: 2000 },
    { node: "b", stage: "s", status: "cached", reason: "", lastDurationMs: null },
  ],
};
const begin: RunEvent = { type: "node.started", at, node: "traces", stage: "s", reason: "never ran" };
const progress = (done: number): RunEvent => ({
  type: "node.progress",
  at,
  node: "traces",
  done,
  total: 160,
  unit: "rows",
});
const end: RunEvent = { type: "node.done", at, node: "traces", durationMs: 12_300 };

/** What a terminal would show after the writes: enough of one for cursor-up, erase-below and newlines. */
function screen(output: string): ReadonlyArray<string> {
  const lines = [""];
  for (const [token] of output.matchAll(/\u001b\[[?0-9]*[A-Za-z]|\n|[^\u001b\n]+/g)) {
    const up = /^\u001b\[(\d+)A$/.exec(token);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), Number(up[1]));
    else if (token === "\n") lines.push("");
    else if (!token.startsWith("\u001b")) lines[lines.length - 1] += token;
  }
  return lines;
}

describe("views", () => {
  const stream = Object.assign(new PassThrough(), { columns: 80, isTTY: true });
  let output = "";
  stream.on("data", (chunk) => {
    output += chunk;
  });
  beforeEach(() => {
    output = "";
    vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("LiveView redraws running nodes in place and leaves finished ones as lines", () => {
    const view = new LiveView(stream as unknown as NodeJS.WriteStream, (_, text) => text);
    view.onEvent(started);
    view.onEvent({ type: "node.cached", at, node: "b", reason: "" });
    view.onEvent(begin);
    vi.advanceTimersByTime(1900);
    view.onEvent(progress(40));
    vi.advanceTimersByTime(100);
    expect(screen(output)).toEqual([
      "demo  1 to run, 1 cached",
      "= b       cached",
      "  traces  █████░░░░░░░░░░░░░░░  25%  40/160 rows  20 rows/s  ETA 6.0 s",
      "",
    ]);
    view.onEvent(end);
    view.close();
    expect(screen(output)).toEqual(["demo  1 to run, 1 cached", "= b       cached", "✓ traces  12.3 s", ""]);
    expect(output.startsWith("\u001b[?25l")).toBe(true);
    expect(output.endsWith("\u001b[?25h")).toBe(true);
  });

  it("LiveView never draws a line wider than the terminal", () => {
    for (const columns of [80, 40, 12]) {
      output = "";
      stream.columns = columns;
      const view = new LiveView(stream as unknown as NodeJS.WriteStream, (_, text) => text);
      view.onEvent(begin);
      vi.advanceTimersByTime(500);
      view.onEvent({ ...progress(10), detail: "d".repeat(200) } as RunEvent);
      for (const line of screen(output)) expect([...line].length).toBeLessThan(columns);
      view.close();
    }
    stream.columns = 80;
  });

  it("LineView prints progress every five seconds, not at every call", () => {
    const view = new LineView(stream, (_, text) => text);
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
