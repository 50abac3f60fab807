// Follows a live search in a real TensorBoard: node browser/live.mjs ROOT FILE. Writes the number of trials that the page
// shows into FILE, which the search waits for; prints what it saw, once the study has ended.
import { renameSync, writeFileSync } from "node:fs";
import { openPage } from "./page.mjs";

const [root, file] = process.argv.slice(2);
const page = await openPage(root, { hash: "#kerastune_lite" });
const inner = () => page.page.frames().find((candidate) => candidate.url().includes("plugin_entry"));
const look = () => inner()?.evaluate(() => ({
  empty: (document.querySelector(".nothing:not([hidden])")?.textContent ?? "").startsWith("No study here yet."),
  state: document.querySelector(".badge:not([hidden])")?.textContent ?? null,
  count: Number.parseInt(document.querySelector(".count")?.textContent ?? "", 10),
  running: document.querySelector(".headline .dot.running") !== null,
})).catch(() => undefined);

const seen = { empty: false, running: false, state: null, trials: [] };
await page.page.evaluate(() => { window.sameDocument = true; });
const end = Date.now() + 150_000;
while (seen.state !== "finished" && Date.now() < end) {
  const now = await look();
  if (now !== undefined) {
    seen.empty ||= now.empty;
    seen.running ||= now.running;
    seen.state = now.state;
    const shown = seen.empty ? (Number.isInteger(now.count) ? now.count : 0) : -1;
    if (shown >= 0 && seen.trials.at(-1) !== shown) {
      seen.trials.push(shown);
      writeFileSync(`${file}.new`, String(shown));
      renameSync(`${file}.new`, file);
    }
  }
  await new Promise((done) => setTimeout(done, 100));
}
seen.rows = await inner().evaluate(() => document.querySelectorAll("#leaderboard tbody tr").length);
seen.reloaded = (await page.page.evaluate(() => window.sameDocument)) !== true;
// What TensorBoard's own page says of itself is left out: a favicon that it lacks, a library that it imports twice.
seen.errors = page.errors.filter((error) => !/404|Three\.js/.test(error));
seen.outside = page.outside;
console.log(JSON.stringify(seen));
await page.close();
