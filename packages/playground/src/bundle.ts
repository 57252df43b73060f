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

/** The page's own script is a classic one, so that it can at least say what is wrong when the page is opened as a file. */
const FORMATS = { main: "iife", "worker-wasm": "esm", "worker-webgpu": "esm" } as const;

export const bundlePage = async (): Promise<Bundle> => {
  const bundles = await Promise.all(ENTRIES.map(async (entry) => ({ entry, file: await bundle(entry) })));
  const names = Object.fromEntries(bundles.map(({ entry, file }) => [entry, file.name])) as Record<Entry, string>;
  return { names, files: bundles.map(({ file }) => file) };
};

const bundle = async (entry: Entry): Promise<Bundle["files"][number]> => {
  const { outputFiles } = await build({
    entryPoints: [path(`./browser/${entry}.ts`)],
    outdir: "/",
    absWorkingDir: path("."),
    entryNames: "[name]-[hash]",
    bundle: true,
    write: false,
    minify: true,
    format: FORMATS[entry],
    platform: "browser",
    target: "es2022",
    charset: "ascii",
    legalComments: "eof",
    tsconfigRaw: "{}",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`esbuild made no file of ${entry}`);
  return { name: file.path.split(/[/\\]/).at(-1) as string, bytes: file.contents };
};
