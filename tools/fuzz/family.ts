/** What a fuzzer of one kind of input is: small valid inputs, ways to change them, and the code that must bear the result. */
import type { Random } from "@precipice/stats";

export interface Family {
  readonly name: string;
  /** Another input. */
  readonly make: (draw: Random) => Uint8Array;
  /** Runs in a child. What it throws must be typed. `folder` is empty, and its own. */
  readonly run: (input: Uint8Array, folder: string) => Promise<unknown>;
}

/** A thing that must not be, whatever the input. */
export class Defect extends Error {}

/** Whether an error is one that a user can act on: a tag or a code of ours, and none that says "a bug". */
export function isTyped(error: unknown): boolean {
  if (error instanceof Defect || typeof error !== "object" || error === null) return false;
  const { _tag, code } = error as { readonly _tag?: unknown; readonly code?: unknown };
  if (code === "E_DEFECT" || code === "E_STAGE_DEFECT") return false;
  return typeof _tag === "string" || (typeof code === "string" && code.startsWith("E_"));
}
