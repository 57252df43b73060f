// Runs a command of this workspace on the Node it installs, on any host with Node 20 or newer:
//
//     node tools/bootstrap.mjs COMMAND [ARGS…]
//
// Dependencies are installed first when node_modules does not match package-lock.json. No dependencies of its own.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const stamp = join(modules, ".precipice-lock");
const windows = process.platform === "win32";

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error("usage: node tools/bootstrap.mjs COMMAND [ARGS…]");
  process.exit(2);
}

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const stamped = existsSync(stamp) ? readFileSync(stamp, "utf8") : undefined;
if (!existsSync(bin) || (stamped !== lock && !isInstalled())) install();
else if (stamped !== lock) {
  linkPackages();
  writeFileSync(stamp, lock);
}

const child = spawn(command, args, {
  cwd: root,
  stdio: "inherit",
  shell: windows,
  // Loading weights frees blocks of many megabytes: glibc gives those of this size back at once, and keeps smaller ones.
  env: {
    MALLOC_MMAP_THRESHOLD_: "8388608",
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    NX_DAEMON: "false",
  },
});
// A terminal sends Ctrl-C to the child too; handling it here keeps this process until the child has ended.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${command} cannot be started: ${error.message}`);
  process.exit(127);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));

/** Whether npm's own record of node_modules has every required package of the lock file in the same version. */
function isInstalled() {
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = Object.entries(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages);
  const { packages } = JSON.parse(readFileSync(record, "utf8"));
  return wanted.every(([path, { version, optional }]) => {
    return !path.includes("node_modules/") || optional || packages[path]?.version === version;
  });
}

/** Links the packages of this workspace that were added since the installation, as npm would. */
function linkPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, { link, resolved }] of Object.entries(packages)) {
    if (link && !existsSync(join(root, path)))
      symlinkSync(relative(dirname(join(root, path)), join(root, resolved)), join(root, path), "junction");
  }
}

/** Installs exactly the lock file; where that is refused, what package.json asks for. */
function install() {
  console.log("Installing dependencies (npm ci), needed once and after the lock file changes");
  if (npm("ci") !== 0) {
    console.log("npm ci did not accept the lock file here; trying npm install");
    if (npm("install") !== 0) process.exit(1);
  }
  const after = readFileSync(join(root, "package-lock.json"));
  writeFileSync(stamp, createHash("sha256").update(after).digest("hex"));
}

function npm(what) {
  return spawnSync("npm", [what], { cwd: root, stdio: "inherit", shell: windows }).status ?? 1;
}
