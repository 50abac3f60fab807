import assert from "node:assert/strict";
import { test } from "node:test";
import { edf, progress, scoreRange } from "../src/compute/progress";
import { ranked } from "../src/compute/trial";
import { scored, trial } from "./tools";

const objective = (direction: "min" | "max") => ({ objective: { name: "score", direction }, executions: 1 });

test("the best so far only improves, in the direction of the objective", () => {
  const trials = scored([0.5, 0.7, 0.6, 0.8]);
  assert.deepEqual(progress(trials, "max").map((step) => step.best), [0.5, 0.7, 0.7, 0.8]);
  assert.deepEqual(progress(trials, "min").map((step) => step.best), [0.5, 0.5, 0.5, 0.5]);
});

test("a failed trial has no score and leaves the best as it is", () => {
  const steps = progress(scored([0.5, null, 0.7]), "max");
  assert.deepEqual(steps.map((step) => step.score), [0.5, null, 0.7]);
  assert.deepEqual(steps.map((step) => step.best), [0.5, 0.5, 0.7]);
  assert.deepEqual(steps.map((step) => step.improved), [true, false, true]);
});

test("over time, trials stand in the order in which they ended", () => {
  const trials = [trial(0, { score: 1, started: 0, ended: 9 }), trial(1, { score: 2, started: 0, ended: 4 })];
  const steps = progress(trials, "max", { byTime: true, since: 0 });
  assert.deepEqual(steps.map((step) => [step.trial.number, step.seconds, step.best]), [[1, 4, 2], [0, 9, 2]]);
});

test("running trials are no step; those that wait with a score are", () => {
  const trials = [trial(0, { status: "running", score: 3 }), trial(1, { status: "waiting", score: 2 }), trial(2, { status: "waiting" })];
  assert.deepEqual(progress(trials, "max").map((step) => step.trial.number), [1]);
});

test("the distribution counts failures as worse than any score", () => {
  assert.deepEqual(edf(scored([0.3, null, 0.1, 0.2]), "min"), [[0.1, 0.25], [0.2, 0.5], [0.3, 0.75]]);
});

test("one diverged trial does not flatten the rest", () => {
  assert.deepEqual(scoreRange([0.3, 0.2, 0.4, 0.35, 1e5], "min"), [0.2, 0.4]);
  assert.deepEqual(scoreRange([0.9, 0.8, -1e5, 0.95, 0.85], "max"), [0.8, 0.95]);
});

test("the good side is never clipped", () => {
  assert.deepEqual(scoreRange([5, 5.1, 5.2, 5.3, -100], "min")?.[0], -100);
  assert.deepEqual(scoreRange([5, 5.1, 5.2, 5.3, 900], "max")?.[1], 900);
});

test("a range of equal scores is a point, and of none is none", () => {
  assert.deepEqual(scoreRange([0.5, 0.5, 0.5], "max"), [0.5, 0.5]);
  assert.equal(scoreRange([], "max"), null);
  assert.equal(scoreRange([NaN, Infinity], "min"), null);
});

test("the leaderboard has the best first, in the direction of the objective; without a score last", () => {
  const trials = scored([0.5, null, 0.7, 0.7]);
  assert.deepEqual(ranked(trials, objective("max")).map((each) => each.number), [2, 3, 0, 1]);
  assert.deepEqual(ranked(trials, objective("min")).map((each) => each.number), [0, 2, 3, 1]);
});

test("trials that run, or lack executions, rank behind those that are complete", () => {
  const curve: [number, number][] = [[1, 0.9]];
  const trials = [
    trial(0, { score: 0.9, status: "running", curves: [curve, curve] }),
    trial(1, { score: 0.8, curves: [curve] }),
    trial(2, { score: 0.5, curves: [curve, curve] }),
    trial(3, { score: 0.4, curves: [curve, curve], confirmed: true }),
  ];
  assert.deepEqual(ranked(trials, { ...objective("max"), executions: 2 }).map((each) => each.number), [3, 2, 0, 1]);
});
