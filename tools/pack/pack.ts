/** Tarballs of packages, as `npm publish` would send them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "./compile.ts";
import { stage } from "./stage.ts";
import type { Package } from "./workspace.ts";

export interface Tarball {
  readonly package: Package;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** Relative to the package, with `/`. */
  readonly files: ReadonlyArray<string>;
}

/** What `npm pack --json` says of one package. */
interface NpmPacked {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: ReadonlyArray<{ readonly path: string }>;
}

/** Packs into `out`, one file per package; in the order given. */
export function pack(packages: ReadonlyArray<Package>, out: string): ReadonlyArray<Tarball> {
  const work = mkdtempSync(join(tmpdir(), "precipice-pack-"));
  try {
    compile(packages, join(work, "compiled"));
    for (const own of packages) stage(own, join(work, "compiled", own.short, "src"), join(work, own.short));
    mkdirSync(out, { recursive: true });
    const folders = packages.map(({ short }) => `./${short}`);
    const args = ["pack", ...folders, "--json", "--ignore-scripts", "--pack-destination", out];
    const { status, stdout, stderr } = spawnSync("npm", args, { cwd: work, encoding: "utf8", shell: windows });
    if (status !== 0) throw new Error(`npm pack failed:\n${stderr}`);
    const packed = listed(JSON.parse(stdout));
    return packages.map((own) => {
      const found = packed.find(({ name }) => name === own.manifest.name);
      if (found === undefined) throw new Error(`npm pack made no tarball of ${own.manifest.name}`);
      const path = join(out, found.filename.replace("@", "").replace("/", "-"));
      const files = found.files.map(({ path }) => path);
      return { package: own, path, bytes: found.size, unpackedBytes: found.unpackedSize, files };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const windows = process.platform === "win32";

/** A list in npm 10 and 11, by name in npm 12. */
const listed = (json: ReadonlyArray<NpmPacked> | Readonly<Record<string, NpmPacked>>): ReadonlyArray<NpmPacked> =>
  Array.isArray(json) ? json : Object.values(json);
