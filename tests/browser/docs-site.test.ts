/** The documentation site in a real browser, from disk: it fits, finds, works by keyboard, and asks nothing of the network. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pages } from "../../tools/docs/pages.ts";
import { buildSite } from "../../tools/docs/site.ts";
import { writeSite } from "../../tools/docs/write-site.ts";
import { chromiumPath, launchChromium, noChromium, openPage } from "../support/chromium.ts";
import { temporary } from "../support/on-disk.ts";
import { screenshot } from "../support/screenshots.ts";

const root = temporary();
const url = (file: string) => pathToFileURL(join(root, file)).href;

if (chromiumPath() === undefined) console.warn(`The tests of the documentation site are left out: ${noChromium}`);

describe.skipIf(chromiumPath() === undefined)(`documentation site (${chromiumPath() ?? noChromium})`, () => {
  let browser: Browser;
  beforeAll(async () => {
    writeSite(buildSite(pages()), root);
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  const open = async (file: string, width = 1440, colorScheme: "light" | "dark" = "light") => {
    const { page, faults } = await openPage(browser, url(file), { viewport: { width, height: 900 }, colorScheme });
    const own = pathToFileURL(root).href;
    return { page, faults: () => faults.filter((fault) => !fault.startsWith(`request: ${own}`)) };
  };

  it.each([375, 1440].flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme }))))(
    "fits $width px, $scheme",
    async ({ width, scheme }) => {
      for (const file of [
        "index.html",
        "docs/tutorial.html",
        "docs/concepts/cliff.html",
        "docs/reference/stages.html",
        "docs/onnx-ops.html",
        "README.html",
      ]) {
        const { page, faults } = await open(file, width, scheme);
        const over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        expect([file, over]).toEqual([file, 0]);
        if (file.includes("cliff")) {
          await page.locator("main img").scrollIntoViewIfNeeded();
          await page.waitForFunction("document.querySelector('main img').naturalWidth > 300");
          await page.screenshot({ path: screenshot(`docs-${width}-${scheme}`) });
        }
        expect(await page.evaluate("document.querySelector('nav .menu').open")).toBe(width === 1440);
        expect(faults()).toEqual([]);
        await page.close();
      }
    },
  );

  it("finds a heading, from the keyboard", async () => {
    const { page, faults } = await open("docs/concepts/cliff.html");
    await page.keyboard.press("/");
    await page.keyboard.type("trace.judge stages");
    const hit = page.locator("#found a").first();
    await hit.waitFor();
    expect(await hit.textContent()).toContain("trace.judge");
    await hit.click();
    await page.waitForURL(/reference\/stages\.html#tracejudge$/);
    expect(faults()).toEqual([]);
    await page.close();
  });
});
