import { defineConfig } from "vitest/config";
import Tally from "./tools/tally-reporter.ts";

export default defineConfig({
  test: {
    include: ["packages/**/src/**/*.test.ts", "tools/**/*.test.ts", "tests/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", new Tally()],
  },
});
