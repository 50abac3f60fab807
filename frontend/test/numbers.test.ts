import assert from "node:assert/strict";
import { test } from "node:test";
import { decimalsFor, epochTicks, formatCount, formatDuration, formatNumber, formatScore, formatValue, niceTicks, toNumber } from "../src/compute/numbers";

test("integers have all of their digits and no decimals", () => {
  assert.equal(formatValue(32, "int"), "32");
  assert.equal(formatValue(137), "137");
  assert.equal(formatValue(1234567, "int"), "1234567");
});

test("floats have four significant digits and no zeros at their end", () => {
  assert.deepEqual([0.1, 0.00012345, 1 / 3, 123456.789, 0].map((value) => formatNumber(value)), ["0.1", "1.234e-4", "0.3333", "123457", "0"]);
  assert.equal(formatNumber(1e-5), "1e-5");
  assert.equal(formatNumber(-2.5), "−2.5");
});

test("numbers that JSON cannot hold have names", () => {
  assert.deepEqual([toNumber("inf"), toNumber("-inf"), toNumber(2), toNumber("nan"), toNumber(null)], [Infinity, -Infinity, 2, NaN, NaN]);
});

test("booleans, None and inactive values have Python's words and n/a", () => {
  assert.deepEqual([true, false, null, undefined, "relu"].map((value) => formatValue(value)), ["True", "False", "None", "n/a", "relu"]);
});

test("scores have decimals that tell them apart", () => {
  assert.equal(decimalsFor(0.6, 0.98), 4);
  assert.equal(decimalsFor(0.935, 0.937), 5);
  assert.equal(decimalsFor(100, 2100), 0);
  assert.equal(formatScore(0.97123, 4), "0.9712");
  assert.equal(formatScore(1e9, 4), "1e9");
  assert.equal(formatScore(0.00001, 2), "1e-5");
  assert.equal(formatScore(null, 4), "–");
});

test("durations have two units at most", () => {
  assert.deepEqual([0.5, 45, 200, 3600, 7500, 97200].map(formatDuration), ["0.5 s", "45 s", "3 min 20 s", "1 h", "2 h 5 min", "1 d 3 h"]);
  assert.equal(formatDuration(null), "–");
});

test("counts have thin spaces between thousands", () => {
  assert.deepEqual([7, 1234, 1234567].map(formatCount), ["7", "1\u202f234", "1\u202f234\u202f567"]);
});

test("ticks are round and within their range", () => {
  assert.deepEqual(niceTicks(0.62, 0.98, 5), [0.7, 0.8, 0.9]);
  assert.deepEqual(niceTicks(0, 3, 7, true), [0, 1, 2, 3]);
  assert.deepEqual(niceTicks(5, 5, 5), [5]);
  assert.deepEqual(epochTicks(20, 8), [1, 5, 10, 15, 20]);
});
