import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { bundlePage } from "../../../tools/bundle-page.ts";
import { pageBundle } from "./page-bundle.ts";

it("is what browser/ bundles to: after a change there, run `npm run bundle:page`", async () => {
  const kept = readFileSync(new URL("page-bundle.ts", import.meta.url), "utf8");
  expect(kept).toBe(await bundlePage("report"));
  expect(pageBundle).not.toMatch(/<\/script|<!--/i);
});
