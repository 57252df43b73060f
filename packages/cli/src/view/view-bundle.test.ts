import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { bundlePage } from "../../../../tools/bundle-page.ts";
import { viewBundle } from "./view-bundle.ts";

it("is what browser/ bundles to: after a change there, run `npm run bundle:page`", async () => {
  const kept = readFileSync(new URL("view-bundle.ts", import.meta.url), "utf8");
  expect(kept).toBe(await bundlePage("view"));
  expect(viewBundle).not.toMatch(/<\/script|<!--/i);
});
