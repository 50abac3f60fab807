// How long a tab of TensorBoard takes in Chromium until it shows the trials: node browser/ready.mjs URL tuning|hparams
import { chromium } from "playwright-core";
import { CHROMIUM } from "./page.mjs";

const READY = {
  tuning: async (page) => {
    const frame = page.frameLocator("iframe");
    await frame.locator("#leaderboard tbody tr").first().waitFor({ timeout: 120000 });
    await frame.locator("#history canvas").first().waitFor({ timeout: 120000 });
  },
  hparams: (page) =>
    page.waitForFunction(
      () => {
        const inside = (root) => [root, ...[...root.querySelectorAll("*")].flatMap((one) => (one.shadowRoot ? inside(one.shadowRoot) : []))];
        const cells = inside(document).flatMap((root) => [...root.querySelectorAll("vaadin-grid-cell-content")]);
        return cells.some((cell) => /trial_\d+/.test(cell.textContent ?? "") && cell.getClientRects().length > 0);
      },
      undefined,
      { timeout: 120000, polling: 20 },
    ),
};

const [url, tab] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  const began = performance.now();
  await page.goto(url);
  await READY[tab](page);
  console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, errors: errors.length }));
} finally {
  await browser.close();
}
