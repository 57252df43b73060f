/**
 * Bundles the scripts of pages into the repository: the report's into `packages/report/src/page-bundle.ts`, the viewer's into
 * `packages/cli/src/view/view-bundle.ts`. A fresh clone and an installed package draw them without a bundler.
 *
 *     npm run bundle:page
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const bundles = {
  report: {
    entry: "../packages/report/src/browser/main.ts",
    file: "../packages/report/src/page-bundle.ts",
    name: "pageBundle",
    says: "The script of the page",
  },
  view: {
    entry: "../packages/cli/src/browser/main.ts",
    file: "../packages/cli/src/view/view-bundle.ts",
    name: "viewBundle",
    says: "The script of the viewer's pages",
  },
} as const;

/** The file's text: a module that exports the script as one string. */
export const bundlePage = async (which: keyof typeof bundles): Promise<string> => {
  const { entry, name, says } = bundles[which];
  const { outputFiles } = await build({
    entryPoints: [path(entry)],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    tsconfigRaw: "{}",
  });
  const script = outputFiles[0]?.text.trim() ?? "";
  return `/** ${says}, made by \`npm run bundle:page\` from \`browser/\`: do not edit. */\nexport const ${name}: string = ${JSON.stringify(script)};\n`;
};

if (import.meta.main)
  for (const which of ["report", "view"] as const) writeFileSync(path(bundles[which].file), await bundlePage(which));
