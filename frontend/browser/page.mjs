// Chromium, and the page in it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export async function openPage(root, { dark = false, hash = "", width = 1280, height = 900, entry = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "tuning-tab-"));
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM, headless: true, viewport: { width, height }, acceptDownloads: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  const errors = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const outside = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(root).origin) && !/^(data|blob):/.test(request.url())) outside.push(request.url());
  });
  const setDark = (on) => page.evaluate((value) => document.body.classList.toggle("dark-mode", value), on);
  if (dark) await page.addInitScript(() => document.addEventListener("DOMContentLoaded", () => window.parent === window && document.body.classList.add("dark-mode")));
  await page.goto(`${root}${entry}${hash}`);
  const frame = page.frameLocator("iframe");
  return {
    browser, page, frame, errors, outside, setDark,
    inner: () => page.frames().find((candidate) => candidate !== page.mainFrame()),
    ready: () => frame.locator(".headline .figure").first().waitFor({ timeout: 30_000 }),
    /** The whole page as one picture. */
    async picture(path) {
      const heightOf = () => this.inner().evaluate(() => document.querySelector("main").scrollHeight + 64);
      await page.setViewportSize({ width, height: await heightOf() });
      await page.waitForTimeout(400);
      await page.setViewportSize({ width, height: await heightOf() });
      await page.waitForTimeout(600);
      await page.screenshot({ path });
      await page.setViewportSize({ width, height });
    },
    /** The page in two pictures: down to parallel coordinates, and from importance on. */
    async pictures(path) {
      const heightOf = () => this.inner().evaluate(() => document.querySelector("main").scrollHeight + 64);
      for (let again = 0; again < 2; again++) {
        await page.setViewportSize({ width, height: await heightOf() });
        await page.waitForTimeout(1500);
      }
      const cut = 64 + (await this.inner().evaluate(() => Math.round(document.querySelector("#importance").getBoundingClientRect().top)));
      const end = await heightOf();
      await page.screenshot({ path: `${path}.png`, clip: { x: 0, y: 64, width, height: cut - 64 - 4 } });
      await page.screenshot({ path: `${path}_lower.png`, clip: { x: 0, y: cut - 12, width, height: end - cut - 20 } });
      await page.setViewportSize({ width, height });
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
