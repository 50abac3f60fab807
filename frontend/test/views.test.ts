import assert from "node:assert/strict";
import { test } from "node:test";
import { ablationPath, defaults, differences, predicted, recordedPath } from "../src/compute/compare";
import { meanCurve } from "../src/compute/curves";
import { timeline } from "../src/compute/timeline";
import { factsOf, filterTrials } from "../src/context";
import { Store } from "../src/store";
import { INITIAL } from "../src/view_state";
import { edges, findContour } from "../src/compute/contour";
import { STUDIES, study } from "./fake.mjs";
import { CHOICE, FLOAT, INT, trial } from "./tools";

test("the mean curve has mean and sample deviation of the executions that got so far", () => {
  const points = meanCurve([[[1, 0.5], [2, 0.7]], [[1, 0.7], [2, 0.9], [3, 1]]]);
  assert.deepEqual(points.map(({ epoch, executions }) => [epoch, executions]), [[1, 2], [2, 2], [3, 1]]);
  assert.ok(Math.abs(points[0]!.mean - 0.6) < 1e-12);
  assert.ok(Math.abs(points[0]!.deviation - Math.SQRT2 * 0.1) < 1e-12);
  assert.equal(points[2]!.deviation, 0);
});

test("between the points of a thinned curve, the mean curve is interpolated", () => {
  const points = meanCurve([[[1, 0], [3, 2]], [[1, 0], [2, 1], [3, 2]]]);
  assert.deepEqual(points.map(({ mean, executions }) => [mean, executions]), [[0, 2], [1, 2], [2, 2]]);
});

test("values that are not finite are left out of a curve", () => {
  assert.deepEqual(meanCurve([[[1, NaN], [2, 3]]]).map((point) => point.epoch), [2]);
});

test("the timeline has a bar for each attempt, in as many lanes as a worker needs; what runs lasts until now", () => {
  const trials = [
    trial(0, { status: "failed", spans: [[10, 12, "b"], [14, 15, "a"]] }),
    trial(1, { status: "running", ended: null, spans: [[11, null, "a"]] }),
  ];
  const found = timeline(trials, 20);
  assert.deepEqual(found.workers, ["b", "a", "a"]);
  assert.deepEqual(found.bars.map(({ lane, start, end }) => [lane, start, end]), [[0, 10, 12], [1, 11, 20], [2, 14, 15]]);
  assert.deepEqual([found.start, found.end], [10, 20]);
});

test("differences come first, in the order of the space", () => {
  const rows = differences(new Map<string, string | number>([["units", 32], ["lr", 0.1]]), new Map<string, string | number>([["units", 32], ["lr", 0.2], ["act", "relu"]]), [INT, FLOAT, CHOICE]);
  assert.deepEqual(rows.map(({ name, equal }) => [name, equal]), [["lr", false], ["act", false], ["units", true]]);
});

test("defaults are those that the best trial reads", () => {
  const space = [{ ...INT, default: 16 }, { ...FLOAT, default: 0.1 }, CHOICE];
  assert.deepEqual([...defaults(space, trial(0, { values: { units: 64 } }))], [["units", 16]]);
});

test("the ablation path takes the largest predicted gain first, and what is not predicted last", () => {
  const slice = (mean: number[]) => ({ x: [0, 1], mean, low: mean, high: mean });
  const analysis = { slices: { a: slice([0.5, 0.6]), b: slice([0.5, 0.9]), c: slice([0.5, 0.4]) } };
  const [from, to] = [new Map(Object.entries({ a: 0, b: 0, c: 0, d: 0 })), new Map(Object.entries({ a: 1, b: 1, c: 1, d: 1 }))];
  const names = (direction: "min" | "max") => ablationPath(differences(from, to, []), analysis, direction).map((step) => step.name);
  assert.deepEqual(names("max"), ["b", "a", "c", "d"]);
  assert.deepEqual(names("min"), ["c", "a", "b", "d"]);
});

test("the recorded path takes as many trials between two others as there are", () => {
  const at = (number: number, a: number, b: number, c: number, score = number) => trial(number, { score, values: { a, b, c } });
  const [start, end] = [at(0, 0, 0, 0), at(9, 1, 1, 1)];
  const trials = [start, at(1, 1, 0, 0), at(2, 1, 1, 0), at(3, 0, 0, 1), at(4, 0, 5, 1), end];
  assert.deepEqual(recordedPath(trials, start, end).map(({ trial: { number }, names }) => [number, names]), [[1, ["a"]], [2, ["b"]], [9, ["c"]]]);
  assert.deepEqual(recordedPath([start, end], start, end).map(({ names }) => names), [["a", "b", "c"]]);
});

test("a prediction is that of the category, or lies between two points", () => {
  const slice = { x: [1, 3], mean: [10, 20], low: [], high: [] };
  assert.deepEqual([predicted(slice, 1), predicted(slice, 2), predicted(slice, 9)], [10, 15, 20]);
  assert.equal(predicted({ x: ["a", "b"], mean: [1, 2], low: [], high: [] }, "b"), 2);
  assert.ok(Number.isNaN(predicted(slice, undefined)));
});

test("a contour computed the other way round is turned", () => {
  const contour = { x: "a", y: "b", xs: [1, 2], ys: [3, 4, 5], mean: [[1, 2], [3, 4], [5, 6]] };
  assert.deepEqual(findContour([contour], "b", "a"), { xs: [3, 4, 5], ys: [1, 2], mean: [[1, 3, 5], [2, 4, 6]] });
  assert.equal(findContour([contour], "a", "c"), null);
});

test("cells meet half way between their points", () => {
  const found = edges([0, 0.5, 1]);
  assert.deepEqual(found, [[-0.2, 0.25], [0.25, 0.75], [0.75, 1.2]]);
});

test("an answer of changes replaces those trials and no others", () => {
  const store = new Store();
  assert.equal(store.apply(study({ trials: 5 })), true);
  const before = store.trials;
  assert.equal(store.apply({ run: "study", token: "2", full: false, study: null, analysis: null, trials: [] }), false);
  assert.equal(store.trials, before);
  store.apply({ run: "study", token: "3", full: false, study: null, analysis: null, trials: [{ number: 5, status: "running", score: null }], removed: [0] });
  assert.deepEqual(store.trials.map((each) => each.number), [1, 2, 3, 4, 5]);
  assert.equal(store.trials[0], before[1]);
  assert.equal(store.study?.name, "digits");
  assert.equal(store.token, "3");
});

test("a full answer forgets what was before", () => {
  const store = new Store();
  store.apply(study({ trials: 30 }));
  store.apply({ run: "study", token: "9", full: true, study: null, analysis: null, trials: [] });
  assert.deepEqual([store.trials.length, store.study, store.analysis], [0, null, null]);
});

test("duplicates are no rows", () => {
  const store = new Store();
  store.apply({ ...study({ trials: 1 }), trials: [{ number: 0, status: "duplicate", score: null }] });
  assert.equal(store.trials.length, 0);
});

for (const name of Object.keys(STUDIES)) {
  test(`facts of the made-up study "${name}"`, () => {
    const store = new Store();
    store.apply(STUDIES[name]!());
    const facts = factsOf(store, store.study!);
    const scores = store.trials.flatMap((each) => (each.score === null ? [] : [each.score]));
    const best = store.study!.objective.direction === "max" ? Math.max(...scores) : Math.min(...scores);
    if (facts.best !== undefined && facts.best.curves.length <= 1) assert.equal(facts.best.score, best);
    assert.equal(facts.best === undefined, scores.length === 0);
    const { shown } = filterTrials(facts, INITIAL);
    assert.equal(shown.length, store.trials.length);
    for (const each of store.trials) {
      for (const axis of facts.axes.values()) {
        const at = axis.position(axis.of(each));
        assert.ok((at >= 0 && at <= 1) || axis.of(each) === undefined);
      }
    }
  });
}

test("statuses, words and brush all filter", () => {
  const store = new Store();
  store.apply(study({ trials: 200 }));
  const facts = factsOf(store, store.study!);
  const brush = [{ axis: "hp:units", ranges: [[16, 64] as [number, number]], categories: [], na: false }];
  const { base, shown } = filterTrials(facts, { ...INITIAL, filter: "activation=gelu", hidden: ["failed"], brush });
  assert.ok(shown.length > 0 && shown.length < base.length && base.length < 200);
  for (const each of shown) {
    assert.equal(each.values.get("activation"), "gelu");
    assert.notEqual(each.status, "failed");
    assert.ok((each.values.get("units") as number) <= 64);
  }
});

test("a brush on an axis that the study lacks filters nothing", () => {
  const store = new Store();
  store.apply(study({ trials: 10 }));
  const { shown } = filterTrials(factsOf(store, store.study!), { ...INITIAL, brush: [{ axis: "hp:gone", ranges: [], categories: [], na: false }] });
  assert.equal(shown.length, 10);
});

test("a hyperparameter may have any name", () => {
  const store = new Store();
  store.apply(STUDIES["hostile"]!());
  const facts = factsOf(store, store.study!);
  assert.equal(facts.axes.get("hp:__proto__")?.label, "__proto__");
  assert.ok(store.trials.some((each) => each.values.has("__proto__")));
});
