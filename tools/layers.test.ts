/** The layer rule of biome.json must fire for upward imports and stay silent for downward ones, in every package. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const root = dirname(import.meta.dirname);
const packages = readdirSync(join(root, "packages"));
const bottom = ["files", "onnx", "runtime", "stats"];
const stages = ["ablate", "finetune", "probe", "report", "select", "trace"];
const shared = ["artifacts", "judge", "model", "organism", ...bottom];

/** What each package may import, as the README's picture draws it. */
const below: { readonly [name: string]: ReadonlyArray<string> } = {
  ...Object.fromEntries(bottom.map((name) => [name, []])),
  ...Object.fromEntries(stages.map((name) => [name, shared])),
  runtime: ["files"],
  model: ["files", "onnx", "stats"],
  artifacts: ["runtime"],
  serve: ["model", "onnx"],
  organism: ["artifacts", "model", ...bottom],
  judge: ["artifacts", "model", "organism", ...bottom],
  cli: packages.filter((name) => name !== "playground"),
  playground: packages,
};

/** Lints one file per package that imports every package; `importer → imported` for each refused import. */
function refused(specifier: (name: string) => string): ReadonlySet<string> {
  const folder = mkdtempSync(join(tmpdir(), "precipice-layers-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, "biome.json"), join(folder, "biome.json"));
  writeFileSync(join(folder, ".gitignore"), "node_modules\n");
  for (const name of packages) {
    mkdirSync(join(folder, "packages", name, "src"), { recursive: true });
    const lines = packages.map((imported) => `import "${specifier(imported)}";`);
    writeFileSync(join(folder, "packages", name, "src", "index.ts"), `${lines.join("\n")}\n`);
  }
  const found = new Set<string>();
  const text = lint(folder);
  for (const [, importer = "", line = ""] of text.matchAll(
    /packages\/([a-z]+)\/src\/index\.ts:(\d+):\d+ lint\/style\/noRestrictedImports/g,
  )) {
    found.add(`${importer} → ${packages[Number(line) - 1]}`);
  }
  return found;
}

function lint(folder: string): string {
  const biome = join(root, "node_modules", ".bin", "biome");
  const args = ["lint", "--only=style/noRestrictedImports", "--max-diagnostics=none", "."];
  try {
    return execFileSync(biome, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

describe("imports point down only", () => {
  it("covers every package", () => {
    expect(Object.keys(below).sort()).toEqual([...packages].sort());
  });

  it("by package name", () => {
    const found = refused((name) => `@precipice/${name}`);
    for (const importer of packages) {
      for (const imported of packages) {
        const allowed = importer === imported || below[importer]?.includes(imported);
        expect(`${importer} → ${imported}: ${found.has(`${importer} → ${imported}`) ? "refused" : "allowed"}`).toBe(
          `${importer} → ${imported}: ${allowed ? "allowed" : "refused"}`,
        );
      }
    }
  });

  it("not by a path into another package's sources either", () => {
    const found = refused((name) => `../../${name}/src/index.ts`);
    for (const importer of packages.filter((name) => name !== "cli")) {
      for (const imported of packages) expect(found).toContain(`${importer} → ${imported}`);
    }
  });

  it("and packages depend on what they may import", () => {
    for (const name of packages) {
      const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
      const dependencies = Object.keys(manifest.dependencies).filter((dependency) =>
        dependency.startsWith("@precipice/"),
      );
      const allowed = (below[name] ?? []).map((other) => `@precipice/${other}`);
      for (const dependency of dependencies) expect(allowed, `${name} depends on ${dependency}`).toContain(dependency);
    }
  });
});
