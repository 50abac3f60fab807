import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "../src/compute/filter";
import { trial } from "./tools";

const NAMES = new Set(["lr", "units", "act", "my name", "score"]);
const TRIALS = [
  trial(0, { score: 0.9, values: { lr: 0.1, units: 32, act: "relu" } }),
  trial(1, { score: 0.8, values: { lr: 0.001, units: 64, "my name": 3 } }),
  trial(2, { status: "failed", error: "Out of memory", values: { lr: 0.01 } }),
];

function passing(query: string): number[] {
  const { test: passes, problem } = parseQuery(query, NAMES);
  assert.equal(problem, null);
  return TRIALS.filter(passes).map((each) => each.number);
}

test("an empty filter passes all", () => assert.deepEqual(passing("  "), [0, 1, 2]));
test("comparisons of numbers", () => {
  assert.deepEqual(passing("lr<0.01"), [1]);
  assert.deepEqual(passing("lr <= 1e-2"), [1, 2]);
  assert.deepEqual(passing("units>=32 units!=64"), [0]);
});
test("an absent value passes no comparison but n/a", () => {
  assert.deepEqual(passing("units>0"), [0, 1]);
  assert.deepEqual(passing("units=n/a"), [2]);
  assert.deepEqual(passing("units!=n/a"), [0, 1]);
});
test("texts are compared whatever their case", () => {
  assert.deepEqual(passing("act=RELU"), [0]);
  assert.deepEqual(passing("act~rel"), [0]);
  assert.deepEqual(passing("status=failed"), [2]);
});
test("words are looked for everywhere", () => {
  assert.deepEqual(passing("memory"), [2]);
  assert.deepEqual(passing('"out of"'), [2]);
  assert.deepEqual(passing("completed"), [0, 1]);
});
test("names with spaces are quoted", () => assert.deepEqual(passing('"my name"=3'), [1]));
test("a hyperparameter hides the field of its name", () => assert.deepEqual(passing("score>0"), []));
test("an unknown name is a problem, not an empty page", () => {
  const { test: passes, problem } = parseQuery("unit>3 lr<0.01", NAMES);
  assert.equal(problem, "Nothing is called “unit”.");
  assert.deepEqual(TRIALS.filter(passes).map((each) => each.number), [1]);
});
