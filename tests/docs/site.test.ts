/** The documentation as a site: whole, without a request to anywhere, and taking pages that are added later. */
import { globSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { apiPages } from "../../tools/docs/api.ts";
import { benchmarksPage } from "../../tools/docs/benchmarks.ts";
import { type Page, pages, root, siteFile } from "../../tools/docs/pages.ts";
import { buildSite } from "../../tools/docs/site.ts";
import { script, style } from "../../tools/docs/template.ts";

const all = pages();
const site = buildSite(all);
const html = [...site.files].flatMap(([file, content]) =>
  typeof content === "string" ? [[file, content] as const] : [],
);
const markdown = globSync("docs/**/*.md", { cwd: root });

describe("the site", () => {
  it("has no link that leads nowhere", () => {
    expect(site.dead).toEqual([]);
  });

  it("shows every Markdown page of docs/ in its navigation", () => {
    expect(markdown.length).toBeGreaterThan(30);
    const start = site.files.get("index.html") as string;
    expect(markdown.map(siteFile).filter((file) => !start.includes(`href="${file}"`))).toEqual([]);
  });

  it.each(["GPU", "python", "temperature", "E_PROBE_TOO_FEW", "captureAt", "resume"])(
    "finds %s, which is in the text of a page",
    (word) => {
      const search = (site.files.get("search.js") as string).replace(/^window\.precipiceDocs\((.*)\);\n$/s, "$1");
      const entries = JSON.parse(search) as ReadonlyArray<{ t: string; x: string }>;
      expect(entries.some(({ t, x }) => `${t} ${x}`.toLowerCase().includes(word.toLowerCase()))).toBe(true);
    },
  );

  it("asks nothing of the network", () => {
    const outside = /(?:src|srcset|<link[^>]* href)="(?:https?:)?\/\//;
    expect(html.filter(([, text]) => outside.test(text)).map(([file]) => file)).toEqual([]);
    expect(`${style}${script}`).not.toMatch(/https?:|@import|fetch\(/);
  });

  it("has every file its pages point at", () => {
    const own = new Set([...site.files.keys(), "style.css", "page.js"]);
    const missing = html.flatMap(([file, text]) =>
      [...text.replace(/<pre[\s\S]*?<\/pre>/g, "").matchAll(/(?:href|src)="([^"#]+)(?:#[^"]*)?"/g)]
        .map(([, to = ""]) => to)
        .filter((to) => !/^[a-z]+:/.test(to) && !own.has(posix.normalize(posix.join(posix.dirname(file), to))))
        .map((to) => `${file}: ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it("takes a page that is added, and notices its dead links", () => {
    const page: Page = {
      path: "docs/added.md",
      title: "Added",
      section: "Guides",
      markdown:
        "# Added\n\n[good](tutorial.md#1-run) [gone](gone.md) [no such part](tutorial.md#nowhere)\n\n<script>x</script>",
    };
    const { files, dead } = buildSite([...all, page]);
    expect(files.get("index.html")).toContain('href="docs/added.html"');
    expect(dead).toEqual(["docs/added.md: gone.md", "docs/added.md: tutorial.md#nowhere"]);
  });

  it("shows code as it is", () => {
    const page: Page = {
      path: "docs/x.md",
      title: "X",
      section: "Guides",
      markdown: "# X\n\n```text\n</code><b>\n```\n",
    };
    expect(buildSite([...all, page]).files.get("docs/x.html")).toContain("&lt;/code&gt;&lt;b&gt;");
  });
});

describe("docs/pictures", () => {
  const pictures = globSync("docs/pictures/*.svg", { cwd: root });

  it("are small, follow light and dark, run nothing, and are shown somewhere", () => {
    expect(pictures.length).toBeGreaterThan(10);
    const text = markdown.map((path) => readFileSync(join(root, path), "utf8")).join();
    for (const path of pictures) {
      const svg = readFileSync(join(root, path), "utf8");
      expect(statSync(join(root, path)).size, path).toBeLessThanOrEqual(40_000);
      expect(svg, path).toContain("prefers-color-scheme:dark");
      expect(svg, path).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
      expect(text, path).toContain(`pictures/${posix.basename(path)}`);
    }
  });
});

it("docs/benchmarks.md shows what is recorded", () => {
  const committed = readFileSync(join(root, "docs/benchmarks.md"), "utf8");
  expect(committed === benchmarksPage(), "docs/benchmarks.md is old: npm run docs:benchmarks").toBe(true);
});

describe("API pages", () => {
  const api = apiPages();

  it("cover every package, and link to sources that are there", () => {
    expect([...api.keys()]).toEqual(
      globSync("packages/*", { cwd: root })
        .sort()
        .map((path) => `docs/api/${posix.basename(path)}.md`),
    );
    const added = [...api].map(([path, text]) => ({ path, title: path, section: "API", markdown: text }));
    expect(buildSite([...all, ...added]).dead).toEqual([]);
  });

  it("give declarations as the compiler emits them, and docstrings", () => {
    const probe = api.get("docs/api/probe.md");
    expect(probe).toContain("## fitCalibration\n\n```ts\nconst fitCalibration: (method: CalibrationMethod");
    expect(probe).toContain("Fitted to logits of rows the probe was not fitted to.");
    expect(api.get("docs/api/runtime.md")).toMatch(/### Stage\.make\n\n```ts\nfunction make</);
  });
});
