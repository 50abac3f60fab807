"""Scripts that search on disk, each a small part of what a study may meet. Rerun after a fault, they resume."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import kerastune_lite as kt
from kerastune_lite.errors import Infeasible
from kerastune_lite.observers.tensorboard import SearchBoard
from kerastune_lite.search.session import run_search
from kerastune_lite.search.settings import Settings
from kerastune_lite.space.kinds import Boolean, Choice
from kerastune_lite.stopping import Stop
from kerastune_lite.study.events import Enqueued, ExternalResult
from kerastune_lite.study.history import History
from kerastune_lite.testing.searches import SCORE
from kerastune_lite.training.function_trial import FunctionTrial

Observers = Sequence[Callable[..., None]]


@dataclass(frozen=True)
class Scenario:
    """A script.

    Attributes:
        run: Searches in a directory, with these observers.
        before: What the study went through before the fault.
        overwrites: Whether it deletes what was there.
        heavy: Whether it imports TensorFlow.
    """

    run: Callable[[Path, Observers], Any]
    before: Callable[[Path, Observers], Any] | None = None
    overwrites: bool = False
    heavy: bool = False


def branches(hp: kt.HyperParameters, report: Callable[..., bool]) -> None:
    """Three epochs, fewer if it is stopped; what is read depends on what was read."""
    kind = hp.Choice("kind", ["a", "b"])
    x = hp.Float("x", 0, 1)
    n = hp.Int("n", 1, 3) if kind == "a" else hp.Choice("widths", [[1, 2], [3]])[0]
    for epoch in range(1, 4):
        if report(epoch, {"score": x * n + epoch / 10, "loss": 1 - x}):
            return


def steps(hp: kt.HyperParameters) -> float:
    """One number; a finite space."""
    return hp.Choice("a", [1, 2, 3]) / 7 + (hp.Int("b", 1, 3) if hp.Boolean("more") else 0)


def unlucky(hp: kt.HyperParameters) -> float:
    """Fails for some values, each time it is tried."""
    if (x := hp.Float("x", 0, 1)) > 0.4:
        raise ValueError("x is too large")
    return x


def narrow(hp: kt.HyperParameters) -> float:
    """Some values cannot be tried."""
    if (x := hp.Float("x", 0, 1)) > 0.4:
        raise Infeasible("x is too large")
    return x


@dataclass(frozen=True)
class StopWorse:
    """Stops a trial whose score is worse than the best of those that ended, after its first epoch."""

    margin: float = 0.2

    def __call__(self, trial: Any, history: History) -> Stop | None:
        best = history.best
        worse = best is not None and best is not trial and trial.score < best.score - self.margin
        return Stop("it is worse than the best") if worse else None


def tune(function: Callable[..., Any], max_trials: int | None, **options: Any) -> Callable[[Path, Observers], Any]:
    """A script that calls `kt.tune`."""

    def run(directory: Path, observers: Observers) -> None:
        kt.tune(
            function,
            objective="score",
            max_trials=max_trials,
            directory=directory,
            observers=observers,
            verbose=0,
            **{"seed": 1, **options},
        )

    return run


SPACE = (Choice("a", (1, 2, 3)), Boolean("more"))
REQUESTS = [
    Enqueued(values={"a": 2, "more": False}),
    Enqueued(values={"a": 2, "more": False, "unknown": 1}),  # it reads the same
    ExternalResult(values={"a": 3, "more": False}, score=0.4),
    Enqueued(values={"a": 1}),
]


def search(function: Callable[..., Any], **options: Any) -> Callable[[Path, Observers], Any]:
    """A script that gives the search what a tuner gives it: requests, and the space, if that is known beforehand."""
    requests = options.pop("requests", ())

    def run(directory: Path, observers: Observers) -> None:
        settings = Settings(objective=SCORE, seed=1, directory=directory / "study", observers=observers, **options)
        trial = FunctionTrial(function, SCORE, reports=False)
        run_search(settings, trial, verbose=0, tensorboard=SearchBoard, requests=requests)

    return run


def keras_search(**options: Any) -> Callable[[Path, Observers], Any]:
    """A script that searches a small network, with early stopping and a schedule of the learning rate."""

    def run(directory: Path, observers: Observers) -> None:
        import keras

        from tests import tiny

        def build_model(hp: kt.HyperParameters) -> keras.Model:
            network = tiny.network(hp.Choice("units", [2, 4]), dropout=hp.Choice("dropout", [0.2, 0.4]))
            return tiny.compiled(network, hp.Choice("learning_rate", [0.01, 0.1]))

        tuner = kt.Tuner(
            build_model, "val_loss", directory=directory, observers=observers, seed=1, patience=2, **options
        )
        tuner.enqueue({"units": 2, "dropout": 0.2, "learning_rate": 0.1})
        tuner.enqueue({"units": 2, "dropout": 0.2})  # ends as a duplicate
        decay = keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1)
        tuner.search(
            tiny.X_TRAIN, tiny.Y_TRAIN, validation_split=0.25, batch_size=24, epochs=2, callbacks=[decay], verbose=0
        )

    return run


BAYESIAN = kt.strategies.Bayesian(initial=2, candidates=64)
HALVING = kt.strategies.Halving(max_epochs=3, min_epochs=1, eta=2)

SCENARIOS = {
    "random": Scenario(tune(branches, 6)),
    "random, TensorBoard, stopping": Scenario(tune(branches, 6, tensorboard=True, stopping=StopWorse())),
    "grid until exhausted, TensorBoard": Scenario(tune(steps, None, strategy=kt.strategies.Grid(), tensorboard=True)),
    "Bayesian": Scenario(tune(branches, 5, strategy=BAYESIAN)),
    "failures and retries": Scenario(tune(unlucky, 6, seed=3, max_retries_per_trial=1)),
    "infeasible, TensorBoard": Scenario(tune(narrow, 6, seed=3, tensorboard=True)),
    "enqueued and external results, TensorBoard": Scenario(search(steps, max_trials=6, requests=REQUESTS)),
    "halving, TensorBoard": Scenario(tune(branches, 7, strategy=HALVING, tensorboard=True)),
    "asynchronous halving": Scenario(tune(branches, 7, strategy=replace(HALVING, asynchronous=True))),
    "two executions": Scenario(tune(branches, 4, executions_per_trial=2)),
    "more trials": Scenario(tune(branches, 6, tensorboard=True), before=tune(branches, 3, tensorboard=True)),
    "changed space, extended, TensorBoard": Scenario(
        search(steps, max_trials=6, extend=True, space=SPACE), before=search(unlucky, max_trials=3)
    ),
    "overwritten": Scenario(
        tune(branches, 4, overwrite=True, tensorboard=True),
        before=tune(branches, 3, tensorboard=True),
        overwrites=True,
    ),
    "Keras": Scenario(keras_search(max_trials=2), heavy=True),
    "Keras, halving": Scenario(
        keras_search(max_trials=4, strategy=kt.strategies.Halving(min_epochs=1, brackets=1), tensorboard=False),
        heavy=True,
    ),
    "Keras, two executions, one model kept": Scenario(
        keras_search(max_trials=2, executions_per_trial=2, keep_checkpoints=1, tensorboard=False), heavy=True
    ),
}
