/** What package-lock.json says of the packages that this repository installs, and which of them its users install too. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pack/workspace.ts";

interface LockEntry {
  readonly name?: string;
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

/** A package from the registry, at one place of the tree. */
export interface Dependency extends LockEntry {
  readonly name: string;
  /** `node_modules/NAME`, or deeper. */
  readonly path: string;
  /** Only needed to develop, test or build. */
  readonly development: boolean;
}

/** All packages of a lock file that come from a registry, by their place. */
export function dependencies(lockText: string): ReadonlyArray<Dependency> {
  const { packages } = JSON.parse(lockText) as { readonly packages: { readonly [path: string]: LockEntry } };
  return Object.entries(packages).flatMap(([path, entry]) => {
    const at = path.lastIndexOf("node_modules/");
    if (at < 0 || entry.link) return [];
    const name = entry.name ?? path.slice(at + "node_modules/".length);
    return [{ ...entry, path, name, development: entry.dev === true || entry.devOptional === true }];
  });
}

export const readLock = (): string => readFileSync(join(root, "package-lock.json"), "utf8");

/** Licences that ask for no more than their notice. */
export const allowedLicences: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Whether an SPDX expression leaves a choice that is allowed. `WITH` and nested brackets are not read: they are not allowed. */
export function isAllowed(expression: string | undefined): boolean {
  const text = (expression ?? "").trim().replace(/^\(([^()]*)\)$/, "$1");
  return text.split(" OR ").some((choice) => choice.split(" AND ").every((part) => allowedLicences.has(part.trim())));
}

/**
 * Packages that ask npm to run a script of theirs when they are installed, and why they need not: npm ci runs none of them
 * here (.npmrc), and everything works without.
 */
export const installScripts: { readonly [name: string]: string } = {
  esbuild: "checks the binary that an optional package brings",
  nx: "prepares its cache",
  "onnxruntime-node": "fetches libraries for CUDA; those for processors are in the package",
  protobufjs: "warns about version ranges",
};
