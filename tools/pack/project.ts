/** An empty project of a user, with tarballs in place of what its registry would have. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Node } from "./nodes.ts";
import type { Tarball } from "./pack.ts";
import { root, withDependencies } from "./workspace.ts";

export interface Outcome {
  readonly ok: boolean;
  /** stdout and stderr, one after the other. */
  readonly output: string;
  readonly stdout: string;
}

const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const compilerOptions = { ...strict, target: "es2024", module: "nodenext", outDir: "compiled", types: ["node"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  }

  /** `npm install` of these names and the types of Node; ours, and what of ours they need, from tarballs. */
  install(names: ReadonlyArray<string>, tarballs: ReadonlyArray<Tarball>): Outcome {
    const own = withDependencies(
      names,
      tarballs.map((tarball) => tarball.package),
    );
    const paths = tarballs.filter((tarball) => own.includes(tarball.package)).map(({ path }) => path);
    const others = names.filter((name) => !own.some(({ manifest }) => manifest.name === name));
    const types = `@types/node@${devDependencies["@types/node"]}`;
    const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    return this.run("npm", ["install", ...flags, ...paths, ...others, types]);
  }

  /** Compiles `NAME.ts` into `compiled/`; declarations of our packages are checked too, those of others are theirs. */
  compile(): Outcome {
    const outcome = this.run(process.execPath, [tsc, "-p", "."]);
    const mine = outcome.output
      .split("\n")
      .filter((line) => /^(?!node_modules\/)|^node_modules\/@precipice\//.test(line));
    const output = mine.filter((line) => /error TS/.test(line)).join("\n");
    return { ...outcome, ok: output === "", output };
  }

  /** Runs a program with `node` first on the path, so that `npx` and launchers find it. */
  run(program: string, args: ReadonlyArray<string>, node?: Node): Outcome {
    const path = `${node?.path === undefined ? "" : `${dirname(node.path)}${delimiter}`}${process.env["PATH"] ?? ""}`;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: this.folder,
      encoding: "utf8",
      env: { ...process.env, PATH: path, NO_COLOR: "1", PRECIPICE_CACHE: join(this.folder, "cache") },
      shell: process.platform === "win32",
      timeout: 180_000,
    });
    return { ok: status === 0, output: `${stdout}${stderr}${error?.message ?? ""}`, stdout };
  }
}

export const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
