"""Searches a plain function on disk; killed at the change of its files whose number is given, if one is.

Prints the study at its end.
"""

import json
import sys

import kerastune_lite as kt
from tests.dying import die_at


def function(hp, report):
    a = hp.Choice("a", [1, 2, 3])
    for epoch in range(1, 4):
        report(epoch, {"score": a * epoch / 7})
    if a > 1:
        report(4, {"score": float(hp.Int("b", 1, 40))})


def main(directory, kind, moment=None):
    if moment is not None:
        die_at(int(moment))
    strategy = {"random": kt.strategies.Random(), "grid": kt.strategies.Grid()}[kind]
    results = kt.tune(
        function,
        objective="score",
        strategy=strategy,
        max_trials=70,
        max_crashes=None,  # kills come from outside here; some trials are hit twice
        seed=0,
        directory=directory,
        verbose=0,
    )
    found = [
        [trial.number, trial.status, dict(trial.values), [dict(run.metrics) for run in trial.executions]]
        for trial in sorted(results, key=lambda trial: trial.number)
    ]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
