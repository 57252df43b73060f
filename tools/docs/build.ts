/**
 * Builds the documentation as a static site: the Markdown pages of the repository and the API of every package.
 *
 *     npm run docs:build              dist/docs/index.html
 *     npm run docs:build -- --to DIR
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { apiPages } from "./api.ts";
import { type Page, pages, root } from "./pages.ts";
import { buildSite } from "./site.ts";
import { script, style } from "./template.ts";

const { values } = parseArgs({ options: { to: { type: "string", default: join(root, "dist/docs") } } });
const to = resolve(values.to);

const api: ReadonlyArray<Page> = [...apiPages()].map(([path, markdown]) => ({
  path,
  title: path.replace(/^.*\/(.*)\.md$/, "$1"),
  section: "API",
  markdown,
}));
const { files, dead } = buildSite(pages(api));
if (dead.length > 0) {
  console.error(`Links that lead nowhere:\n${dead.map((line) => `  ${line}`).join("\n")}`);
  process.exit(1);
}
rmSync(to, { recursive: true, force: true });
for (const [file, content] of [...files, ["style.css", style] as const, ["page.js", script] as const]) {
  mkdirSync(dirname(join(to, file)), { recursive: true });
  writeFileSync(join(to, file), content);
}
const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
console.log(`${files.size} files, ${(bytes / 1e6).toFixed(1)} MB: ${join(to, "index.html")}`);
