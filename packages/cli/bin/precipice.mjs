#!/usr/bin/env node
// Starts the CLI on a Node that runs TypeScript sources; an older one hands over to the Node this workspace installs.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  module.enableCompileCache?.(); // halves the processor time of a start
  await import("../src/main.ts");
} else {
  const node = installedNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    const remedy =
      process.platform === "linux" && process.arch === "x64"
        ? "Run npm install, which brings one, or update Node."
        : "Update Node: a newer one comes with npm install on Linux x64 only.";
    console.error(`precipice needs Node 22.19 or newer; this is ${process.versions.node}. ${remedy}`);
    process.exit(1);
  }
  // Loading weights frees blocks of many megabytes: glibc gives those of this size back at once, and keeps smaller ones.
  const env = { MALLOC_MMAP_THRESHOLD_: "8388608", ...process.env, PRECIPICE_LAUNCHER: "1" };
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** The Node of the nearest `node_modules` above `folder` that is not the one running. */
function installedNode(folder) {
  const candidate = join(folder, "node_modules", ".bin", "node");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : installedNode(parent);
}
