/** An empty project of a user, with tarballs in place of what its registry would have. */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  install(names: ReadonlyArray<string>, tarballs: ReadonlyArray<Tarball>): Promise<Outcome> {
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

  /** Compiles `*.ts` into `compiled/`; declarations of our packages are checked too, those of others are theirs. */
  async compile(): Promise<Outcome> {
    const outcome = await this.run(process.execPath, [tsc, "-p", "."]);
    const errors = outcome.output.split("\n").filter((line) => /error TS/.test(line));
    const mine = errors.filter((line) => /^(?!node_modules\/)|^node_modules\/@precipice\//.test(line)).join("\n");
    // It exits with an error for the declarations of others too; a compiler that did not get that far says so otherwise.
    return { ...outcome, ok: mine === "" && (outcome.ok || errors.length > 0), output: mine || outcome.output };
  }

  /** Removes what was written since `there` was the folder's content. */
  clean(there: ReadonlyArray<string>): void {
    for (const name of readdirSync(this.folder)) {
      if (!there.includes(name)) rmSync(join(this.folder, name), { recursive: true, force: true });
    }
  }

  /** Runs a program with `node` first on the path, so that `npx` and launchers find it. */
  run(program: string, args: ReadonlyArray<string>, node?: Node): Promise<Outcome> {
    const path = `${node?.path === undefined ? "" : `${dirname(node.path)}${delimiter}`}${process.env["PATH"] ?? ""}`;
    const options = {
      cwd: this.folder,
      env: { ...process.env, PATH: path, NO_COLOR: "1", PRECIPICE_CACHE: join(this.folder, "cache") },
      shell: process.platform === "win32",
      timeout: 300_000,
      maxBuffer: 2 ** 28,
    };
    return new Promise((resolve) => {
      execFile(program, [...args], options, (error, stdout, stderr) => {
        const reason = error === null || stderr !== "" ? "" : error.message;
        resolve({ ok: error === null, output: `${stdout}${stderr}${reason}`, stdout });
      });
    });
  }
}

export const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
