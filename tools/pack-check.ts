/**
 * What a user of the packages would live through: packs them all, installs each into an empty project from its tarball,
 * type-checks and runs the example of its README there on every Node it is for; then the commands of the command line's
 * README, and a stage package made by them. Exit code 1 when anything fails.
 *
 *     npm run pack:check -- [PACKAGE…]     by the names of folders; all by default
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Node, nodes } from "./pack/nodes.ts";
import { pack, type Tarball } from "./pack/pack.ts";
import { type Outcome, Project, tsc } from "./pack/project.ts";
import { printed, readmeOf } from "./pack/readme.ts";
import { packages, root } from "./pack/workspace.ts";

const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), "precipice-pack-check-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
let failures = 0;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Says how it went; the output only of what failed. */
function tell(what: string, { ok, output }: Pick<Outcome, "ok" | "output">, since: number): boolean {
  console.log(`  ${ok ? "✓" : "✗"} ${what} (${seconds(since)})`);
  if (ok) return true;
  console.log(output.replace(/^/gm, "      ").slice(0, 4000));
  failures++;
  return false;
}

const all = packages();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.some(({ short }) => short === name));
if (unknown.length > 0)
  throw new Error(`no package ${unknown.join(", ")}; there are ${all.map((p) => p.short).join(", ")}`);

const tarballs = pack(all, join(folder, "tarballs"));
const found = nodes(join(root, "node_modules", ".cache", "pack-check"));
for (const { major, path, about } of found)
  console.log(path === undefined ? `NOT RUN on Node ${major}: ${about}` : `Node ${about}`);
const present = found.filter(({ path }) => path !== undefined);

for (const tarball of tarballs.filter(({ package: { short } }) => asked.length === 0 || asked.includes(short))) {
  const { short, manifest } = tarball.package;
  console.log(`${manifest.name}  ${Math.ceil(tarball.bytes / 1000)} kB, ${tarball.files.length} files`);
  const project = new Project(join(folder, short));
  checkPackage(project, tarball);
  rmSync(project.folder, { recursive: true, force: true });
}

const left = found.length - present.length;
console.log(
  `${failures === 0 ? "all well" : `${failures} failed`} in ${seconds(started)}${left === 0 ? "" : `; NOT RUN on ${left} of ${found.length} versions of Node`}`,
);
process.exitCode = failures === 0 ? 0 : 1;

function checkPackage(project: Project, tarball: Tarball): void {
  const { short } = tarball.package;
  const { installed, commands, example } = readmeOf(tarball.package);
  let since = performance.now();
  if (!tell(`npm install ${installed.join(" ")}`, project.install(installed, tarballs), since)) return;
  writeFileSync(join(project.folder, "example.ts"), `${example}\n`);
  since = performance.now();
  if (!tell("types of the example and of our declarations", project.compile(), since)) return;
  for (const node of present) {
    since = performance.now();
    // Node 22 strips types, but has no `await using`: a reader there compiles, as any project of TypeScript does.
    const file = node.major < 24 ? join("compiled", "example.js") : "example.ts";
    const outcome = project.run("node", [file], node);
    const ok = outcome.ok && printed[short]?.test(outcome.stdout) === true;
    tell(`node ${file} on ${node.about}`, { ...outcome, ok }, since);
  }
  if (tarball.package.manifest.bin !== undefined) checkCommands(project, commands);
}

function checkCommands(project: Project, commands: ReadonlyArray<string>): void {
  for (const node of present) {
    for (const command of ["npx precipice --help", ...commands]) {
      const since = performance.now();
      const [program = "", ...args] = command.split(" ");
      tell(`${command} on ${node.about}`, project.run(program, args, node), since);
    }
    for (const made of ["study.yaml", ".precipice", "runs"])
      rmSync(join(project.folder, made), { recursive: true, force: true });
  }
  const [node] = present.filter(({ major }) => major >= 24);
  if (node !== undefined) checkOwnStage(project, node);
}

/** A stage package as `precipice new stage` makes it: its test, its pipeline, and its build with declarations. */
function checkOwnStage(project: Project, node: Node): void {
  const own = "precipice-acme-count";
  const steps = [
    ["npx", "precipice", "new", "stage", "acme.count"],
    ["node", "--test", `${own}/test/*.test.ts`],
    ["npx", "precipice", "run", `${own}/pipeline.yaml`],
    ["node", tsc, "-p", `${own}/tsconfig.build.json`],
  ];
  for (const [program = "", ...args] of steps) {
    const since = performance.now();
    tell(
      [program, ...args.map((arg) => (arg === tsc ? "tsc" : arg))].join(" "),
      project.run(program, args, node),
      since,
    );
  }
}
