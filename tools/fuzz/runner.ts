/** Inputs to a child, findings to the corpus. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BoundedChild } from "../../packages/runtime/src/bounded/bounded-child.ts";
import type { FuzzAnswer, FuzzJob } from "./child.ts";

export interface Finding {
  readonly family: string;
  readonly kind: "crash" | "hang" | "defect";
  readonly reason: string;
  /** As base64. */
  readonly input: string;
}

/** One job: 10 s of processor time, 1 GiB beyond what the process had. */
const limits = { cpuMs: 10_000, mebibytes: 1024 };
export const corpus = fileURLToPath(new URL("../../tests/corpus/fuzz", import.meta.url));

export class Runner {
  readonly #child = new BoundedChild<FuzzJob, FuzzAnswer>(new URL("./child.ts", import.meta.url));

  /** `undefined` when the input was taken or refused as it should be. */
  async try(family: string, bytes: Uint8Array): Promise<Finding | undefined> {
    const input = Buffer.from(bytes).toString("base64");
    const answer = await this.#child.run({ family, input }, limits);
    switch (answer.type) {
      case "taken":
      case "refused":
        return undefined;
      case "ended":
        return { family, kind: /processor time/u.test(answer.reason) ? "hang" : "crash", reason: answer.reason, input };
      case "hang":
        this.#child.close();
        return { family, kind: "hang", reason: answer.reason, input };
      case "defect":
        return { family, kind: "defect", reason: answer.reason, input };
    }
  }

  close(): void {
    this.#child.close();
  }
}

/** Largest input that is kept: the corpus stays small. */
const mostBytes = 8192;

/** Writes a finding where the tests replay it; the path, or `undefined` when the input is too large to keep. */
export function keep(finding: Finding, folder = corpus): string | undefined {
  if (finding.input.length > mostBytes) return undefined;
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(finding.input).digest("hex").slice(0, 12);
  const path = join(folder, `${finding.family}-${name}.json`);
  writeFileSync(path, `${JSON.stringify(finding, null, 2)}\n`);
  return path;
}

export const kept = (folder = corpus): ReadonlyArray<readonly [name: string, finding: Finding]> =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => [name, JSON.parse(readFileSync(join(folder, name), "utf8")) as Finding])
    : [];
