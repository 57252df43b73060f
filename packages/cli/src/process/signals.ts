/**
 * Ends the program as signals ask: the first one interrupts it, so that finalizers run and records are finished, and the exit
 * code is 128 and the signal's number, as shells have it. A second one ends the process at once.
 */
import { constants } from "node:os";
import * as Cause from "effect/Cause";
import * as Exit from "effect/Exit";
import * as Runtime from "effect/Runtime";

export const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndingSignal = (typeof endingSignals)[number];

/** 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** How long a task runner may take to pass on what the terminal has sent to the whole group already, in ms. */
const echoMs = 1000;

/** Whether what started this process may send it a signal that it has had from the terminal. */
export const echoes = (env: NodeJS.ProcessEnv): boolean =>
  ["NX_TASK_TARGET_TARGET", "npm_lifecycle_event", "npm_command", "PRECIPICE_LAUNCHER"].some((name) => env[name]);

export interface Signals {
  /** What the program was asked to end by first. */
  readonly first: EndingSignal | undefined;
  readonly receive: (signal: EndingSignal) => void;
}

/** `interrupt` is called for the first signal, `exit` for a second one that is no echo of it. */
export function signalsOf(given: {
  readonly interrupt: () => void;
  readonly exit: (code: number) => void;
  readonly echoes: boolean;
  readonly nowMs?: () => number;
}): Signals {
  const now = given.nowMs ?? (() => performance.now());
  let first: { readonly signal: EndingSignal; readonly atMs: number } | undefined;
  return {
    get first() {
      return first?.signal;
    },
    receive: (signal) => {
      if (first === undefined) {
        first = { signal, atMs: now() };
        given.interrupt();
      } else if (!given.echoes || now() - first.atMs > echoMs) given.exit(exitCodeOf(signal));
    },
  };
}

/** Runs an effect as the process. Exit codes: 0 done (or `process.exitCode`), 1 failed, else that of the first signal. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  const signals = signalsOf({
    interrupt: () => fiber.interruptUnsafe(fiber.id),
    exit: (code) => process.exit(code),
    echoes: echoes(process.env),
  });
  for (const signal of endingSignals) process.on(signal, signals.receive);
  fiber.addObserver((exit) => {
    for (const signal of endingSignals) process.off(signal, signals.receive);
    const { first } = signals;
    // What ended in spite of a signal was done already when it came: its own code tells how.
    const stopped = first !== undefined && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause);
    teardown(exit, (code) => {
      if (first !== undefined || code !== 0) process.exit(stopped ? exitCodeOf(first) : code);
    });
  });
});
