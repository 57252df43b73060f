// Completes package-lock.json after a dependency change: npm leaves out optional platform packages that its registry cannot
// give at that moment, and `npm ci` then refuses the lock. Adds what is missing, by the exact versions the parents ask for.
//
//     node tools/complete-lock.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));

const SYSTEMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "openbsd",
  "win32",
  "wasm32",
  "openharmony",
  "netbsd",
  "sunos",
  "aix",
];
const CPUS = ["arm64", "arm", "x64", "ia32", "ppc64", "ppc64le", "riscv64", "s390x", "loong64", "mips64el", "wasm32"];

/** What npm would read from the package itself; platform packages say it in their names. */
const platform = (name) => {
  const parts = name.replace(/^.*\//, "").split("-");
  const os = SYSTEMS.filter((s) => parts.includes(s) && s !== "wasm32");
  const cpu = CPUS.filter((c) => parts.includes(c));
  const libc = parts.includes("musl") ? ["musl"] : parts.some((p) => p === "gnu" || p === "glibc") ? ["glibc"] : [];
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) };
};

/** Where Node would find `name` from `path`, if the lock has it. */
const resolves = (path, name) => {
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    if (`${base === "" ? "" : `${base}/`}node_modules/${name}` in lock.packages) return true;
    if (!base.includes("node_modules")) return `node_modules/${name}` in lock.packages;
  }
};

const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (resolves(path, name)) continue;
    if (!/^\d/.test(version)) {
      console.error(
        `${path}: optional ${name} asks for "${version}", not for one version; install it where it can be had`,
      );
      process.exitCode = 1;
      continue;
    }
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev && { dev: true }),
      ...platform(name),
      optional: true,
    };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length === 0 ? "package-lock.json is complete" : `added ${added.length}:\n${added.join("\n")}`);
