/**
 * Writes docs/reference/: stages, artifacts and commands, read off their Schemas and flags.
 *
 *     npm run docs:reference
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { artifactsPage } from "./artifacts-page.ts";
import { cliPage } from "./cli-page.ts";
import { root } from "./pages.ts";
import { stagesPage } from "./stages-page.ts";

/** Page by path, as it must be committed. */
export const referencePages = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ["docs/reference/stages.md", stagesPage()],
    ["docs/reference/artifacts.md", artifactsPage()],
    ["docs/reference/cli.md", await cliPage()],
  ]);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, "docs/reference"), { recursive: true });
  for (const [path, text] of await referencePages()) {
    writeFileSync(join(root, path), text);
    console.log(path);
  }
}
