/** `precipice view` in a real browser: lists, compares, follows a run while it goes on, fits, and keeps reports apart. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { launch } from "../../packages/cli/src/fixtures/process.ts";
import { startViewer, type Viewer } from "../../packages/cli/src/view/viewer.ts";
import { renderReport } from "../../packages/report/src/index.ts";
import { richRun } from "../../packages/report/src/testing/rich-run.ts";
import { chromiumPath, launchChromium, noChromium, openPage } from "../support/chromium.ts";
import { temporary } from "../support/on-disk.ts";
import { screenshot } from "../support/screenshots.ts";

const folder = temporary();
const cli = (...args: ReadonlyArray<string>) =>
  launch(join(import.meta.dirname, "../../packages/cli/src/fixtures/main.ts"), folder, ...args);
/** Programs start and write when the machine lets them. */
const patient = { timeout: 120_000 };
const runIds = () => readdirSync(join(folder, "runs")).filter((name) => name !== "latest" && !name.startsWith("."));
const overflow = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

const pipeline = `version: 1
name: demo
nodes:
  a: { stage: demo.write, config: { lines: 4, text: "</script><b>bold" } }
  b: { stage: demo.write, config: { text: "a rather long text that has to be broken somewhere_or_it_makes_the_page_too_wide" } }
  lines_of_both: { stage: demo.map, inputs: { lines: a }, config: { rowsPerShard: 2 } }
  total: { stage: demo.count, inputs: { lines: [a, b] }, config: { metric: lines, per: line } }
`;
const slow = `version: 1
name: slow
nodes:
  first: { stage: demo.hold, config: { until: ${JSON.stringify(join(folder, "go"))} } }
  then: { stage: demo.count, inputs: { lines: first }, config: { metric: slow.lines, per: line } }
`;

/** A report that tries to get at the viewer: what it reached stands in its title. */
const thief = `<!doctype html><title>nothing</title><script>
const got = (what) => { document.title += " " + what; };
try { got(parent.document.title); } catch { got("no-parent"); }
try { got(localStorage.length); } catch { got("no-storage"); }
fetch("/").then((r) => r.text()).then((t) => got("read:" + t.length), () => got("no-fetch"));
</script><p>thief`;

if (chromiumPath() === undefined) console.warn(`The tests of precipice view are left out: ${noChromium}`);

describe.skipIf(chromiumPath() === undefined)(`precipice view (${chromiumPath() ?? noChromium})`, () => {
  let browser: Browser;
  let viewer: Viewer;
  let before: string;
  let after: string;
  const at = (path: string) => new URL(path, viewer.url).href;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "p.yaml"), pipeline);
    writeFileSync(join(folder, "slow.yaml"), slow);
    writeFileSync(join(folder, "package.json"), '{ "workspaces": [] }');
    expect((await cli("run", "p.yaml").finished).code).toBe(0);
    [before = ""] = runIds();
    expect((await cli("run", "p.yaml", "--set", "nodes.a.config.lines=9").finished).code).toBe(0);
    after = runIds().find((id) => id !== before) ?? "";
    writeFileSync(join(folder, "runs", after, "report.html"), renderReport(richRun));
    writeFileSync(join(folder, "runs", after, "thief.html"), thief);
    viewer = await startViewer(folder, 0);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await viewer?.close();
  });

  const pages = {
    runs: () => "/",
    run: () => `/runs/${after}`,
    compare: () => `/compare?a=${before}&b=${after}`,
    report: () => `/runs/${after}/report/report.html`,
    artifact: () => {
      const { nodes } = JSON.parse(readFileSync(join(folder, "runs", after, "run.json"), "utf8"));
      return `/artifacts/lines/${nodes[0].outputs.lines.digest}`;
    },
  } as const;

  it.each(
    [375, 1440].flatMap((width) =>
      (["light", "dark"] as const).flatMap((colorScheme) =>
        (Object.keys(pages) as Array<keyof typeof pages>).map((name) => ({ name, width, colorScheme })),
      ),
    ),
  )("$name fits $width px, $colorScheme, and reports no fault", async ({ name, width, colorScheme }) => {
    const options = { viewport: { width, height: 900 }, colorScheme };
    const { page, faults } = await openPage(browser, at(pages[name]()), options);
    await page.locator("h1").first().waitFor({ state: "attached" });
    if (name === "report") await page.frameLocator("iframe").locator("#browser").waitFor({ state: "visible" });
    if (name === "run") await page.locator(".nodes summary").first().click();
    expect(await overflow(page)).toBe(0);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      colorScheme === "dark" ? "rgb(21, 24, 28)" : "rgb(255, 255, 252)",
    );
    await page.screenshot({ path: screenshot(`view-${name}-${width}-${colorScheme}`), fullPage: name !== "report" });
    expect(faults).toEqual([]);
    await page.close();
  });

  it("compares two runs chosen with the keyboard alone", async () => {
    const { page, faults } = await openPage(browser, at("/"));
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.locator(`input[value="${before}"]`).focus();
    await page.keyboard.press("Space");
    await page.locator(`input[value="${after}"]`).focus();
    await page.keyboard.press("Space");
    expect(await page.locator("#chosen").textContent()).toBe("2 of 2 chosen");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/compare\?a=/);
    expect(page.url()).toBe(at(`/compare?a=${before}&b=${after}`));
    const text = await page.locator("main").textContent();
    expect(text).toContain("lines7 [6.5, 7.5]12 [11.5, 12.5]+5apart");
    expect(text).toContain("config.lines49");
    expect(text).toContain("inputs.lines");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("opens nodes, leads from one to the other, and filters metrics", async () => {
    const { page, faults } = await openPage(browser, at(`/runs/${after}`));
    const total = page.locator('li[data-node="total"]');
    await total.locator("summary").focus();
    await page.keyboard.press("Enter");
    expect(await total.locator(".inside").textContent()).toContain('"metric": "lines"');
    expect(await page.locator('li[data-node="a"] .inside pre').textContent()).toContain('"text": "</script><b>bold"');
    await total.locator('a[href="#node-b"]').click();
    await page.locator('li[data-node="b"] details[open]').waitFor();
    await page.locator('.lineage a[href="#node-a"]').focus();
    await page.keyboard.press("Enter");
    await page.locator('li[data-node="a"] .inside').waitFor({ state: "visible" }); // opened by the address, an event later
    await page.locator("input[type=search]").fill("nothing");
    expect(await page.locator("#metrics-rows tr:visible").count()).toBe(0);
    await page.locator("input[type=search]").fill("LIN");
    expect(await page.locator("#metrics-rows tr:visible").count()).toBe(1);
    await page.locator('li[data-node="a"] a', { hasText: "lines" }).click();
    expect(await page.locator("h1").textContent()).toBe("lines");
    expect(await page.locator("tbody tr").count()).toBe(9);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows a run's report, whose script works and reaches nothing of the viewer", async () => {
    const { page, faults } = await openPage(browser, at(`/runs/${after}`));
    await page.locator("a.button", { hasText: "report.html" }).click();
    const report = page.frameLocator("iframe");
    await report.locator("#browser").waitFor({ state: "visible" });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      report.locator("button.csv", { hasText: "heads.csv" }).click(),
    ]);
    expect(readFileSync(await download.path(), "utf8")).toContain("layer,head,contribution");
    expect(faults).toEqual([]);
    for (const path of [`/runs/${after}/report/thief.html`, `/runs/${after}/files/thief.html`]) {
      await page.goto(at(path));
      const frame = page.frames().at(-1);
      await expect.poll(() => frame?.title(), patient).toContain("no-fetch");
      expect(await frame?.title()).toContain("no-storage");
      if (path.includes("/report/")) expect(await frame?.title()).toContain("no-parent");
    }
    await page.close();
  });

  it("follows a run while it goes on: in the list, and node by node", async () => {
    const list = await openPage(browser, at("/"));
    await list.page.locator(`input[value="${before}"]`).check();
    const { child, finished, saw } = cli("run", "slow.yaml", "--json");
    onTestFinished(() => void child.kill("SIGKILL"));
    await saw('"type":"node.progress"');
    const row = list.page.locator("tbody tr", { hasText: "slow" });
    await expect.poll(() => row.locator(".state").first().textContent(), patient).toBe("running");
    expect(await list.page.locator(`input[value="${before}"]`).isChecked()).toBe(true);

    const { page, faults } = await openPage(browser, at((await row.locator("a").getAttribute("href")) ?? ""));
    await page.evaluate("window.__same = true");
    const first = page.locator('li[data-node="first"]');
    const progress = () => first.locator("progress").evaluate((p) => (p as { value?: number }).value ?? 0);
    await expect.poll(progress, patient).toBeGreaterThan(0);
    const seen = await progress();
    await expect.poll(progress, patient).toBeGreaterThan(seen);
    expect(await first.locator(".say").textContent()).toMatch(/\d+\/1000 lines {2}[\d.]+ lines\/s {2}ETA/);
    expect(await page.locator('li[data-node="then"] .state').textContent()).toBe("pending");
    await page.screenshot({ path: screenshot("view-live-1440-light"), fullPage: true });
    await first.locator("summary").click();

    writeFileSync(join(folder, "go"), "");
    expect((await finished).code).toBe(0);
    await expect.poll(() => page.locator("#status").textContent(), patient).toBe("ok");
    expect(await page.locator("#metrics-rows th").allTextContents()).toEqual(["slow.lines"]);
    expect(await page.locator('li[data-node="then"] .state').textContent()).toBe("done");
    expect(await first.locator("details").evaluate((d) => (d as { open?: boolean }).open)).toBe(true);
    expect(await page.locator("#log-lines").textContent()).toContain("ok in ");
    expect(await page.evaluate("window.__same")).toBe(true);
    await expect.poll(() => row.locator(".state").first().textContent(), patient).toBe("ok");
    expect([...faults, ...list.faults]).toEqual([]);
    await page.close();
    await list.page.close();
  });

  it("reads and compares without script", async () => {
    const { page } = await openPage(browser, at("/"), { javaScriptEnabled: false });
    await page.locator(`input[value="${before}"]`).check();
    await page.locator(`input[value="${after}"]`).check();
    await page.locator("button", { hasText: "Compare" }).click();
    expect(page.url()).toContain("/compare?a=");
    expect(await page.locator("main").textContent()).toContain("apart");
    await page.close();
  });
});
