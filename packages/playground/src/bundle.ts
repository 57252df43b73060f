/** Bundles the page's scripts; names carry a hash of the content, so that a cache never mixes two builds. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const ENTRIES = ["main", "worker-wasm", "worker-webgpu"] as const;
export type Entry = (typeof ENTRIES)[number];

export interface Bundle {
  /** File name of each entry. */
  readonly names: Readonly<Record<Entry, string>>;
  readonly files: ReadonlyArray<{ readonly name: string; readonly bytes: Uint8Array }>;
}

export const bundlePage = async (): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    entryPoints: ENTRIES.map((name) => path(`./browser/${name}.ts`)),
    outdir: "/",
    absWorkingDir: "/",
    entryNames: "[name]-[hash]",
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "ascii",
    legalComments: "eof",
    tsconfigRaw: "{}",
  });
  const nameOf = (file: string) => file.split(/[/\\]/).at(-1) as string;
  const names = Object.fromEntries(
    Object.entries(metafile.outputs).map(([file, { entryPoint = "" }]) => [
      nameOf(entryPoint).replace(/\.ts$/, ""),
      nameOf(file),
    ]),
  ) as Record<Entry, string>;
  return { names, files: outputFiles.map((file) => ({ name: nameOf(file.path), bytes: file.contents })) };
};
