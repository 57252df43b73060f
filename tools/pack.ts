/**
 * Packs every package into a tarball that installs anywhere, and says how large each is.
 *
 *     npm run pack -- [FOLDER]     by default dist/
 */
import { resolve } from "node:path";
import { pack } from "./pack/pack.ts";
import { packages, root } from "./pack/workspace.ts";

const out = resolve(root, process.argv[2] ?? "dist");
const kB = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`.padStart(9);

console.log(`${"package".padEnd(22)}${"tarball".padStart(9)}${"unpacked".padStart(9)}  files`);
for (const { package: own, bytes, unpackedBytes, files } of pack(packages(), out)) {
  console.log(`${own.manifest.name.padEnd(22)}${kB(bytes)}${kB(unpackedBytes)}  ${files.length}`);
}
console.log(`in ${out}`);
