// Types, lint (with the rule which package may import which) and format, side by side: seconds, and no output but problems.
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";

const checks = [
  { name: "types", command: "tsc", args: ["--noEmit", "-p", "."] },
  { name: "types of the report page", command: "tsc", args: ["--noEmit", "-p", "packages/report/src/browser"] },
  { name: "types of the playground", command: "tsc", args: ["--noEmit", "-p", "packages/playground/src/browser"] },
  { name: "types of the viewer's pages", command: "tsc", args: ["--noEmit", "-p", "packages/cli/src/browser"] },
  {
    name: "lint, layers and format",
    command: "biome",
    args: ["check", "--error-on-warnings", "--max-diagnostics=50", "."],
  },
];

const results = await Promise.all(checks.map(run));
for (const { name, code, output, seconds } of results) {
  console.log(`${code === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
}
if (results.some(({ code }) => code !== 0)) {
  console.log("npm run format fixes what can be fixed.");
  process.exitCode = 1;
}

function run({ name, command, args }) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { shell: process.platform === "win32" });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const end = (code) => resolve({ name, code, output, seconds: ((performance.now() - started) / 1000).toFixed(1) });
    child.on("error", (error) => {
      output += error.message;
      end(1);
    });
    child.on("close", end);
  });
}
