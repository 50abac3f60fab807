"""User code as mypy sees it: `make lint` checks this file; nothing runs it."""

from dataclasses import dataclass
from typing import Any

import kerastune_lite as kt
from kerastune_lite.executors import Executor, InProcess, TrialFunction
from kerastune_lite.observers import Ended, Event, History, Trial
from kerastune_lite.stopping import Stop, StoppingPolicy
from kerastune_lite.strategies import Random, Strategy


def build_model(hp: kt.HyperParameters) -> Any:
    units: int = hp.Int("units", 16, 64, step=16)
    rate: float = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    dropout: bool = hp.Boolean("dropout")
    return units, rate, dropout, hp.Choice("activation", ["relu", "tanh"])


@dataclass(frozen=True)
class Never:
    def __call__(self, trial: Trial, history: History) -> Stop | None:
        return None


def executor(function: TrialFunction) -> Executor:
    return InProcess(function)


def observer(event: Event, history: History) -> None:
    if isinstance(event, Ended) and history.best is not None:
        print(event.outcome, history.best.score)


policy: StoppingPolicy = Never()
strategy: Strategy = Random()

tuner = kt.RandomSearch(
    build_model, "val_accuracy", max_trials=3, stopping=policy, workers=executor, observers=[observer], seed=0
)
results = tuner.search([0.0], [1.0], epochs=2)
best: Trial = results.best
score: float | None = results.best.score
shares: dict[str, float] = results.importance(top_quarter=True)
results.plot_importance(results.plot_history().figure.subplots())

kt.Tuner(build_model, kt.Objective("val_loss", "min"), strategy=strategy)
kt.tune(lambda hp: hp.Float("x", 0, 1), objective="score", max_trials=3, strategy=strategy)


class OwnSearch(kt.BayesianOptimization):
    def __init__(self) -> None:
        super().__init__(build_model, "val_loss", num_initial_points=4, keep_checkpoints=None)


kt.GridSearch(build_model, "val_loss", points=3, overwrite=True)
# A misspelt option, or one of another type, is an error.
kt.RandomSearch(build_model, "val_loss", max_trial=3)  # type: ignore[call-arg]
kt.RandomSearch(build_model, "val_loss", seed="0")  # type: ignore[arg-type]
kt.tune(lambda hp: 0.0, objective="score", max_trials=3, keep_checkpoints=1)  # type: ignore[call-arg]
hp_units: str = kt.HyperParameters().Int("units", 1, 2)  # type: ignore[assignment]
