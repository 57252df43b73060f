// Completes package-lock.json after a dependency change: npm leaves out optional platform packages that its registry cannot
// give at that moment, and `npm ci` then refuses the lock. Adds what is missing, by the exact versions the parents ask for, and
// asks the registry for the hash and licence of every entry that has none. Ends with 1 when an entry stays without.
//
//     node tools/complete-lock.mjs
import { execFileSync } from "node:child_process";
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

/** What npm records of a package beside its version. */
const published = (name, version) => {
  const fields = ["dist.integrity", "license", "engines", "hasInstallScript"];
  try {
    const text = execFileSync("npm", ["view", `${name}@${version}`, ...fields, "--json"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      shell: process.platform === "win32",
    });
    const { "dist.integrity": integrity, license, engines, hasInstallScript } = JSON.parse(text);
    return { integrity, license, engines, ...(hasInstallScript && { hasInstallScript }) };
  } catch {
    return {};
  }
};

const completed = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path.includes("node_modules/") || entry.link) continue;
  if (entry.integrity !== undefined && entry.license !== undefined) continue;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const found = published(entry.name ?? name, entry.version);
  const { version, ...rest } = entry;
  const known = Object.entries({ ...rest, ...found, ...rest }).filter(([, value]) => value !== undefined);
  known.sort(([a], [b]) => (a < b ? -1 : 1));
  const { integrity, engines, ...others } = Object.fromEntries(known);
  lock.packages[path] = { version, ...(integrity && { integrity }), ...others, ...(engines && { engines }) };
  if (integrity === undefined || others.license === undefined) {
    console.error(`${path}: the registry does not tell its ${integrity === undefined ? "hash" : "licence"}`);
    process.exitCode = 1;
  } else completed.push(`${name}@${version}`);
}
if (added.length + completed.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
for (const [what, names] of Object.entries({ added, completed })) {
  if (names.length > 0) console.log(`${what} ${names.length}:\n${names.join("\n")}`);
}
if (added.length + completed.length === 0 && process.exitCode === undefined)
  console.log("package-lock.json is complete");
