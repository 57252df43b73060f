/**
 * What a user of the packages would live through: packs them all, installs each into an empty project from its tarball,
 * type-checks and runs the example of its README there on every Node it is for; then the commands of the command line's
 * README, and a stage package made by them. Exit code 1 when anything fails.
 *
 *     npm run pack:check -- [PACKAGE…]     by the names of folders; all by default
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodes } from "./pack/nodes.ts";
import { pack, type Tarball } from "./pack/pack.ts";
import { type Outcome, Project, tsc } from "./pack/project.ts";
import { printed, readmeOf } from "./pack/readme.ts";
import { packages, root } from "./pack/workspace.ts";

/** Packages that are checked at the same time. */
const AT_ONCE = 2;

const started = performance.now();
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** The steps of one package: how each went, and the output of what failed. */
class Steps {
  readonly lines: Array<string> = [];
  failures = 0;

  /** Whether it went well. */
  async take(what: string, step: () => Promise<Outcome>): Promise<boolean> {
    const since = performance.now();
    const { ok, output } = await step();
    this.lines.push(`  ${ok ? "✓" : "✗"} ${what} (${seconds(since)})`);
    if (ok) return true;
    this.failures++;
    this.lines.push(output.slice(0, 4000).replace(/^/gm, "      "));
    return false;
  }
}

const all = packages();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.some(({ short }) => short === name));
if (unknown.length > 0) {
  throw new Error(`there is no package ${unknown.join(", ")}, but ${all.map(({ short }) => short).join(", ")}`);
}

const folder = mkdtempSync(join(tmpdir(), "precipice-pack-check-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const tarballs = pack(all, join(folder, "tarballs"));

const versions = nodes(join(root, "node_modules", ".cache", "pack-check"));
for (const { major, path, about } of versions) {
  console.log(path === undefined ? `NOT RUN on Node ${major}: ${about}` : `Node ${about}`);
}
const present = versions.filter(({ path }) => path !== undefined);

const waiting = tarballs.filter(({ package: { short } }) => asked.length === 0 || asked.includes(short));
let failures = 0;
const work = async (): Promise<void> => {
  for (let tarball = waiting.shift(); tarball !== undefined; tarball = waiting.shift()) {
    const steps = new Steps();
    const project = new Project(join(folder, tarball.package.short));
    await checkPackage(steps, project, tarball);
    rmSync(project.folder, { recursive: true, force: true });
    failures += steps.failures;
    const size = `${Math.ceil(tarball.bytes / 1000)} kB, ${tarball.files.length} files`;
    console.log([`${tarball.package.manifest.name}  ${size}`, ...steps.lines].join("\n"));
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, work));

const left = versions.length - present.length;
const leftText = left === 0 ? "" : `; NOT RUN on ${left} of ${versions.length} versions of Node`;
console.log(`${failures === 0 ? "all well" : `${failures} failed`} in ${seconds(started)}${leftText}`);
process.exitCode = failures === 0 ? 0 : 1;

async function checkPackage(steps: Steps, project: Project, tarball: Tarball): Promise<void> {
  const { short, manifest } = tarball.package;
  const { installed, commands, example } = readmeOf(tarball.package);
  if (!(await steps.take(`npm install ${installed.join(" ")}`, () => project.install(installed, tarballs)))) return;
  writeFileSync(join(project.folder, "example.ts"), `${example}\n`);
  if (!(await steps.take("types of the example and of our declarations", () => project.compile()))) return;
  const there = readdirSync(project.folder);
  for (const node of present) {
    // Node 22 strips types, but has no `await using`: a reader there compiles, as any project of TypeScript does.
    const file = node.major < 24 ? join("compiled", "example.js") : "example.ts";
    await steps.take(`node ${file} on ${node.about}`, async () => {
      const outcome = await project.run("node", [file], node);
      return { ...outcome, ok: outcome.ok && printed[short]?.test(outcome.stdout) === true };
    });
    project.clean(there);
  }
  if (manifest.bin !== undefined) await checkCommands(steps, project, commands);
}

async function checkCommands(steps: Steps, project: Project, commands: ReadonlyArray<string>): Promise<void> {
  const there = readdirSync(project.folder);
  for (const node of present) {
    for (const command of ["npx precipice --help", ...commands]) {
      const [program = "", ...args] = command.split(" ");
      await steps.take(`${command} on ${node.about}`, () => project.run(program, args, node));
    }
    project.clean(there);
  }
  // A stage package as `precipice new stage` makes it: its test, its pipeline, and its build with declarations.
  const node = present.find(({ major }) => major >= 24);
  if (node === undefined) return;
  const own = "precipice-acme-count";
  for (const [program, ...args] of [
    ["npx", "precipice", "new", "stage", "acme.count"],
    ["node", "--test", `${own}/test/*.test.ts`],
    ["npx", "precipice", "run", `${own}/pipeline.yaml`],
    ["node", tsc, "-p", `${own}/tsconfig.build.json`],
  ] as const) {
    const shown = args.map((arg) => (arg === tsc ? "tsc" : arg)).join(" ");
    await steps.take(`${program} ${shown}`, () => project.run(program, args, node));
  }
}
