import { expect, it } from "vitest";
import { type EndingSignal, echoes, exitCodeOf, signalsOf } from "./signals.ts";

const told = (echoes: boolean, signals: ReadonlyArray<readonly [EndingSignal, atMs: number]>) => {
  const calls: Array<string> = [];
  let nowMs = 0;
  const watched = signalsOf({
    interrupt: () => calls.push("interrupt"),
    exit: (code) => calls.push(`exit ${code}`),
    echoes,
    nowMs: () => nowMs,
  });
  for (const [signal, atMs] of signals) {
    nowMs = atMs;
    watched.receive(signal);
  }
  return [watched.first, ...calls];
};

it.each([
  ["one interrupts", false, [["SIGTERM", 0]], ["SIGTERM", "interrupt"]],
  [
    "a second ends at once",
    false,
    [
      ["SIGINT", 0],
      ["SIGINT", 5],
    ],
    ["SIGINT", "interrupt", "exit 130"],
  ],
  [
    "a second of another kind too",
    false,
    [
      ["SIGINT", 0],
      ["SIGTERM", 5],
    ],
    ["SIGINT", "interrupt", "exit 143"],
  ],
  [
    "what a task runner passes on is no second one",
    true,
    [
      ["SIGINT", 0],
      ["SIGINT", 900],
    ],
    ["SIGINT", "interrupt"],
  ],
  [
    "a later one is, there too",
    true,
    [
      ["SIGINT", 0],
      ["SIGINT", 9],
      ["SIGHUP", 1100],
    ],
    ["SIGINT", "interrupt", "exit 129"],
  ],
] as const)("%s", (_, echoing, signals, expected) => {
  expect(told(echoing, signals)).toEqual(expected);
});

it("exit codes are 128 and the signal's number", () => {
  expect((["SIGINT", "SIGTERM", "SIGHUP"] as const).map(exitCodeOf)).toEqual([130, 143, 129]);
});

it("npm, nx and the launcher pass signals on, a terminal does not", () => {
  expect(
    [{}, { npm_command: "exec" }, { NX_TASK_TARGET_TARGET: "x" }, { PRECIPICE_LAUNCHER: "1" }].map(echoes),
  ).toEqual([false, true, true, true]);
});
