import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import Tally from "./tools/tally-reporter.ts";

export default defineConfig({
  test: {
    include: ["packages/**/src/**/*.test.ts", "examples/**/*.test.ts", "tools/**/*.test.ts", "tests/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // bounds a hang, not a duration: a busy machine takes many times as long as a quiet one
    testTimeout: 900_000,
    hookTimeout: 900_000,
    env: { PRECIPICE_CACHE: join(tmpdir(), "precipice-test-cache") }, // not the user's own
    reporters: ["default", new Tally()],
  },
});
