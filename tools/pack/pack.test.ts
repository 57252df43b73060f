/** The tarballs hold what their manifests promise, and nothing else. `npm run pack:check` installs and runs them. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, matchesGlob, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withCompiledImports } from "./compile.ts";
import { pack, type Tarball } from "./pack.ts";
import { packedManifest } from "./packed-manifest.ts";
import { packedReadme } from "./stage.ts";
import { packages } from "./workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "precipice-pack-test-"));
const tarballs = new Map<string, Tarball>();

beforeAll(() => {
  for (const tarball of pack(packages(), join(folder, "tarballs"))) {
    const { short } = tarball.package;
    tarballs.set(short, tarball);
    mkdirSync(join(folder, short));
    execFileSync("tar", ["xzf", tarball.path, "-C", join(folder, short), "--strip-components=1"]);
  }
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packed = (short: string) => {
  const own = join(folder, short);
  const read = (path: string) => readFileSync(join(own, path), "utf8");
  return { own, read, files: tarballs.get(short)?.files ?? [], manifest: JSON.parse(read("package.json")) };
};

/** What the compiled modules import, `[file, specifier]`. */
const imports = (short: string) => {
  const { files, read } = packed(short);
  return files
    .filter((path) => /^dist\/.*\.(js|d\.ts)$/.test(path))
    .flatMap((path) => {
      // As the compiler writes them: at the beginning of a line, or with one literal in brackets.
      const found = read(path).matchAll(
        /^(?:import|export) (?:[^"'`;]*? from )?"([^"\n]+)"|^\} from "([^"\n]+)"|\bimport\("([^"\n]+)"\)/gm,
      );
      return [...found].map(([, from, last, dynamic]) => [path, from ?? last ?? dynamic ?? ""] as const);
    });
};

describe.each(packages().map((own) => [own.short, own] as const))("the tarball of %s", (short, source) => {
  it("has compiled sources, the texts, and the folders of its manifest", () => {
    const { files, manifest } = packed(short);
    const texts = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect(files.filter((path) => !path.includes("/")).sort()).toEqual(texts);
    const folders = [...new Set(files.filter((path) => path.includes("/")).map((path) => path.split("/")[0]))];
    expect(folders.sort()).toEqual(["dist", ...(source.manifest.files ?? [])].sort());
    const dist = files.filter((path) => path.startsWith("dist/"));
    expect(dist.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([]);
    expect(dist.filter((path) => /\.test|test-worker|\/(fixtures|testing|browser)\//.test(path))).toEqual([]);
    expect(
      dist
        .filter((path) => path.endsWith(".js"))
        .map((path) => path.replace(/js$/, "d.ts"))
        .sort(),
    ).toEqual(dist.filter((path) => path.endsWith(".d.ts")).sort());
    expect(manifest).toMatchObject({ license: "MIT", type: "module", engines: { node: ">=22.19" } });
    expect(manifest).not.toHaveProperty("private");
  });

  it("has every file its manifest names", () => {
    const { files, manifest } = packed(short);
    const { "./package.json": _, ...entries } = manifest.exports as Record<string, Record<string, string>>;
    const named = [
      ...Object.values(entries).flatMap((entry) => Object.values(entry)),
      ...Object.values(manifest.bin ?? {}),
    ];
    expect(Object.keys(entries)).toEqual(Object.keys(source.manifest.exports));
    expect(named.filter((path) => !files.includes(posix.normalize(String(path))))).toEqual([]);
    const effects: ReadonlyArray<string> = manifest.sideEffects || [];
    expect(effects.filter((pattern) => !files.some((path) => matchesGlob(`./${path}`, pattern)))).toEqual([]);
  });

  it("imports only what lies in it, what it depends on, and Node", () => {
    const { own, manifest } = packed(short);
    const known = [
      ...Object.keys(manifest.dependencies),
      ...builtinModules,
      ...builtinModules.map((name) => `node:${name}`),
    ];
    const problems = imports(short).filter(([path, to]) =>
      to.startsWith(".")
        ? !existsSync(join(own, dirname(path), to)) || to.endsWith(".ts")
        : !known.some((name) => to === name || to.startsWith(`${name}/`)),
    );
    expect(problems).toEqual([]);
    expect(imports(short).length).toBeGreaterThan(3);
  });

  it("has the workers it starts, and says that they have effects", () => {
    const { files, manifest } = packed(short);
    const started = globSync("src/**/*.ts", { cwd: source.folder })
      .filter((path) => !path.endsWith(".test.ts"))
      .flatMap((path) =>
        [
          ...readFileSync(join(source.folder, path), "utf8").matchAll(
            /new WorkerHost\(\s*"([^"]+)", import\.meta\.url/g,
          ),
        ].map(([, stem]) => posix.join(dirname(path).replace(/^src/, "dist"), `${stem}.js`)),
      );
    expect(started.filter((path) => !files.includes(path))).toEqual([]);
    const effects: ReadonlyArray<string> = manifest.sideEffects || [];
    expect(started.filter((path) => !effects.includes(`./${path}`))).toEqual([]);
  });

  it("has a README whose links lead somewhere", () => {
    const { read, files } = packed(short);
    const links = [...read("README.md").matchAll(/\]\((?![a-z]+:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
    expect(links.filter((target) => !files.includes(posix.normalize(target)))).toEqual([]);
  });
});

it("workers are started, so that the test above has something to find", () => {
  expect(packed("onnx").files).toEqual(
    expect.arrayContaining(["dist/session-worker.js", "dist/training/trainer-worker.js"]),
  );
  expect(packed("organism").files).toContain("weights/cliff/model.safetensors");
  expect(packed("cli").read("bin/precipice.mjs")).toContain('await import("../dist/main.js")');
});

describe("packing", () => {
  it("maps sources to what they are compiled to, and refuses entries that are no sources", () => {
    const [own] = packages();
    if (own === undefined) throw new Error("there are no packages");
    const manifest = { ...own.manifest, sideEffects: ["./src/ops/*.ts"], exports: { ".": "./src/a/b.ts" } };
    expect(packedManifest(manifest)).toMatchObject({
      sideEffects: ["./dist/ops/*.js"],
      exports: { ".": { types: "./dist/a/b.d.ts", default: "./dist/a/b.js" } },
    });
    expect(() => packedManifest({ ...manifest, exports: { ".": "./lib/a.ts" } })).toThrow("./lib/a.ts is no source");
  });

  it("rewrites imports of declarations, and nothing else", () => {
    const text =
      'export * from "./a.ts";\nimport "../b/c.ts";\ntype T = import("./d.ts").T; // "./e.ts"\nimport x from "pkg/x.ts";';
    expect(withCompiledImports(text)).toBe(
      'export * from "./a.js";\nimport "../b/c.js";\ntype T = import("./d.js").T; // "./e.ts"\nimport x from "pkg/x.ts";',
    );
  });

  it("keeps links that lead somewhere in the package or the web", () => {
    const text = "[a](weights/a.md) [b](../../docs/b.md#c) [c](https://example.org) [d](#d) ![e](e.svg)";
    expect(packedReadme(text, ["weights/a.md"])).toBe(
      "[a](weights/a.md) b [c](https://example.org) [d](#d) ![e](e.svg)",
    );
  });
});
