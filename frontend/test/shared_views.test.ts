/** The numbers that Python and the page both show: a file has studies, and Python's numbers for them. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { edf, progress, scoreRange } from "../src/compute/progress";
import { ranked } from "../src/compute/trial";
import { trial } from "./tools";

interface Case {
  name: string;
  direction: "min" | "max";
  started: number;
  trials: { number: number; status: string; score: number | null; ended: number }[];
  best: unknown;
  best_by_time: unknown;
  edf: unknown;
  range: unknown;
  leaderboard: unknown;
}

const FILE = `${process.env["ROOT"]}tests/analysis/views.json`;
const cases = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Case[]) : null;

if (cases === null) test("Python's numbers", { skip: `${FILE} is missing` }, () => undefined);

for (const each of cases ?? []) {
  test(`Python's numbers: ${each.name}`, () => {
    const { direction, started: since } = each;
    const trials = each.trials.map(({ number, status, score, ended }) => trial(number, { status, score, ended }));
    const steps = progress(trials, direction);
    assert.deepEqual(steps.map((step) => [step.trial.number, step.score, step.best]), each.best);
    const byTime = progress(trials, direction, { byTime: true, since });
    assert.deepEqual(byTime.map((step) => [step.trial.number, step.seconds, step.best]), each.best_by_time);
    assert.deepEqual(edf(trials, direction), each.edf);
    assert.deepEqual(scoreRange(steps.flatMap((step) => step.score ?? []), direction), each.range);
    const order = ranked(trials, { objective: { name: "score", direction }, executions: 1 });
    assert.deepEqual(order.filter((other) => other.score !== null).map((other) => other.number), each.leaderboard);
  });
}
