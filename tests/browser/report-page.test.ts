/** The report in a real browser: it renders, answers to pointer and keyboard, filters, fits, and is inert to its data. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../../packages/report/src/index.ts";
import { hostileRun } from "../../packages/report/src/testing/hostile-run.ts";
import { largeRun } from "../../packages/report/src/testing/large-run.ts";
import { richRun } from "../../packages/report/src/testing/rich-run.ts";
import { chromiumPath, launchChromium, noChromium, openPage } from "../support/chromium.ts";
import { temporary } from "../support/on-disk.ts";
import { screenshot } from "../support/screenshots.ts";

const root = temporary();
const urlOf = (name: string, html: string): string => {
  const path = join(root, `${name}.html`);
  writeFileSync(path, html);
  return pathToFileURL(path).href;
};
const ready = (page: Page) => page.locator("#browser").waitFor({ state: "visible" });
const overflow = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
const shownCount = async (page: Page) =>
  Number.parseInt(((await page.locator("#browser output").textContent()) ?? "").replace(/,/g, ""), 10);

if (chromiumPath() === undefined) console.warn(`The tests of the report page are left out: ${noChromium}`);

describe.skipIf(chromiumPath() === undefined)(`report page (${chromiumPath() ?? noChromium})`, () => {
  let browser: Browser;
  let rich: string;
  beforeAll(async () => {
    browser = await launchChromium();
    rich = urlOf("rich", renderReport(richRun));
  });
  afterAll(() => browser?.close());

  it.each([375, 1440].flatMap((width) => (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme }))))(
    "fits $width px, $colorScheme, and reports no fault",
    async ({ width, colorScheme }) => {
      const { page, faults } = await openPage(browser, rich, { viewport: { width, height: 900 }, colorScheme });
      await ready(page);
      for (const section of ["curves", "heads", "recovery", "ablation", "selection", "budgets", "traces", "method"])
        expect(await page.locator(`#${section}`).isVisible(), section).toBe(true);
      expect(await overflow(page)).toBe(0);
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        colorScheme === "dark" ? "rgb(21, 24, 28)" : "rgb(255, 255, 252)",
      );
      await page.screenshot({ path: screenshot(`report-${width}-${colorScheme}`), fullPage: true });
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  it("tells values on hover", async () => {
    const { page, faults } = await openPage(browser, rich);
    const tip = page.locator("#tip");
    await page.locator("#curve-panels .hit").first().hover();
    expect(await tip.textContent()).toMatch(/position 0\naligned 0\.80 \[0\.75, 0\.85\] n 4/);
    await page.locator('.cell[data-head="0,0"]').hover();
    expect(await tip.textContent()).toContain("layer 0, head 0, rank 1\ncontribution −1.20");
    await ready(page);
    await page.locator(".view .tokens i").first().hover();
    expect(await tip.textContent()).toMatch(/^refusal score \d\.\d{3}$/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("opens a head by click and by keyboard, with where it looks", async () => {
    const { page, faults } = await openPage(browser, rich);
    const detail = page.locator("#head-detail");
    await page.locator('.cell[data-head="0,0"]').click();
    expect(await detail.textContent()).toContain("Layer 0, head 0, rank 1");
    expect(await detail.textContent()).toContain("planted");
    expect(await detail.locator("svg").count()).toBe(2);
    expect(await detail.textContent()).toContain("</think>");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate("document.activeElement.dataset.head")).toBe("1,1");
    await page.keyboard.press("Enter");
    expect(await detail.textContent()).toContain("Layer 1, head 1, rank 2");
    expect(await detail.textContent()).toContain("No attention pattern of this head was given");
    expect(await page.locator('.cell[data-head][tabindex="0"]').count()).toBe(1);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows the curves of the layer one chooses", async () => {
    const { page, faults } = await openPage(browser, rich);
    const first = await page.locator("#curve-panels").innerHTML();
    const sites = await page.locator("#site option").allTextContents();
    expect(sites.length).toBe(4);
    await page.locator("#site").selectOption("blocks.0.hook_resid_post");
    await expect.poll(() => page.locator("#curve-panels").innerHTML()).not.toBe(first);
    expect(await page.locator("#curve-panels svg").count()).toBe(2);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("searches, filters, orders and compares traces, with the keyboard alone too", async () => {
    const { page, faults } = await openPage(browser, rich);
    await ready(page);
    const all = await shownCount(page);
    expect(all).toBe(12);
    await page.locator("select[name=verdict]").selectOption("=harmful");
    expect(await shownCount(page)).toBe(4);
    expect(await page.locator(".list .row .verdict").allTextContents()).toEqual(Array(4).fill("harmful"));
    await page.locator("select[name=verdict]").selectOption("");
    await page.locator("select[name=cliff]").selectOption("deep");
    expect(await shownCount(page)).toBe(4);
    await page.locator("select[name=cliff]").selectOption("");
    await page.locator("input[name=search]").fill("no such words");
    await expect.poll(() => page.locator(".view").textContent()).toBe("No trace fits.");
    await page.locator("input[name=search]").fill("p2");
    await expect.poll(() => shownCount(page)).toBe(3);
    await page.locator("input[name=search]").fill("");
    await expect.poll(() => shownCount(page)).toBe(12);

    await page.locator("#trace-list").focus();
    await page.keyboard.press("End");
    expect(await page.locator('.row[aria-selected="true"]').getAttribute("aria-posinset")).toBe("12");
    await page.keyboard.press("Home");
    const active = await page.locator("#trace-list").getAttribute("aria-activedescendant");
    expect(await page.locator(`#${active}`).getAttribute("aria-selected")).toBe("true");
    expect(await page.locator(".view .side").count()).toBe(2);
    const aligned = async () =>
      (await page.locator("select[name=beside] option").allTextContents()).find((text) => text.startsWith("aligned")) ??
      "";
    const [left, right] = await page.locator(".view .facts").allTextContents();
    expect(left).toContain("cliff 0.85");
    expect(right).toContain("repaired");
    await page.locator("select[name=beside]").selectOption({ label: await aligned() });
    expect((await page.locator(".view .facts").allTextContents())[1]).toContain("aligned");
    await page.locator(".view .tokens").first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#tip").textContent()).toMatch(/refusal score/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("hands every table out as CSV", async () => {
    const { page, faults } = await openPage(browser, rich);
    await ready(page);
    const names = await page.locator("button.csv").allTextContents();
    expect(names.sort()).toEqual(
      [
        "ablation",
        "artifacts",
        "budgets",
        "curves",
        "heads",
        "lineage",
        "metrics",
        "patterns",
        "recovery",
        "selection",
        "tokens",
        "traces",
        "training",
      ].map((n) => `${n}.csv`),
    );
    const csv = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator("button.csv", { hasText: name }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(name);
      return readFileSync(await download.path(), "utf8");
    };
    const heads = (await csv("heads.csv")).split("\r\n");
    expect(heads[0]).toBe("layer,head,contribution,contribution_raw,lo,hi,rank,causal_delta,planted,n");
    expect(heads[1]).toBe(`0,0,-1.2,-1.2,${-1.2 - 0.1},${-1.2 + 0.1},1,0.37,true,4`);
    expect(heads.length).toBe(4 + 2);
    expect((await csv("lineage.csv")).split("\r\n")[0]).toBe("id,nodes,stage,version,inputs,config");
    expect((await csv("tokens.csv")).split("\r\n").length).toBe(12 * 8 + 2);
    expect((await csv("traces.csv")).split("\r\n")[1]).toContain("harmful,0.9,0.05,0.85");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("keeps a list of 5,000 traces short in the page and quick to walk", async () => {
    const { page, faults } = await openPage(browser, urlOf("large", renderReport(largeRun(5000))));
    await ready(page);
    expect(await shownCount(page)).toBe(5000);
    const rows = () => page.locator(".list .row").count();
    expect(await rows()).toBeLessThan(40);
    await page.locator("#trace-list").evaluate((list) => {
      list.scrollTop = list.scrollHeight / 2;
    });
    await expect
      .poll(async () => Number(await page.locator(".list .row").first().getAttribute("aria-posinset")))
      .toBeGreaterThan(2400);
    expect(await rows()).toBeLessThan(40);
    await page.locator("#trace-list").focus();
    await page.keyboard.press("End");
    expect(await page.locator('.row[aria-selected="true"]').getAttribute("aria-posinset")).toBe("5000");
    await page.locator("input[name=search]").fill("request 4711 ");
    await expect.poll(() => shownCount(page)).toBe(1);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("is inert to hostile traces, and shows them", async () => {
    const { page, faults } = await openPage(browser, urlOf("hostile", renderReport(hostileRun)));
    await ready(page);
    expect(await page.evaluate("window.__owned")).toBeUndefined();
    expect(await page.locator("img, iframe, object, base, link, meta[http-equiv=refresh]").count()).toBe(0);
    expect(await page.locator("script:not(.data)").count()).toBe(1);
    for (let i = 0; i < (await shownCount(page)); i++) {
      await page.locator("#trace-list").focus();
      await page.keyboard.press(i === 0 ? "Home" : "ArrowDown");
    }
    const text = await page.evaluate("document.body.innerText");
    expect(text).not.toMatch(/[\u0000-\u0008\u202a-\u202e\u2066-\u2069]/u);
    await page.locator("input[name=search]").fill("megatoken");
    await expect.poll(() => shownCount(page)).toBe(1);
    expect(await page.locator(".view").textContent()).toContain("1,048,425 more characters");
    await page.locator("input[name=search]").fill("override");
    await expect.poll(() => page.locator(".view").textContent()).toContain("override");
    expect(await page.locator(".view").textContent()).toContain("⟨U+202E⟩");
    expect(await overflow(page)).toBe(0);
    await page.setViewportSize({ width: 375, height: 800 });
    expect(await overflow(page)).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("prints without its controls and reads without script", async () => {
    const { page } = await openPage(browser, rich);
    await ready(page);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.locator("#browser").isVisible()).toBe(false);
    expect(await page.locator(".downloads").first().isVisible()).toBe(false);
    expect(await page.locator("article.trace").first().isVisible()).toBe(true);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 252)");
    await page.close();
    const bare = await openPage(browser, rich, { javaScriptEnabled: false });
    expect(await bare.page.locator("#curves svg").count()).toBeGreaterThan(1);
    expect(await bare.page.locator("#traces noscript").count()).toBe(1);
    expect(await bare.page.locator("button.csv").first().isVisible()).toBe(false);
    await bare.page.close();
  });
});
