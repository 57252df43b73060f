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

/** Installs what is not there into `folder`. */
export const nodes = (folder: string): ReadonlyArray<Node> =>
  MAJORS.map((major) =>
    major === Number.parseInt(process.versions.node, 10)
      ? { major, path: process.execPath, about: process.versions.node }
      : fetched(major, join(folder, `node-${major}`)),
  );

function fetched(major: number, folder: string): Node {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const args = ["install", `${name}@${major}`, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", shell: windows });
  const path = join(folder, "node_modules", name, "bin", windows ? "node.exe" : "node");
  if (status !== 0 || !existsSync(path)) {
    const reason = /npm error (?!code)(.+)/.exec(stderr)?.[1] ?? "no such package";
    return { major, path: undefined, about: `${name}@${major} is not to be had here: ${reason}` };
  }
  const { stdout } = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" });
  return { major, path, about: stdout.trim() };
}

const windows = process.platform === "win32";
