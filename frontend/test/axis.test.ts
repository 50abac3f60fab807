import assert from "node:assert/strict";
import { test } from "node:test";
import { fullSpace, hyperparameterAxis, NA, scoreAxis, varies } from "../src/compute/axis";
import { clauseTest, describe, toClause, toIntervals } from "../src/compute/filter";
import { CHOICE, FLOAT, INT, scored, trial } from "./tools";

const near = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-9, `${value} is not ${wanted}`);

test("a log axis has its powers of ten at equal distances", () => {
  const axis = hyperparameterAxis(FLOAT, [trial(0, { values: { lr: 0.01 } })]);
  [1e-4, 1e-3, 1e-2, 0.1, 1].forEach((value, index) => near(axis.position(value), index / 4));
  assert.deepEqual(axis.ticks.map((tick) => tick.label), ["1e-4", "0.001", "0.01", "0.1", "1"]);
  near(axis.valueAt(0.5), 0.01);
});

test("a reverse-log axis spreads the values near its high end", () => {
  const axis = hyperparameterAxis({ ...FLOAT, low: 0.001, high: 0.999, scale: "reverse_log" }, []);
  near(axis.position(0.001), 0);
  near(axis.position(0.999), 1);
  assert.ok(axis.position(0.9) < 0.4);
  near(axis.valueAt(axis.position(0.9)), 0.9);
});

test("a trial that did not read a hyperparameter lies at n/a", () => {
  const axis = hyperparameterAxis(INT, [trial(0, { values: { units: 32 } }), trial(1)]);
  assert.equal(axis.hasNa, true);
  assert.equal(axis.position(undefined), NA);
  assert.equal(axis.format(undefined), "n/a");
});

test("an axis without such a trial has no n/a", () => {
  assert.equal(hyperparameterAxis(INT, [trial(0, { values: { units: 32 } })]).hasNa, false);
});

test("categories keep their order, and those that only trials have come after them", () => {
  const axis = hyperparameterAxis(CHOICE, [trial(0, { values: { act: "gelu" } })]);
  assert.deepEqual(axis.categories, ["relu", "tanh", "gelu"]);
  assert.deepEqual(["relu", "tanh", "gelu"].map(axis.position), [0, 0.5, 1]);
});

test("values beyond the declared range widen the axis", () => {
  const axis = hyperparameterAxis(INT, [trial(0, { values: { units: 512 } })]);
  near(axis.position(512), 1);
  assert.ok(axis.position(256) < 1);
});

test("ticks of integers are integers", () => {
  const axis = hyperparameterAxis({ ...INT, low: 1, high: 3 }, []);
  assert.deepEqual(axis.ticks.map((tick) => tick.label), ["1", "2", "3"]);
});

test("the better score is the higher one, whatever the direction", () => {
  for (const direction of ["min", "max"] as const) {
    const axis = scoreAxis("score", direction, scored([0.1, 0.2, 0.3]));
    near(axis.position(direction === "max" ? 0.3 : 0.1), 1);
    near(axis.position(direction === "max" ? 0.1 : 0.3), 0);
  }
});

test("what is beyond the fence lies at the bad end, which says so", () => {
  const axis = scoreAxis("loss", "min", scored([0.2, 0.3, 0.35, 0.4, 1e5]));
  near(axis.position(1e5), 0);
  near(axis.position(0.4), 0);
  assert.equal(axis.ticks[0]?.label, "≥ 0.4");
});

test("a trial without a score lies at n/a of the score", () => {
  const axis = scoreAxis("loss", "min", scored([0.2, null]));
  assert.equal(axis.hasNa, true);
  assert.equal(axis.of(scored([null])[0]!), undefined);
});

test("what has one value alone needs no axis", () => {
  assert.equal(varies({ name: "a", kind: "fixed" }, [trial(0, { values: { a: 1 } })]), false);
  assert.equal(varies({ ...INT, low: 3, high: 3 }, []), false);
  assert.equal(varies(CHOICE, []), true);
});

test("names that only trials have are part of the space", () => {
  const space = fullSpace([INT], [trial(0, { values: { units: 32, depth: 2, rate: 0.5, kind: "a" } })]);
  assert.deepEqual(space.map(({ name, kind }) => [name, kind]), [["units", "int"], ["depth", "int"], ["rate", "float"], ["kind", "choice"]]);
});

test("a brushed interval is a range of values", () => {
  const axis = hyperparameterAxis(FLOAT, []);
  const clause = toClause(axis, [[0.25, 0.5]])!;
  assert.deepEqual(clause, { axis: "hp:lr", ranges: [[0.001, 0.01]], categories: [], na: false });
  const passes = clauseTest(axis, clause);
  const of = (lr: number) => passes(trial(0, { values: { lr } }));
  assert.deepEqual([of(0.0005), of(0.001), of(0.01), of(0.02), passes(trial(1))], [false, true, true, false, false]);
});

test("a brush over the end of an axis takes in what lies beyond it", () => {
  const axis = scoreAxis("loss", "min", scored([0.2, 0.3, 0.35, 0.4, 1e5]));
  const passes = clauseTest(axis, toClause(axis, [[-0.03, 0.1]])!);
  assert.deepEqual(scored([0.2, 0.4, 1e5]).map(passes), [false, true, true]);
});

test("a brush over n/a takes the trials without a value, and no others", () => {
  const axis = hyperparameterAxis(INT, [trial(0)]);
  const passes = clauseTest(axis, toClause(axis, [[-0.2, -0.1]])!);
  assert.deepEqual([passes(trial(0)), passes(trial(1, { values: { units: 16 } }))], [true, false]);
});

test("brushed categories are those within the interval", () => {
  const axis = hyperparameterAxis({ ...CHOICE, choices: ["a", "b", "c"] }, []);
  assert.deepEqual(toClause(axis, [[0.4, 1.02]])?.categories, ["b", "c"]);
});

test("intervals drawn from a clause mean the same clause", () => {
  for (const [axis, intervals] of [
    [hyperparameterAxis(FLOAT, [trial(0)]), [[-0.2, -0.1], [0.25, 0.5]]],
    [hyperparameterAxis({ ...CHOICE, choices: ["a", "b", "c", "d"] }, []), [[0.3, 0.7]]],
    [scoreAxis("loss", "min", scored([0.2, 0.3, 0.4])), [[0.5, 1.01]]],
  ] as [ReturnType<typeof scoreAxis>, [number, number][]][]) {
    const clause = toClause(axis, intervals)!;
    assert.deepEqual(toClause(axis, toIntervals(axis, clause)), clause);
  }
});

test("a clause reads well", () => {
  const axis = hyperparameterAxis(INT, []);
  assert.equal(describe(axis, { axis: "hp:units", ranges: [[16, 64]], categories: [], na: true }), "16 – 64, n/a");
  assert.equal(describe(axis, { axis: "hp:units", ranges: [[-Infinity, 64]], categories: [], na: false }), "≤ 64");
});
