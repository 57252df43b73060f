/** A worker for tests: answers, counts until it is stopped, throws what it is told, and dies. */
import { setTimeout } from "node:timers/promises";
import { GraphError, SessionError } from "../errors.ts";
import { serve } from "./guest.ts";

class OwnError extends Error {
  readonly _tag = "OwnError";
  readonly what: string;
  constructor({ what }: { readonly what: string }) {
    super(`own error: ${what}`);
    this.what = what;
  }
}

serve({
  echo: async (value: unknown) => value,
  /** Counts up, an event each, until it is interrupted. */
  count: async ({ from }: { from: number }, context) => {
    for (let n = from; ; n++) {
      context.checkpoint("rehearsal");
      context.emit(n);
      await setTimeout(2);
    }
  },
  fail: async (kind: "typed" | "own" | "plain" | "text") => {
    if (kind === "typed") throw new GraphError({ op: "Add", place: "here", problem: "too odd" });
    if (kind === "own") throw new OwnError({ what: "odd" });
    if (kind === "text") throw "just text";
    throw new SessionError({ phase: "run", program: "rehearsal", reason: "no reason" });
  },
  unsendable: async () => () => {},
  exit: async () => process.exit(3),
  crash: async () => {
    queueMicrotask(() => {
      throw new Error("out of the blue");
    });
    return setTimeout(10_000);
  },
});
