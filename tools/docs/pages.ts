/**
 * Which Markdown files the site shows, in which section and order. A file that is added to docs/ is found by itself: pages
 * that `order` does not name come after those it does, under the heading of their folder.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Page {
  /** Relative to the repository's root, with `/`. */
  readonly path: string;
  readonly title: string;
  readonly section: string;
  readonly markdown: string;
}

/** Folder → heading of the navigation, in the order of the navigation. */
const sections: ReadonlyArray<readonly [folder: RegExp, title: string]> = [
  [/^docs\/[^/]+$/, "Guides"],
  [/^docs\/concepts\//, "Concepts"],
  [/^docs\/reference\//, "Reference"],
  [/^(packages|examples)\/[^/]+\//, "Packages"],
  [/^docs\/api\//, "API"],
  [/^docs\/decisions\//, "Decisions"],
  [/^[^/]+$/, "Project"],
];

/** Pages at the top of `docs/` that are looked up rather than read. */
const looked = ["errors", "onnx-ops", "parity", "benchmarks", "pipelines"].map((name) => `docs/${name}.md`);

/** Who comes first; the rest follows by name. */
const order: ReadonlyArray<string> = [
  "docs/README.md",
  "docs/tutorial.md",
  "docs/your-checkpoint.md",
  "docs/your-pipeline.md",
  "docs/your-stage.md",
  ...["README", "reasoning-model", "trace", "template-region", "refusal-probe", "refusal-score", "plateau"]
    .concat(["final-score", "cliff", "misalignment-score", "refusal-suppression-head", "asr", "over-refusal"])
    .map((name) => `docs/concepts/${name}.md`),
  "docs/pipelines.md",
  "docs/reference/cli.md",
  "docs/reference/stages.md",
  "docs/reference/artifacts.md",
  "docs/errors.md",
  "docs/onnx-ops.md",
  "docs/parity.md",
  "docs/benchmarks.md",
  "README.md",
];

/** Read last in its section. */
const last: ReadonlyArray<string> = ["docs/limits.md"];

const patterns = [
  "README.md",
  "CHANGELOG.md",
  "docs/**/*.md",
  "packages/*/README.md",
  "packages/*/weights/*/README.md",
  "examples/*/README.md",
];

const rank = (path: string): number => {
  if (last.includes(path)) return order.length + 1;
  const at = order.indexOf(path);
  return at < 0 ? order.length : at;
};

const sectionOf = (path: string): string =>
  looked.includes(path) ? "Reference" : (sections.find(([folder]) => folder.test(path))?.[1] ?? "Project");

/**
 * All pages, and `added` ones that are no files, in the order of the navigation.
 *
 * @throws Error when a page has no heading of the first level.
 */
export function pages(added: ReadonlyArray<Page> = []): ReadonlyArray<Page> {
  const titles = sections.map(([, title]) => title);
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((found) => {
      const path = found.replaceAll("\\", "/");
      const markdown = readFileSync(join(root, path), "utf8");
      const [, title] = /^# (.+)$/m.exec(markdown) ?? [];
      if (title === undefined) throw new Error(`${path}: a page begins with "# Title"`);
      return { path, title: title.replaceAll("`", ""), section: sectionOf(path), markdown };
    })
    .concat(added)
    .sort(
      (a, b) =>
        titles.indexOf(a.section) - titles.indexOf(b.section) ||
        rank(a.path) - rank(b.path) ||
        (a.path < b.path ? -1 : 1),
    );
}

/** Where a page lies in the site: folders' READMEs are their `index.html`. */
export const siteFile = (path: string): string =>
  path === "docs/README.md"
    ? "index.html"
    : basename(path) === "README.md" && dirname(path) !== "."
      ? `${dirname(path)}/index.html`
      : path.replace(/\.md$/, ".html");
