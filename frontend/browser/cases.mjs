// What the page must do in a browser; each case states a fact. Run by tests/browser/test_page.py, or: node browser/cases.mjs [WORD]
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { CHROMIUM, openPage } from "./page.mjs";
import { serve } from "./server.mjs";
import { study, STUDIES } from "../test/fake.mjs";

const PREFIX = "#kerastune_lite&p.kerastune_lite.";

/** Opens the page on studies, and closes it; no console error and no request to elsewhere is allowed. */
async function withPage(names, use, options = {}) {
  const server = await serve(names, options.held === undefined ? {} : { held: options.held });
  const page = await openPage(server.root, options);
  try {
    await use(page, server);
    assert.deepEqual(page.outside, [], "requests to elsewhere");
    if (options.troubled !== true) assert.deepEqual(page.errors, [], "errors on the console");
  } finally {
    await page.close();
    server.close();
  }
}

/** Scrolls through the whole page, so that every view draws. */
async function seeAll(page) {
  const cards = page.frame.locator("section.card:not([hidden])");
  for (let index = 0; index < (await cards.count()); index++) {
    await cards.nth(index).scrollIntoViewIfNeeded();
    await cards.nth(index).locator("canvas, table, .empty, .diagnostics").first().waitFor({ state: "attached" });
  }
}

const count = (page) => page.frame.locator(".toolbar .count").textContent().then((text) => text.replace(/\u202f/g, ""));
const rows = (page) => page.frame.locator("#leaderboard tbody tr").count();
const firstTrial = (page) => page.frame.locator("#leaderboard tbody tr button.trial").first().textContent();
const hash = (page) => page.page.evaluate(() => decodeURIComponent(location.hash));

async function until(condition, what) {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`not within five seconds: ${what}`);
}

/** Drags on the axis of parallel coordinates with this index, between two shares of its height. */
async function brush(page, index, from, to) {
  const chart = page.frame.locator(".parallel-chart");
  await chart.scrollIntoViewIfNeeded();
  await chart.locator("canvas").first().waitFor();
  const box = await chart.boundingBox();
  const axes = await page.inner().evaluate(() => document.querySelectorAll("#parallel .menu-items input:checked").length + 1);
  const x = box.x + 48 + ((box.width - 48 - 72) * index) / (axes - 1);
  const y = (share) => box.y + 44 + (box.height - 44 - 18) * share;
  await page.page.mouse.move(x, y(from));
  await page.page.mouse.down();
  await page.page.mouse.move(x, y((from + to) / 2), { steps: 4 });
  await page.page.mouse.move(x, y(to), { steps: 4 });
  await page.page.mouse.up();
}

export const CASES = {};
const fact = (name, run) => (CASES[name] = run);

for (const name of Object.keys(STUDIES)) {
  for (const dark of [false, true]) {
    fact(`the study "${name}" renders ${dark ? "dark" : "light"} without an error`, () =>
      withPage([name], async (page) => {
        await page.ready();
        await seeAll(page);
        assert.equal(await page.inner().evaluate(() => document.documentElement.dataset.theme), dark ? "dark" : "light");
        const wide = await page.inner().evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, "the page scrolls sideways");
      }, { dark }));
  }
}

fact("an empty log directory says so, and shows the study that begins later", () =>
  withPage([], async (page, server) => {
    await page.frame.getByText("No study here yet.").waitFor();
    server.state.studies.set("later", { whole: study({ trials: 3, failures: 0 }), version: 1, changes: [] });
    await page.ready();
    await until(async () => (await rows(page)) === 3, "three rows");
  }));

fact("a study without a score says what is missing", () =>
  withPage(["failed"], async (page) => {
    await page.ready();
    await page.frame.getByText("No trial has a score yet.").first().waitFor();
    await seeAll(page);
    assert.match(await page.frame.locator("#health").textContent(), /12 of 12 trials failed with: ResourceExhaustedError/);
  }));

fact("typing filters the leaderboard, and stands in the URL", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await page.frame.locator("#filter").fill("units>=200 activation=gelu");
    await until(async () => /^\d+ of 500 trials$/.test(await count(page)), "a count");
    const cells = await page.frame.locator('#leaderboard tbody td:nth-child(8)').allTextContents();
    assert.deepEqual([...new Set(cells)], ["gelu"]);
    await until(async () => (await hash(page)).includes("p.kerastune_lite.filter=units>=200 activation=gelu"), "the URL");
    await page.frame.locator("#filter").fill("nonsense>3");
    await page.frame.getByText("Nothing is called “nonsense”.").waitFor();
  }));

fact("a brush on an axis filters every view; a click on the chip takes it back", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await brush(page, 1, 0.02, 0.3);
    await until(async () => /^\d+ of 500 trials$/.test(await count(page)), "fewer trials");
    const units = (await page.frame.locator("#leaderboard tbody td:nth-child(7)").allTextContents()).map(Number);
    assert.ok(units.length > 0 && units.every((value) => value > 128), `units ${units}`);
    await until(async () => (await hash(page)).includes('"axis":"hp:units"'), "the URL");
    const label = await page.frame.locator(".slice-chart").getAttribute("aria-label").catch(() => null);
    await page.frame.locator("#slice").scrollIntoViewIfNeeded();
    await until(async () => /of \d+ trials/.test((await page.frame.locator(".slice-chart").getAttribute("aria-label")) ?? ""), "a slice");
    assert.ok(!(label ?? "").includes("of 500"));
    await page.frame.locator(".brushes .chip").click();
    await until(async () => (await count(page)) === "500 trials", "all trials");
    await until(async () => !(await hash(page)).includes("hp:units"), "the URL");
  }));

fact("two brushes must both hold, and a brush survives an update", () =>
  withPage(["five_hundred"], async (page, server) => {
    await page.ready();
    await brush(page, 1, 0.02, 0.3);
    await until(async () => (await count(page)) !== "500 trials", "fewer trials");
    const first = await count(page);
    await brush(page, 3, 0.3, 0.75);
    await until(async () => (await count(page)) !== first, "fewer still");
    const both = await count(page);
    const trial = { ...server.state.studies.get("five_hundred").whole.trials[0], number: 500, status: "failed", score: null, values: {} };
    server.change("five_hundred", [trial]);
    await until(async () => (await count(page)) === both.replace("500", "501"), "the new trial");
    assert.equal(await page.frame.locator(".brushes .chip").count(), 2);
  }));

fact("the state of the view is read from the URL", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    assert.equal(await page.frame.locator("#filter").inputValue(), "status!=failed");
    assert.equal(await rows(page), 25);
    assert.equal(await page.frame.locator('#leaderboard th[aria-sort="descending"] button').textContent().then((text) => text.replace("▼", "")), "units");
    assert.match(await page.frame.locator(".brushes .chip").textContent(), /learning_rate\s0\.001 – 0\.01/);
    await page.frame.locator("#compare").scrollIntoViewIfNeeded();
    await page.frame.getByText("Trial 5", { exact: false }).first().waitFor();
    await until(async () => (await page.frame.locator("#compare thead").textContent()).includes("Trial 7"), "trial 7");
  }, {
    hash: `${PREFIX}filter=${encodeURIComponent("status!=failed")}&p.kerastune_lite.rows=25&p.kerastune_lite.sort=-hp:units&p.kerastune_lite.trials=${encodeURIComponent("[5,7]")}&p.kerastune_lite.brush=${encodeURIComponent('[{"axis":"hp:learning_rate","ranges":[[0.001,0.01]],"categories":[],"na":false}]')}`,
  }));

fact("a hash that is changed by hand is followed", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await page.page.evaluate((to) => { location.hash = to; }, `${PREFIX}filter=units%3D256`);
    await until(async () => (await page.frame.locator("#filter").inputValue()) === "units=256", "the filter");
    assert.match(await count(page), /of 500/);
  }));

fact("the page turns dark and light with TensorBoard, without reload", () =>
  withPage(["three"], async (page) => {
    await page.ready();
    await seeAll(page);
    const colour = () => page.inner().evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await colour();
    await page.setDark(true);
    await until(async () => (await colour()) !== light, "dark");
    await page.setDark(false);
    await until(async () => (await colour()) === light, "light");
  }));

fact("hostile names are text: nothing runs, nothing becomes an element", () =>
  withPage(["hostile"], async (page) => {
    await page.ready();
    await seeAll(page);
    const found = await page.inner().evaluate(() => document.querySelectorAll("main img, main script, main u, main i i, main td b i").length);
    assert.equal(found, 0);
    assert.match(await page.frame.locator("h1").textContent(), /<script>/);
    const box = await page.frame.locator(".history-chart").first().boundingBox();
    for (let x = 60; x < box.width; x += 25) await page.page.mouse.move(box.x + x, box.y + 60);
    await page.frame.locator("#leaderboard button.trial").first().click();
    await seeAll(page);
  }));

fact("a tooltip tells the values of a trial", () =>
  withPage(["one"], async (page) => {
    await page.ready();
    const box = await page.frame.locator(".history-chart").first().boundingBox();
    await until(async () => {
      for (let y = 30; y < box.height - 50; y += 4) {
        await page.page.mouse.move(box.x + 56 + (box.width - 80) * 0.02, box.y + y);
        if ((await page.frame.locator(".tip").count()) > 0) return true;
      }
      return false;
    }, "a tooltip");
    assert.match(await page.frame.locator(".tip").first().textContent(), /Trial 0 .*learning_rate/);
  }));

fact("2,000 trials: a page of the table, and a filter that answers at once", () =>
  withPage(["two_thousand"], async (page) => {
    await page.ready();
    assert.equal(await rows(page), 10);
    await seeAll(page);
    await page.frame.locator("#filter").fill("status=failed");
    await until(async () => /^\d+ of 2000 trials$/.test(await count(page)), "the filter");
    const elements = await page.inner().evaluate(() => document.querySelectorAll("*").length);
    assert.ok(elements < 2500, `${elements} elements`);
  }));

fact("only what changed is asked for, once a second", () =>
  withPage(["running"], async (page, server) => {
    await page.ready();
    await until(() => server.state.requests.filter((url) => url.includes("since=1")).length >= 2, "two polls");
    assert.equal(server.state.requests.filter((url) => /\/study(\?|$)/.test(url) && !url.includes("since")).length, 1);
  }));

fact("an update shows without reload, and keeps scroll, focus and the rows that did not change", () =>
  withPage(["running"], async (page, server) => {
    await page.ready();
    await seeAll(page);
    await page.frame.locator("#leaderboard").scrollIntoViewIfNeeded();
    const inner = page.inner();
    await inner.evaluate(() => {
      const button = document.querySelectorAll("#leaderboard tbody button.trial")[3];
      button.focus();
      window.keptRow = button.closest("tr");
      window.keptTrial = button.textContent;
      window.scrollTo(0, 700);
    });
    const place = () => inner.evaluate(() => Math.round(document.querySelector("#parallel").getBoundingClientRect().top));
    const before = await place();
    const best = { ...server.state.studies.get("running").whole.trials.find((trial) => trial.status === "completed"), number: 77, score: 0.99 };
    server.change("running", [best], { budget_used: 31 });
    await until(async () => (await firstTrial(page)) === "77", "the new best trial");
    assert.match(await page.frame.locator(".headline").textContent(), /0\.9900/);
    assert.equal(await place(), before);
    assert.equal(await inner.evaluate(() => document.activeElement.textContent === window.keptTrial), true);
    assert.equal(await inner.evaluate(() => document.activeElement.closest("tr") === window.keptRow), false, "a row with another rank is drawn again");
  }));

fact("a live search is followed from its first trial to its end", () =>
  withPage(["empty"], async (page, server) => {
    await page.ready();
    await page.frame.getByText("No trial has started yet.").waitFor();
    const { trials } = study({ trials: 6, failures: 0 });
    for (const trial of trials) {
      server.change("empty", [{ ...trial, status: "running", ended: null, epochs: 1, score: null, curves: [] }]);
      await until(async () => (await count(page)).startsWith(`${trial.number + 1} trial`), `trial ${trial.number}`);
      server.change("empty", [trial]);
    }
    server.change("empty", [], { state: "finished", end_reason: "max_trials reached" });
    await until(async () => (await page.frame.locator(".badge").textContent()) === "finished", "the end");
    assert.equal(await rows(page), 6);
  }));

fact("the page says when TensorBoard does not answer, and recovers", () =>
  withPage(["three"], async (page, server) => {
    await page.ready();
    server.state.broken = true;
    await page.frame.getByText("No answer from TensorBoard", { exact: false }).waitFor();
    assert.equal(await rows(page), 3);
    server.state.broken = false;
    await until(async () => (await page.frame.locator(".trouble").textContent()) === "", "recovery");
  }, { troubled: true }));

fact("nothing is asked while the tab is hidden", () =>
  withPage(["three"], async (page, server) => {
    await page.ready();
    await page.page.evaluate(() => { document.querySelector("iframe").style.visibility = "hidden"; });
    await page.page.waitForTimeout(1200);
    const before = server.state.requests.length;
    await page.page.waitForTimeout(2200);
    assert.equal(server.state.requests.length, before);
    await page.page.evaluate(() => { document.querySelector("iframe").style.visibility = ""; });
    await until(() => server.state.requests.length > before, "a poll");
  }));

fact("the keyboard reaches filter, sorting, trials and pages", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await page.frame.locator("#filter").focus();
    const seen = new Set();
    for (let steps = 0; steps < 70; steps++) {
      await page.page.keyboard.press("Tab");
      seen.add(await page.inner().evaluate(() => document.activeElement.dataset.key ?? ""));
      if ((await page.inner().evaluate(() => document.activeElement.dataset.key)) === "sort-hp:units") {
        await page.page.keyboard.press("Enter");
        assert.equal(await page.inner().evaluate(() => document.activeElement.dataset.key), "sort-hp:units");
        const outline = await page.inner().evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.equal(outline, "solid");
      }
    }
    for (const key of ["status-failed", "sort-hp:units", "page-next"]) assert.ok(seen.has(key), `${key} is out of reach: ${[...seen]}`);
    assert.equal(await page.frame.locator('#leaderboard th[aria-sort="ascending"]').textContent().then((text) => text.replace("▲", "")), "units");
  }));

fact("every control and every chart has a name", () =>
  withPage(["running", "minimum"], async (page) => {
    await page.ready();
    await seeAll(page);
    await until(() => page.inner().evaluate(() => document.querySelectorAll("table:not(:has(caption))").length === 0), "tables");
    const nameless = await page.inner().evaluate(() => [...document.querySelectorAll("button, input, select, [role=img], section, table")]
      .filter((element) => element.closest("[hidden]") === null)
      .filter((element) => !(element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.closest("label")?.textContent || element.querySelector("caption") || element.textContent.trim()))
      .map((element) => element.outerHTML.slice(0, 120)));
    assert.deepEqual(nameless, []);
  }));

fact("text has the contrast that WCAG AA asks for, light and dark", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    for (const dark of [false, true]) {
      await page.setDark(dark);
      await until(async () => (await page.inner().evaluate(() => document.documentElement.dataset.theme)) === (dark ? "dark" : "light"), "the theme");
      const faint = await page.inner().evaluate(() => {
        const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        const light = (colour) => { const [r, g, b] = colour.match(/[\d.]+/g).map((part) => channel(part / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const behind = (element) => { for (let at = element; at !== null; at = at.parentElement) { const colour = getComputedStyle(at).backgroundColor; if (!/rgba\(.*, 0\)|transparent/.test(colour)) return colour; } return "rgb(255,255,255)"; };
        const bad = [];
        for (const element of document.querySelectorAll("main *")) {
          if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "") || element.closest("[hidden], :disabled, [aria-pressed=false].chip, [aria-hidden=true], .offscreen") !== null) continue;
          const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
          const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (contrast < 4.5) bad.push(`${contrast.toFixed(2)} ${element.className} ${element.textContent.slice(0, 30)}`);
        }
        return bad;
      });
      assert.deepEqual(faint, []);
    }
  }));

fact("trials that are picked in the table are compared", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await page.frame.locator("#leaderboard button.trial").nth(0).click();
    await page.frame.locator("#leaderboard button.trial").nth(2).click();
    const numbers = await page.frame.locator('#leaderboard button.trial[aria-pressed="true"]').allTextContents();
    assert.equal(numbers.length, 2);
    await page.frame.locator("#compare").scrollIntoViewIfNeeded();
    await until(async () => /A Trial \d+B Trial \d+/.test(await page.frame.locator("#compare thead").textContent()), "both");
    await until(async () => /p\.kerastune_lite\.trials=\[\d+,\d+\]/.test(await hash(page)), "the URL");
  }));

fact("the leaderboard is exported as CSV, as it is filtered and sorted", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    await page.frame.locator("#filter").fill("status=completed");
    await until(async () => /^\d+ of/.test(await count(page)), "the filter");
    const [file] = await Promise.all([page.page.waitForEvent("download"), page.frame.getByText("Export CSV").click()]);
    const lines = readFileSync(await file.path(), "utf8").trim().split("\r\n");
    assert.equal(lines.length - 1, Number((await count(page)).split(" ")[0]));
    assert.equal(lines[1].split(",")[0], await firstTrial(page));
    assert.equal(file.suggestedFilename(), "digits.csv");
  }));

fact("the best trial is copied as Python", () =>
  withPage(["three"], async (page) => {
    await page.browser.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.ready();
    await page.frame.locator('[data-key="copy-best"]').click();
    await page.frame.getByText("Copied").waitFor();
    assert.match(await page.inner().evaluate(() => navigator.clipboard.readText()), /^\{\s*"learning_rate": [\d.e-]+,\s*"units": \d+,/);
  }));

fact("with several studies there is a picker, and they are compared", () =>
  withPage(["three", "running", "minimum"], async (page) => {
    await page.ready();
    const picker = page.frame.locator(".heading select");
    await picker.selectOption("minimum");
    await until(async () => (await count(page)) === "60 trials", "the other study");
    await until(async () => (await hash(page)).includes("p.kerastune_lite.study=minimum"), "the URL");
    await picker.selectOption("running");
    await until(async () => (await count(page)) === "30 trials", "the first study");
    await page.frame.locator("#studies").scrollIntoViewIfNeeded();
    await page.frame.locator("#studies input").nth(2).check();
    await page.frame.locator("#studies input").nth(0).check();
    await until(async () => (await page.frame.locator("#studies").textContent()).includes("other objective: val_loss"), "the other objective");
    await until(async () => (await page.frame.locator(".studies-chart").getAttribute("aria-label")) === "Best so far of 2 studies", "two lines");
  }));

fact("the study that the URL names is shown, though another one is newer", () =>
  withPage(["three", "running"], async (page, server) => {
    await page.ready();
    assert.equal(await count(page), "3 trials");
    assert.equal(server.state.requests.filter((url) => /\/study(\?|$)/.test(url) && !url.includes("since")).length, 1);
  }, { hash: `${PREFIX}study=three` }));

fact("a study that the URL names in vain gives way to the newest one", () =>
  withPage(["three", "running"], async (page) => {
    await page.ready();
    assert.equal(await count(page), "30 trials");
  }, { hash: `${PREFIX}study=gone`, troubled: true }));

fact("axes are chosen in a menu, which Escape closes", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    await page.frame.locator("#parallel").scrollIntoViewIfNeeded();
    await page.frame.locator("#parallel summary").click();
    await page.frame.locator("#parallel .menu-items input").nth(3).uncheck();
    await until(async () => (await page.frame.locator(".parallel-chart").getAttribute("aria-label")).includes("over 5 hyperparameters"), "five axes");
    await until(async () => (await hash(page)).includes('p.kerastune_lite.axes=["hp:learning_rate"'), "the URL");
    await page.page.keyboard.press("Escape");
    assert.equal(await page.frame.locator("#parallel details").getAttribute("open"), null);
  }));

fact("a view draws before it is scrolled to, and no view far below does", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    const below = () => page.inner().evaluate(() => document.querySelector("#contour").getBoundingClientRect().top - innerHeight);
    await until(async () => (await below()) > 600, "the views above");
    assert.equal(await page.frame.locator("#contour canvas").count(), 0);
    await page.inner().evaluate((by) => window.scrollBy(0, by), (await below()) - 200);
    await page.frame.locator("#contour canvas").first().waitFor({ state: "attached" });
    assert.ok((await below()) > 0, "it is not to be seen yet");
  }));

fact("the legend of the history explains the marks that there are", () =>
  withPage(["three", "five_hundred"], async (page) => {
    await page.ready();
    const legend = page.frame.locator("#history .legend li:visible");
    await until(async () => (await legend.allTextContents()).join() === "completed,stopped early", "two kinds");
    await page.frame.locator(".heading select").selectOption("five_hundred");
    await until(async () => (await legend.allTextContents()).join() === "completed,stopped early,×failed or infeasible,|off the scale", "four kinds");
  }, { hash: `${PREFIX}study=three` }));

fact("a search whose process was killed is said to be without news; one that goes on is not", () =>
  withPage(["killed"], async (page, server) => {
    await page.ready();
    await page.frame.locator(".headline").getByText(/^No news since \d{4}-\d\d-\d\d \d\d:\d\d$/).waitFor();
    server.change("killed", [], { updated: Date.now() / 1000 });
    await until(async () => !/No news/.test(await page.frame.locator(".headline").textContent()), "the news");
  }));

let releaseCharts;
const held = () => new Promise((release) => { releaseCharts = release; });

fact("figures and table do not wait for the charts, which follow", () =>
  withPage(["three"], async (page) => {
    await page.ready();
    await until(async () => (await rows(page)) === 3, "the table");
    assert.equal(await page.frame.locator("canvas").count(), 0);
    releaseCharts(200);
    await page.frame.locator("#history canvas").nth(1).waitFor({ state: "attached" });
  }, { held: held() }));

fact("a page whose charts cannot be loaded says so, and shows the rest", () =>
  withPage(["three"], async (page) => {
    await page.ready();
    releaseCharts(500);
    await page.frame.locator("#history").getByText("The charts could not be loaded. Reload the page.").waitFor();
    assert.equal(await rows(page), 3);
  }, { held: held(), troubled: true }));

fact("among 500 trials a click on a mark picks its trial", () =>
  withPage(["five_hundred"], async (page) => {
    await page.ready();
    const chart = page.frame.locator(".history-chart").first();
    await chart.locator("canvas").waitFor({ state: "attached" });
    const box = await chart.boundingBox();
    const best = Number(await firstTrial(page));
    // The best score is the upper end of the line; a point of it is that trial.
    const x = box.x + 56 + ((box.width - 80) * (best / 499 + 0.02)) / 1.04;
    await until(async () => {
      for (let y = 30; y < 60; y++) {
        await page.page.mouse.click(x, box.y + y);
        if ((await hash(page)).includes(`trials=[${best}]`)) return true;
      }
      return false;
    }, `trial ${best}`);
  }));

/** Whether the upper end of an axis of parallel coordinates is covered by a brush: a column of pixels beside it. */
const isCovered = (page, index, axes) => page.inner().evaluate(([at, count]) => {
  const canvas = document.querySelector(".parallel-chart canvas");
  const x = Math.round(48 + ((canvas.clientWidth - 120) * at) / (count - 1)) - 6;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(x * devicePixelRatio, 60 * devicePixelRatio, 1, 8);
  return Array.from({ length: 8 }, (_, pixel) => data[4 * pixel + 3]).every((alpha) => alpha > 0);
}, [index, axes]);

fact("a brush of the URL is drawn on its axis", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    await page.frame.locator("#parallel").scrollIntoViewIfNeeded();
    await page.frame.locator("#parallel canvas").first().waitFor({ state: "attached" });
    await until(() => isCovered(page, 1, 7), "the brush");
    assert.equal(await isCovered(page, 2, 7), false);
  }, { hash: `${PREFIX}brush=${encodeURIComponent('[{"axis":"hp:units","ranges":[[128,"inf"]],"categories":[],"na":false}]')}` }));

fact("a range on an axis is made, taken back and cleared by keyboard", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    await page.frame.locator("#parallel").scrollIntoViewIfNeeded();
    await page.frame.locator("#parallel canvas").first().waitFor({ state: "attached" });
    const axis = (name) => page.frame.getByRole("slider", { name, exact: true });
    const press = async (...keys) => { for (const key of keys) await page.page.keyboard.press(key); };
    await axis("learning_rate").focus();
    await press("ArrowRight");
    assert.equal(await page.inner().evaluate(() => document.activeElement.getAttribute("aria-label")), "units");
    await press("End", "Enter", "PageDown", "PageDown", "Enter");
    await until(async () => (await page.frame.locator(".brushes .chip").allTextContents()).join() === "units ≥ 200×", "the range");
    assert.match(await axis("units").getAttribute("aria-valuetext"), /^200, filtered: ≥ 200$/);
    const units = (await page.frame.locator("#leaderboard tbody td:nth-child(7)").allTextContents()).map(Number);
    assert.ok(units.length > 0 && units.every((value) => value >= 200), `units ${units}`);
    await until(() => isCovered(page, 1, 7), "the range on the axis");
    await press("Home", "Enter", "PageUp");
    await until(async () => /≤ /.test(await page.frame.locator(".brushes .chip").textContent()), "another range");
    await press("Escape");
    await until(async () => (await page.frame.locator(".brushes .chip").allTextContents()).join() === "units ≥ 200×", "the range before");
    await press("Delete");
    await until(async () => (await count(page)) === "30 trials", "all trials");
    await press("ArrowRight", "Home", "Enter", "Enter");
    await until(async () => /^activation/.test(await page.frame.locator(".brushes .chip").textContent()), "a category");
    await page.page.keyboard.press("Tab");
    assert.equal(await page.inner().evaluate(() => document.activeElement.getAttribute("role")), null, "one stop of the tabulator for all axes");
  }));

fact("one study has no picker and no comparison of studies", () =>
  withPage(["three"], async (page) => {
    await page.ready();
    await page.frame.locator("#compare").scrollIntoViewIfNeeded();
    assert.equal(await page.frame.locator(".heading select").isVisible(), false);
    assert.equal(await page.frame.locator("#studies").isVisible(), false);
  }));

fact("the page reads well on a narrow screen: nothing is wider than it", () =>
  withPage(["running"], async (page) => {
    await page.ready();
    await seeAll(page);
    const wide = await page.inner().evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `wider by ${wide} pixels`);
  }, { width: 640 }));

/** Pictures for the documentation, if a folder is named: the upper and the lower half of the page. */
if (process.env.PICTURES) {
  for (const [name, dark] of [["three", false], ["five_hundred", false], ["five_hundred", true], ["two_thousand", false]]) {
    fact(`a picture of "${name}", ${dark ? "dark" : "light"}`, () =>
      withPage([name], async (page) => {
        mkdirSync(process.env.PICTURES, { recursive: true });
        await page.ready();
        await page.pictures(`${process.env.PICTURES}/tuning_${name}_${dark ? "dark" : "light"}`);
      }, { dark }));
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (CHROMIUM === undefined) throw new Error("no Chromium: install it (apt-get install chromium) or set CHROMIUM");
  const wanted = process.argv.slice(2);
  if (wanted[0] === "--list") {
    console.log(JSON.stringify(Object.keys(CASES)));
  } else {
    let failed = 0;
    for (const [name, run] of Object.entries(CASES)) {
      if (!wanted.every((word) => name.includes(word))) continue;
      const result = await run().then(() => ({ name, ok: true }), (error) => ({ name, ok: false, error: String(error?.stack ?? error) }));
      failed += result.ok ? 0 : 1;
      console.log(JSON.stringify(result));
    }
    process.exitCode = failed > 0 ? 1 : 0;
  }
}
