// How long a tab of TensorBoard takes in Chromium until it shows the trials: node browser/ready.mjs URL tuning|hparams,
// or URL alone for the Tuning tab without TensorBoard around it.
// Prints the seconds since the address was opened, and those since TensorBoard's page has put the tab into itself.
// Either tab shows the trials when its table has rows; Tuning must also have drawn both charts above the table. What lies
// further down draws when it is scrolled near, in both tabs.
import { chromium } from "playwright-core";
import { CHROMIUM } from "./page.mjs";

const ELEMENT = { tuning: "iframe", alone: "body", hparams: "tf-hparams-dashboard" };
const showsTrials = () => {
  const inside = document.querySelector("iframe")?.contentDocument ?? document;
  const charts = [...inside.querySelectorAll("#history .chart")];
  const drawn = charts.length === 2 && charts.every((chart) => chart.querySelector("canvas") !== null);
  return drawn && inside.querySelector("#leaderboard tbody tr") !== null && performance.now();
};
const SHOWN = {
  tuning: showsTrials,
  alone: showsTrials,
  hparams: () => {
    const inside = (root) => [root, ...[...root.querySelectorAll("*")].flatMap((one) => (one.shadowRoot ? inside(one.shadowRoot) : []))];
    const cells = inside(document).flatMap((root) => [...root.querySelectorAll("vaadin-grid-cell-content")]);
    return cells.some((cell) => /trial_\d+/.test(cell.textContent ?? "") && cell.getClientRects().length > 0) && performance.now();
  },
};

const [url, tab] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.addInitScript((element) => {
    if (window.parent !== window) return;
    const observer = new MutationObserver(() => {
      if (document.querySelector(element) === null) return;
      window.tabBegan = performance.now();
      observer.disconnect();
    });
    observer.observe(document, { childList: true, subtree: true });
  }, ELEMENT[tab]);
  const began = performance.now();
  await page.goto(url);
  const shown = await page.waitForFunction(SHOWN[tab], undefined, { timeout: 120000, polling: 20 });
  const seconds = (performance.now() - began) / 1000;
  const own = ((await shown.jsonValue()) - (await page.evaluate(() => window.tabBegan))) / 1000;
  console.log(JSON.stringify({ seconds, own, errors: errors.length }));
} finally {
  await browser.close();
}
