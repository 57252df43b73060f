/** What a package's manifest says once its sources are compiled: `exports` name JavaScript and declarations in `dist`. */
import type { Manifest } from "./workspace.ts";

/** Of the compiled code: what the sources need to run without a compiler. */
export const ENGINES = { node: ">=22.19" } as const;

const source = /^\.\/src\/(.+)\.ts$/;

export function packedManifest(manifest: Manifest) {
  const { name, version, description, license, type, sideEffects, exports, bin, files = [], dependencies } = manifest;
  return {
    name,
    version,
    description,
    keywords: ["precipice", "refusal", "interpretability", "onnx", "language-model"],
    license,
    type,
    engines: ENGINES,
    sideEffects: typeof sideEffects === "boolean" ? sideEffects : sideEffects.map((path) => compiled(path, "js")),
    exports: {
      ...Object.fromEntries(
        Object.entries(exports).map(([entry, path]) => [
          entry,
          { types: compiled(path, "d.ts"), default: compiled(path, "js") },
        ]),
      ),
      "./package.json": "./package.json",
    },
    ...(bin === undefined ? {} : { bin }),
    files: ["dist", ...files, "CHANGELOG.md"],
    dependencies,
  };
}

/** `./src/a/b.ts` → `./dist/a/b.js`; the file may be a pattern. */
function compiled(path: string, extension: "js" | "d.ts"): string {
  const [, stem] = source.exec(path) ?? [];
  if (stem === undefined) throw new Error(`${path} is no source of a package: expected ./src/NAME.ts`);
  return `./dist/${stem}.${extension}`;
}
