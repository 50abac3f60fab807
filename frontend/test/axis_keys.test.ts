/** The mark that the keyboard moves along an axis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NA, hyperparameterAxis } from "../src/compute/axis";
import { moved, stops, valueInWords } from "../src/compute/axis_keys";
import { CHOICE, FLOAT, trial } from "./tools";

const rate = hyperparameterAxis(FLOAT, [trial(0, { values: { lr: 0.01 } }), trial(1)]);
const activation = hyperparameterAxis(CHOICE, [trial(0, { values: { act: "relu" } })]);

test("arrows move by a twentieth, and stop at the ends", () => {
  assert.equal(moved(rate, 0.5, "ArrowUp"), 0.55);
  assert.equal(moved(rate, 1, "ArrowUp"), 1);
});

test("below the lowest value of an axis that some did not read lies n/a", () => {
  assert.equal(moved(rate, 0, "ArrowDown"), NA);
  assert.equal(valueInWords(rate, NA), "n/a");
  assert.equal(moved(activation, 0, "ArrowDown"), 0);
});

test("Page Up and Down go to the next tick", () => {
  const at = moved(rate, 0.3, "PageUp")!;
  assert.equal(valueInWords(rate, at), "0.01");
  assert.equal(valueInWords(rate, moved(rate, at, "PageDown")!), "0.001");
});

test("Home and End go to the ends", () => {
  assert.equal(moved(rate, 0.5, "Home"), NA);
  assert.equal(moved(rate, 0.5, "End"), 1);
});

test("a mark on categories moves from one to the next, and is called by it", () => {
  assert.deepEqual(stops(activation).map((at) => valueInWords(activation, at)), ["relu", "tanh"]);
  assert.equal(valueInWords(activation, moved(activation, 0, "ArrowUp")!), "tanh");
});

test("other keys do not move it", () => assert.equal(moved(rate, 0.5, "a"), null));
