import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packages, root } from "../pack/workspace.ts";
import { type Bill, billOfInstalled } from "./bill-of-materials.ts";
import { dependencies, installScripts, isAllowed, readLock } from "./lock.ts";
import { thirdPartyPage } from "./third-party.ts";

const lock = readLock();
const all = dependencies(lock);
const installed = all.filter(({ development }) => !development);
const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe("package-lock.json", () => {
  it("has a sha512 and a licence for every package", () => {
    expect(all.length).toBeGreaterThan(100);
    expect(
      all.filter(({ integrity }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? "")).map(({ path }) => path),
    ).toEqual([]);
    expect(all.filter(({ license }) => license === undefined).map(({ path }) => path)).toEqual([]);
  });

  it("names no registry but npm's", () => {
    const urls = all.flatMap(({ resolved }) => resolved ?? []);
    expect(urls.filter((url) => !url.startsWith("https://registry.npmjs.org/"))).toEqual([]);
    expect(
      lock.match(/https?:\/\/[^"/]*(?:registry|npm)[^"/]*/g)?.filter((url) => !/registry\.npmjs\.org$/.test(url)) ?? [],
    ).toEqual([]);
  });

  it("brings users no licence that asks for more than its notice", () => {
    expect(
      installed.filter(({ license }) => !isAllowed(license)).map(({ name, license }) => `${name}: ${license}`),
    ).toEqual([]);
  });
});

describe("licence expressions", () => {
  it.each([
    ["MIT", true],
    ["(MIT OR GPL-3.0-only)", true],
    ["(Apache-2.0 AND BSD-3-Clause)", true],
    ["MIT AND LGPL-3.0-or-later", false],
    ["GPL-2.0-only WITH Classpath-exception-2.0", false],
    ["SEE LICENSE IN LICENSE.txt", false],
    ["UNLICENSED", false],
    [undefined, false],
  ])("%s: %s", (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });
});

describe("scripts at installation", () => {
  it("are run of no package", () => {
    expect(read(".npmrc").split("\n")).toContain("ignore-scripts=true");
  });

  it("are those of packages that work without", () => {
    const names = new Set(all.flatMap(({ hasInstallScript, name }) => (hasInstallScript ? [name] : [])));
    expect([...names].sort()).toEqual(Object.keys(installScripts).sort());
  });

  it("are none of precipice's own", () => {
    const texts = [read("package.json"), ...packages().map(({ short }) => read(`packages/${short}/package.json`))];
    const scripts = texts.flatMap((text) => Object.keys((JSON.parse(text) as { scripts?: object }).scripts ?? {}));
    expect(
      scripts.filter((name) => /^(pre|post)?(install|prepare|publish)$|^dependencies$|^prepublishOnly$/.test(name)),
    ).toEqual([]);
  });
});

describe("what an installed precipice is made of", () => {
  it("stands in THIRD-PARTY.md, which npm run sbom writes", () => {
    expect(read("THIRD-PARTY.md")).toBe(thirdPartyPage(all));
  });

  it("is a bill of all packages of the lock file but those of development", () => {
    const made = lockOf({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0", dev: true } });
    const bill = billOf(["a@1.0.0", "b@2.0.0", "@precipice/cli@0.1.0"]);
    const found = billOfInstalled(bill, made, "0.1.0");
    expect(found.components.map(({ name }) => name)).toEqual(["a", "@precipice/cli"]);
    expect(found.metadata.component).toMatchObject({ name: "precipice", version: "0.1.0" });
    expect(found.dependencies).toEqual([
      { ref: "precipice@0.1.0", dependsOn: ["a@1.0.0", "@precipice/cli@0.1.0"] },
      { ref: "a@1.0.0", dependsOn: [] },
      { ref: "@precipice/cli@0.1.0", dependsOn: [] },
    ]);
  });

  it("is refused where the bill leaves a package out", () => {
    const made = lockOf({
      "node_modules/a": { version: "1.0.0" },
      "node_modules/c/node_modules/a": { version: "1.1.0" },
    });
    expect(() => billOfInstalled(billOf(["a@1.0.0"]), made, "0.1.0")).toThrow("npm sbom leaves out a@1.1.0");
  });
});

const lockOf = (packages: object): string => JSON.stringify({ packages: { "": {}, ...packages } });

/** As npm makes it, of `name@version` texts. */
function billOf(refs: ReadonlyArray<string>): Bill {
  const component = (ref: string) => {
    const at = ref.lastIndexOf("@");
    return { "bom-ref": ref, name: ref.slice(0, at), version: ref.slice(at + 1) };
  };
  return {
    bomFormat: "CycloneDX",
    metadata: { component: component("folder@0.0.0") },
    components: refs.map(component),
    dependencies: [{ ref: "folder@0.0.0", dependsOn: refs }, ...refs.map((ref) => ({ ref, dependsOn: [] }))],
  };
}
