/** The folder that becomes a tarball: compiled sources, what the manifest names besides, and the texts every package has. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { packedManifest } from "./packed-manifest.ts";
import { type Package, root } from "./workspace.ts";

/** Makes `folder`, which is new, of the package and `compiled`, the output for its `src`. */
export function stage({ folder: source, manifest }: Package, compiled: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(compiled, join(folder, "dist"), { recursive: true });
  for (const name of manifest.files ?? []) cpSync(join(source, name), join(folder, name), { recursive: true });
  for (const name of Object.values(manifest.bin ?? {})) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, "utf8").replace(/"\.\.\/src\/([^"]+)\.ts"/g, '"../dist/$1.js"'));
  }
  for (const name of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(root, name), join(folder, name));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  writeFileSync(join(folder, "README.md"), packedReadme(readFileSync(join(source, "README.md"), "utf8"), files));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(packedManifest(manifest), null, 2)}\n`);
}

/** Links to files that are not in the package become their text. */
export const packedReadme = (markdown: string, files: ReadonlyArray<string>): string =>
  markdown.replace(/(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)#]*)(?:#[^)]*)?\)/g, (link, text: string, target: string) =>
    files.includes(relative(".", target)) ? link : text,
  );
