import assert from "node:assert/strict";
import { test } from "node:test";
import { csvField, pythonDict, pythonLiteral, sorted, toCsv } from "../src/compute/leaderboard";
import { byStatus, budget, savedShare } from "../src/compute/headline";
import { failureCauses, graphsReused } from "../src/compute/health";
import { ranked } from "../src/compute/trial";
import { FLOAT, INT, scored, trial } from "./tools";

const RANKED = (trials: ReturnType<typeof scored>) => ranked(trials, { objective: { name: "s", direction: "max" }, executions: 1 });

test("sorting by a hyperparameter puts those without it last, both ways", () => {
  const trials = [trial(0, { values: { units: 128 } }), trial(1), trial(2, { values: { units: 64 } })];
  assert.deepEqual(sorted(trials, RANKED(trials), "hp:units").map((each) => each.number), [2, 0, 1]);
  assert.deepEqual(sorted(trials, RANKED(trials), "-hp:units").map((each) => each.number), [0, 2, 1]);
});

test("numbers are sorted by size, ties by rank", () => {
  const trials = [trial(0, { score: 1, epochs: 10 }), trial(1, { score: 3, epochs: 9 }), trial(2, { score: 2, epochs: 10 })];
  assert.deepEqual(sorted(trials, RANKED(trials), "-epochs").map((each) => each.number), [2, 0, 1]);
});

test("a value is the literal that Python reads back", () => {
  assert.equal(pythonLiteral(1, "float"), "1.0");
  assert.equal(pythonLiteral(32, "int"), "32");
  assert.equal(pythonLiteral(1e-7, "float"), "1e-7");
  assert.deepEqual([true, false, null].map((value) => pythonLiteral(value)), ["True", "False", "None"]);
  assert.equal(pythonLiteral('a"b\n\u05d0😀'), '"a\\"b\\n\\u05d0\\U0001f600"');
  assert.equal(pythonLiteral("nan", "float"), 'float("nan")');
  assert.equal(pythonLiteral("nan", "choice"), '"nan"');
});

test("a trial is copied as a dict in the order of its reads", () => {
  assert.equal(pythonDict(trial(0, { values: { units: 32, lr: 1, act: "relu" } }), [INT, FLOAT]), '{"units": 32, "lr": 1.0, "act": "relu"}');
});

test("a long dict has a line for each value", () => {
  const values = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`hyperparameter_${index}`, index]));
  assert.equal(pythonDict(trial(0, { values }), []).split("\n").length, 11);
});

test("CSV quotes what needs it, and runs no formula", () => {
  assert.deepEqual(["a,b", 'say "x"', "two\nlines", "=1+1", -3, true, undefined].map(csvField), ['"a,b"', '"say ""x"""', '"two\nlines"', "'=1+1", "-3", "True", ""]);
});

test("CSV has a row for each trial and a column for each hyperparameter", () => {
  const lines = toCsv([trial(3, { score: 0.5, values: { units: 32 } })], ["units", "lr"]).split("\r\n");
  assert.equal(lines[0], "trial,status,score,deviation,best_epoch,epochs,duration,attempts,reused,worker,reason,error,units,lr");
  assert.equal(lines[1], "3,completed,0.5,,,0,,1,,,,,32,");
});

test("statuses are counted in one order; unknown ones come last", () => {
  const trials = ["failed", "odd", "completed", "failed"].map((status, number) => trial(number, { status }));
  assert.deepEqual(byStatus(trials), [["completed", 1], ["failed", 2], ["odd", 1]]);
});

test("of several limits the one used up the most is shown", () => {
  const study = { name: "s", objective: { name: "s", direction: "max" as const }, state: "running", max_trials: 100, budget_used: 10, max_epochs_total: 200, epochs_used: 150 };
  assert.deepEqual(budget(study, []), { used: 150, of: 200, unit: "epochs" });
  assert.deepEqual(budget({ ...study, max_trials: null, max_epochs_total: null }, []), { used: 10, of: null, unit: "trials" });
});

test("the share saved is of all epochs that there would have been", () => {
  const study = { name: "s", objective: { name: "s", direction: "max" as const }, state: "running", epochs_used: 75, epochs_saved: 25 };
  assert.equal(savedShare(study), 0.25);
  assert.equal(savedShare({ ...study, epochs_saved: 0 }), null);
});

test("failures that differ in numbers have one cause", () => {
  const failed = (number: number, reason: string) => trial(number, { status: "failed", reason });
  const causes = failureCauses([failed(0, "no room for [32, 4]"), failed(1, "other"), failed(2, "no room for [64, 8]")]);
  assert.deepEqual(causes, [{ cause: "no room for [32, 4]", count: 2 }, { cause: "other", count: 1 }]);
});

test("graphs are counted as reused among the trials of which that is known", () => {
  const trials = [true, false, null, true].map((reused, number) => trial(number, { reused }));
  assert.deepEqual(graphsReused(trials), { reused: 2, known: 3 });
});
