import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const launcher = join(import.meta.dirname, "../bin/precipice.mjs");

/** A Node of the host that is older than what the CLI needs, if there is one. */
function oldNode(): string | undefined {
  const paths = (process.env.PATH ?? "").split(":").map((folder) => join(folder, "node"));
  return paths.find((path) => {
    const { stdout } = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" });
    return Number(stdout?.split(".")[0] || 99) < 22;
  });
}

describe("bin/precipice.mjs", () => {
  it("starts the CLI", () => {
    expect(execFileSync(process.execPath, [launcher, "--version"], { encoding: "utf8" })).toBe("precipice v0.1.0\n");
  });

  it.skipIf(oldNode() === undefined)("hands over to the installed Node when started by an old one", () => {
    const result = spawnSync(oldNode() as string, [launcher, "stages", "no.such"], { encoding: "utf8" });
    expect(result.stderr).toContain("E_STAGE_UNKNOWN");
    expect(result.status).toBe(1);
  });
});
