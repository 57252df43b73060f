/** The versions of Node a package must run on: this one, and the others from npm, where it has them for this machine. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const MAJORS = [22, 24, 26];

export interface Node {
  readonly major: number;
  /** Absolute; `undefined` where there is none. */
  readonly path: string | undefined;
  /** `24.21.0`, or why there is none. */
  readonly about: string;
}

/** What is not there yet is installed into `folder`, which is worth keeping. */
export const nodes = (folder: string): ReadonlyArray<Node> =>
  MAJORS.map((major) =>
    major === Number.parseInt(process.versions.node, 10)
      ? { major, path: process.execPath, about: process.versions.node }
      : fetched(major, join(folder, `node-${major}`)),
  );

function fetched(major: number, folder: string): Node {
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  const path = join(folder, "node_modules", name, "bin", windows ? "node.exe" : "node");
  if (!existsSync(path)) {
    const reason = install(`${name}@${major}`, folder);
    if (!existsSync(path))
      return { major, path: undefined, about: `${name}@${major} is not to be had here: ${reason}` };
  }
  const { stdout } = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" });
  return { major, path, about: stdout.trim() };
}

/** What npm says went wrong, if anything did. */
function install(name: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const args = ["install", name, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  const { stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", shell: windows });
  return /npm error (?!code)(.+)/.exec(stderr)?.[1] ?? "the package has no binary";
}

const windows = process.platform === "win32";
