/** The packages of this repository as npm sees them: their manifests and what each needs of the others. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const root = dirname(dirname(import.meta.dirname));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Part of this repository only. */
  readonly private?: boolean;
  readonly description: string;
  readonly license: string;
  readonly type: "module";
  readonly sideEffects: boolean | ReadonlyArray<string>;
  /** Of sources: `./src/NAME.ts`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  /** Folders that ship beside the compiled sources. */
  readonly files?: ReadonlyArray<string>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export interface Package {
  /** `onnx`, for `@precipice/onnx` in `packages/onnx`. */
  readonly short: string;
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package that others may install, by name. */
export function packages(): ReadonlyArray<Package> {
  const folder = join(root, "packages");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const manifest = JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")) as Manifest;
      return { short: name, folder: join(folder, name), manifest };
    })
    .filter(({ manifest }) => manifest.private !== true)
    .sort((a, b) => a.short.localeCompare(b.short));
}

/** These packages and all that they need of this repository. */
export function withDependencies(names: ReadonlyArray<string>, all: ReadonlyArray<Package>): ReadonlyArray<Package> {
  const found = new Set<Package>();
  const add = (name: string): void => {
    const own = all.find(({ manifest }) => manifest.name === name);
    if (own === undefined || found.has(own)) return;
    found.add(own);
    for (const dependency of Object.keys(own.manifest.dependencies)) add(dependency);
  };
  for (const name of names) add(name);
  return [...found];
}
