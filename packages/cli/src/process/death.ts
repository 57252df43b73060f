/** What is said, and recorded, of a process that a signal ended which no program sends itself. */
import { join } from "node:path";
import { Run } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { resolveRoot } from "../flags.ts";

const meanings: { readonly [signal: string]: string } = {
  SIGBUS: "A file that was in use has become shorter, most likely the weights: put them back and run it again.",
  SIGKILL:
    "The system or somebody ended it, most likely for want of memory: give it more, or let less run at once (--jobs, --memory).",
  SIGABRT: "It ran out of memory, or a library gave up.",
  SIGSEGV: "A library failed: this is a bug.",
};

/** `PRECIPICE_DEATH` as the launcher sets it: process id and signal. */
export const deathIn = (told: string): { readonly pid: number; readonly signal: string } => {
  const [pid = "", signal = ""] = told.split(" ");
  return { pid: Number(pid), signal };
};

/** The value of `--root` in a command line. */
const rootIn = (args: ReadonlyArray<string>): string | undefined => {
  const at = args.indexOf("--root");
  return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith("--root="))?.slice("--root=".length);
};

/** Tells how the process ended, and ends the record of its run as failed. */
export const tellDeath = Effect.fnUntraced(function* (told: string, args: ReadonlyArray<string>) {
  const { pid, signal } = deathIn(told);
  const error = {
    code: "E_PROCESS",
    message: `the process was ended by ${signal}`,
    remedy: `${meanings[signal] ?? "Run it again."} What was finished is stored.`,
  };
  process.stderr.write(`${error.code} ${error.message}\n  ${error.remedy}\n`);
  if (args[0] !== "run") return;
  const ended = yield* Run.recordDeath(yield* resolveRoot(rootIn(args)), pid, error);
  for (const path of ended) process.stderr.write(`  ${join(path, "run.json")} says so too.\n`);
});
