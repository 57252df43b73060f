/**
 * Builds the documentation as a static site: the Markdown pages of the repository and the API of every package.
 *
 *     npm run docs:build              dist/docs/index.html
 *     npm run docs:build -- --to DIR
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { apiPages } from "./api.ts";
import { type Page, pages, root } from "./pages.ts";
import { buildSite } from "./site.ts";
import { writeSite } from "./write-site.ts";

const { values } = parseArgs({ options: { to: { type: "string", default: join(root, "dist/docs") } } });
const to = resolve(values.to);

const api: ReadonlyArray<Page> = [...apiPages()].map(([path, markdown]) => ({
  path,
  title: path.replace(/^.*\/(.*)\.md$/, "$1"),
  section: "API",
  markdown,
}));
const site = buildSite(pages(api));
const { files, dead } = site;
if (dead.length > 0) {
  console.error(`Links that lead nowhere:\n${dead.map((line) => `  ${line}`).join("\n")}`);
  process.exit(1);
}
writeSite(site, to);
const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
console.log(`${files.size} files, ${(bytes / 1e6).toFixed(1)} MB: ${join(to, "index.html")}`);
