/** A real Chromium for tests of pages: where it is, and a page that keeps what goes wrong on it. */
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const usual = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Path of the browser: what `CHROMIUM` or `CHROME_BIN` names, else one at a usual place; undefined without any. */
export const chromiumPath = (): string | undefined =>
  [process.env["CHROMIUM"], process.env["CHROME_BIN"], ...usual].find(
    (path) => path !== undefined && path !== "" && existsSync(path),
  );

/** Why browser tests are left out, for the name of a skipped suite. */
export const noChromium = "no Chromium found: install one, or name it in CHROMIUM";

/** Starts it without a sandbox of its own: CI containers have none to give. */
export const launchChromium = (): Promise<Browser> => {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error(noChromium);
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
};

export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, requests to other places (a file: other than for itself), dialogs. */
  readonly faults: string[];
}

/** Opens a URL and waits until it is loaded. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  const faults: string[] = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && faults.push(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  const own = (asked: string) =>
    asked === url ||
    asked.startsWith("blob:") ||
    (url.startsWith("http") && new URL(asked).origin === new URL(url).origin);
  page.on("request", (r) => !own(r.url()) && faults.push(`request: ${r.url()}`));
  page.on("dialog", async (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(url);
  return { page, faults };
};
