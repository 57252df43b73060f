/** The process that bears the inputs of the fuzzers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../packages/runtime/src/bounded/watch.ts";
import { families } from "./families.ts";
import { isTyped } from "./family.ts";

export interface FuzzJob {
  readonly family: string;
  /** The input, as base64. */
  readonly input: string;
}

export type FuzzAnswer =
  | { readonly type: "taken" }
  | { readonly type: "refused" }
  | { readonly type: "defect"; readonly reason: string }
  | { readonly type: "hang"; readonly reason: string };

/** By the clock, for what waits and does not work; work has a bound of processor time. */
const waitMs = 120_000;

serve<FuzzJob, FuzzAnswer>(import.meta.url, async ({ family, input }) => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-fuzz-"));
  let timer: NodeJS.Timeout | undefined;
  try {
    const found = families.find(({ name }) => name === family);
    if (found === undefined) return { type: "defect", reason: `there is no family ${family}` };
    const late = new Promise<FuzzAnswer>((resolve) => {
      timer = setTimeout(() => resolve({ type: "hang", reason: `no end in ${waitMs / 1000} s` }), waitMs);
    });
    const done = found.run(Buffer.from(input, "base64"), folder).then(
      (): FuzzAnswer => ({ type: "taken" }),
      (error: unknown): FuzzAnswer => (isTyped(error) ? { type: "refused" } : { type: "defect", reason: said(error) }),
    );
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
});

const said = (error: unknown): string =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error))
    .split("\n")
    .slice(0, 4)
    .join("\n")
    .slice(0, 600);
