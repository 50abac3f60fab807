"""What a stopping policy costs at each report of a large study: `python -m benchmarks.policy_cost`.

CPU time to fold a report into the history and to ask the policy, in a study of 1,000 trials of 50 epochs; means over
the reports of 20 further trials.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.measure import machine, table

EPOCHS = 50


def events(trials: int, seed: int = 0) -> Iterator[Any]:
    """A study whose trials rise by power laws with noise; each is completed."""
    from kerastune_lite.study.events import Ended, Reported, Started
    from kerastune_lite.testing import search_started

    rng = np.random.default_rng(seed)
    yield search_started(max_trials=None, epochs=EPOCHS)
    for trial in range(trials):
        end, drop, power = rng.uniform(0.5, 0.9), rng.uniform(0.1, 0.5), rng.uniform(0.3, 1.5)
        yield Started(trial=trial, attempt=1, values={})
        for epoch in range(1, EPOCHS + 1):
            score = float(end - drop * epoch**-power + rng.normal(0, 0.005))
            yield Reported(trial=trial, execution=0, epoch=epoch, metrics={"score": score, "loss": 1 - score})
        yield Ended(trial=trial)


def cost(policy: Any, trials: int, further: int = 20) -> tuple[float, float]:
    """CPU milliseconds of a report: of the fold alone, and of the policy alone."""
    from kerastune_lite.study.events import Reported
    from kerastune_lite.study.history import History

    history = History()
    folds, verdicts = [], []
    for event in events(trials + further):
        began = time.process_time_ns()
        history.apply(event)
        folded = time.process_time_ns()
        if isinstance(event, Reported):
            if event.trial == trials - 1 or event.trial >= trials:
                policy(history[event.trial], history)
            if event.trial >= trials:
                folds.append(folded - began)
                verdicts.append(time.process_time_ns() - folded)
    return statistics.mean(folds) / 1e6, statistics.mean(verdicts) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    from kerastune_lite import stopping

    policies = {
        "ASHA": stopping.ASHA(),
        "Hyperband": stopping.Hyperband(),
        "Median": stopping.Median(),
        "CurveForecast": stopping.CurveForecast(),
        "CurveForecast, every epoch": stopping.CurveForecast(every=1),
        "Auto": stopping.Auto(),
    }
    rows = [(f"CPU ms a report, {trials} trials of {EPOCHS} epochs", "fold", "policy")]
    rows += [(name, *(f"{value:.3f}" for value in cost(policy, trials))) for name, policy in policies.items()]
    print(machine("kerastune-lite"))
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
