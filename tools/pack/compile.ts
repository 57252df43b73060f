/**
 * Compiles packages to JavaScript and declarations: Node strips types in this repository, but never below `node_modules`.
 * Only what can be reached is compiled, from what `exports` and `bin` name and from the workers, which are started by file
 * name; so tests, fixtures and the sources of bundled pages stay out by themselves.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { type Package, root } from "./workspace.ts";

/** Into `out/NAME/src`: the compiler keeps the folders as they are, so that `../package.json` and workers are found. */
export function compile(packages: ReadonlyArray<Package>, out: string): void {
  const folder = mkdtempSync(join(tmpdir(), "precipice-compile-"));
  try {
    const project = join(folder, "tsconfig.json");
    writeFileSync(project, JSON.stringify(options(packages, out)));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
    if (status !== 0) throw new Error(`the packages do not compile:\n${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(out, name);
    writeFileSync(path, withCompiledImports(readFileSync(path, "utf8")));
  }
}

export const entries = ({ folder, manifest }: Package): ReadonlyArray<string> => [
  ...Object.values(manifest.exports).map((path) => join(folder, path)),
  ...(manifest.bin === undefined ? [] : [join(folder, "src", "main.ts")]),
  ...globSync(join(folder, "src/**/*-worker.ts")).filter((path) => !path.endsWith(".test-worker.ts")),
];

const options = (packages: ReadonlyArray<Package>, out: string) => ({
  extends: join(root, "tsconfig.json"),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    rootDir: join(root, "packages"),
    outDir: out,
    typeRoots: [join(root, "node_modules/@types")],
    // By name they would be found below node_modules, and nothing there is compiled.
    paths: Object.fromEntries(
      packages.flatMap(({ folder, manifest }) =>
        Object.entries(manifest.exports).map(([entry, path]) => [
          posix.join(manifest.name, entry),
          [join(folder, path)],
        ]),
      ),
    ),
  },
  files: packages.flatMap(entries),
  include: [],
});

/** The compiler rewrites `./x.ts` in what it emits as JavaScript; in declarations it leaves that to who reads them. */
export const withCompiledImports = (declarations: string): string =>
  declarations.replace(/(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"');
