import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, launch } from "../fixtures/process.ts";
import { renamed, stageNames } from "../scaffold/names.ts";

const main = join(import.meta.dirname, "../main.ts");
const repository = join(import.meta.dirname, "../../../..");
const precipice = (folder: string, ...args: ReadonlyArray<string>) => launch(main, folder, ...args).finished;

/** A project beside this one, with what `npm install` would bring. */
function project(): string {
  const folder = folderWith("");
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"), "dir");
  return folder;
}

const node = (cwd: string, ...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, args, { cwd, encoding: "utf8" });

describe("precipice new stage", () => {
  it("makes a package whose test passes, that compiles, and whose pipeline runs", async () => {
    const folder = project();
    const made = await precipice(folder, "new", "stage", "acme.count-words", "--package", "@acme/precipice-count");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const own = join(folder, "precipice-count");
    expect(readdirSync(own).sort()).toEqual(
      [".gitignore", "README.md", "package.json", "pipeline.yaml", "src", "test", "tsconfig.build.json"].concat(
        "tsconfig.json",
      ),
    );
    const manifest = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
    const { version, dependencies } = JSON.parse(readFileSync(join(repository, "packages/cli/package.json"), "utf8"));
    expect(manifest).toMatchObject({
      name: "@acme/precipice-count",
      peerDependencies: { "@precipice/runtime": version, effect: dependencies.effect },
    });
    const tested = node(own, "--test", "--test-reporter=tap", "test/acme-count-words.test.ts");
    expect(tested.stdout).toContain("# pass 3\n# fail 0\n");
    const compiled = node(own, join(repository, "node_modules/typescript/bin/tsc"), "--noEmit");
    expect([compiled.status, compiled.stdout]).toEqual([0, ""]);
    const run = await precipice(own, "run", "pipeline.yaml", "--root", ".");
    expect([run.code, run.stdout]).toEqual([0, expect.stringMatching(/acme-count-words\.mean +6\.15\s/)]);
    const stages = await precipice(own, "stages", "acme.count-words", "--plugin", ".");
    expect(stages.stdout).toContain("from @acme/precipice-count 0.1.0\n");
    expect(stages.stdout).toContain("Characters a word needs to count");
  });

  it("never writes over anything, and refuses names that cannot be", async () => {
    const folder = project();
    mkdirSync(join(folder, "precipice-acme-count"));
    writeFileSync(join(folder, "precipice-acme-count/mine.txt"), "mine");
    for (const [args, code] of [
      [["acme.count"], "E_NEW_EXISTS"],
      [["Acme Count"], "E_NEW_NAME"],
      [["trace.judge"], "E_NEW_NAME"],
      [["acme.count", "--package", "../up"], "E_NEW_NAME"],
    ] as const) {
      const { code: exit, stderr } = await precipice(folder, "new", "stage", ...args);
      expect([exit, stderr]).toEqual([1, expect.stringContaining(code)]);
    }
    expect(readdirSync(folder).sort()).toEqual(["node_modules", "p.yaml", "package.json", "precipice-acme-count"]);
    expect(readdirSync(join(folder, "precipice-acme-count"))).toEqual(["mine.txt"]);
  });

  it("uses the given names and no others", () => {
    const names = stageNames("acme.count-words");
    expect(names).toMatchObject({ dashed: "acme-count-words", camel: "acmeCountWords", pascal: "AcmeCountWords" });
    const templates = join(repository, "packages/cli/templates/stage-package");
    for (const path of readdirSync(templates, { recursive: true, encoding: "utf8" })) {
      if (!existsSync(join(templates, path)) || !path.includes(".")) continue;
      const text = renamed(readFileSync(join(templates, path), "utf8"), names, { precipice: "1.2.3", effect: "4.1.0" });
      expect(text, path).not.toMatch(/template|_VERSION/i);
    }
  });
});

describe("precipice new pipeline", () => {
  it("writes a commented file that plans, and never over another", async () => {
    const folder = project();
    expect(await precipice(folder, "new", "pipeline", "study")).toMatchObject({
      code: 0,
      stdout: "study.yaml\n\nnpx precipice plan study.yaml\nnpx precipice run study.yaml\n",
    });
    const text = readFileSync(join(folder, "study.yaml"), "utf8");
    expect(text.match(/^ *# /gm)?.length).toBeGreaterThan(10);
    const plan = await precipice(folder, "plan", "study.yaml");
    expect([plan.code, plan.stderr, plan.stdout]).toEqual([0, "", expect.stringContaining("12 to run, 0 cached")]);
    const again = await precipice(folder, "new", "pipeline", "study", "--json");
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([1, { issues: [{ code: "E_NEW_EXISTS" }] }]);
    expect(readFileSync(join(folder, "study.yaml"), "utf8")).toBe(text);
    expect((await precipice(folder, "new", "pipeline", "a/b")).stderr).toContain("E_NEW_NAME");
  });
});
