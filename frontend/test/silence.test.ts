import assert from "node:assert/strict";
import { test } from "node:test";
import { clockTime, silentSince } from "../src/compute/silence";

const running = (updated: number, elapsed = 600) => ({ state: "running", updated, elapsed });

test("two minutes without news are silence, in a long search a hundredth of its time", () => {
  assert.equal(silentSince(running(1000), 1120, null), null);
  assert.equal(silentSince(running(1000), 1121, null), 1000);
  assert.equal(silentSince(running(1000, 36_000), 1360, null), null);
  assert.equal(silentSince(running(1000, 36_000), 1361, null), 1000);
});

test("a search that has ended is not silent", () => assert.equal(silentSince({ ...running(1000), state: "finished" }, 9000, null), null));

test("news that the page has just got are news, whatever the clock of the search says", () => {
  assert.equal(silentSince(running(1000), 9000, 8950), null);
});

test("a time of another day has its date", () => {
  const noon = new Date(2026, 10, 26, 12, 5).getTime() / 1000;
  assert.equal(clockTime(noon, noon + 3600), "12:05");
  assert.equal(clockTime(noon, noon + 86_400), "2026-11-26 12:05");
});
