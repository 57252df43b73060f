#!/usr/bin/env node
// Starts the CLI on a Node that runs TypeScript sources; an older one hands over to the Node this workspace installs. Commands that
// compute with weights run in a process of their own: when a library or the system ends it, somebody is left to say so.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const isNew = major > 22 || (major === 22 && minor >= 19);
const isChild = process.env.PRECIPICE_LAUNCHER !== undefined;
const computes = ["run", "generate", "serve"].includes(process.argv[2]);

if (isNew && (isChild || !computes)) {
  // whoever kills the launcher means this process
  if (isChild && process.channel) {
    process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
    process.channel.unref();
  }
  module.enableCompileCache?.(); // halves the processor time of a start
  await import("../src/main.ts");
} else {
  const node = isNew ? process.execPath : installedNode(dirname(fileURLToPath(import.meta.url)));
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
  const command = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, command, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal !== null && !["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"].includes(signal)) {
      // it says so, and finishes the record of a run
      spawnSync(node, command, { stdio: "inherit", env: { ...env, PRECIPICE_DEATH: `${child.pid} ${signal}` } });
    }
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

/** The Node of the nearest `node_modules` above `folder` that is not the one running. */
function installedNode(folder) {
  const candidate = join(folder, "node_modules", ".bin", "node");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : installedNode(parent);
}
