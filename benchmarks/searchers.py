"""Searches to compare: each gives the losses of its trials, in order, and how many of its points were repeats."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import elsewhere
from benchmarks.tasks import Parameter, Task


class Watch:
    """Evaluates a task and keeps what was tried: points, true losses, and what the trials reported of them."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task = task
        self.losses: list[float] = []
        self.observed: list[float] = []
        self.points: list[str] = []
        self._rng = np.random.default_rng([seed, *task.name.encode()])

    def __call__(self, ask: Any) -> float:
        values = self.task.read(ask)
        self.points.append(repr(sorted(values.items())))
        self.losses.append(self.task.loss(values))
        self.observed.append(self.task.observe(values, self._rng))
        return self.observed[-1]

    @property
    def repeats(self) -> int:
        return len(self.points) - len(set(self.points))

    @property
    def finite(self) -> float:
        """The last report; the worst so far in place of a failure, for those who take numbers alone."""
        last = self.observed[-1]
        if math.isfinite(last):
            return last
        return max((value for value in self.observed if math.isfinite(value)), default=0.0)


def ours(watch: Watch, trials: int, seed: int, **options: Any) -> None:
    import kerastune_lite as kt

    _tune(watch, trials, seed, kt.strategies.Bayesian(**options))


def _tune(watch: Watch, trials: int, seed: int, strategy: Any) -> None:
    import kerastune_lite as kt

    kt.tune(
        lambda hp: watch(lambda parameter: read_with(hp, parameter)),
        objective=kt.Objective("loss", "min"),
        strategy=strategy,
        max_trials=trials,
        seed=seed,
        verbose=0,
    )


def ours_without_names(watch: Watch, trials: int, seed: int) -> None:
    ours(watch, trials, seed, name_priors=False)


def right_prior(watch: Watch, trials: int, seed: int) -> None:
    """Ours, with a belief in a point near the best one: a tenth of each range away, the best category."""
    _believing(watch, trials, seed, _near)


def wrong_prior(watch: Watch, trials: int, seed: int) -> None:
    """Ours, with a belief far from the best point: near the other end of each range, another category."""
    _believing(watch, trials, seed, _far_from)


def _believing(watch: Watch, trials: int, seed: int, center: Callable[[Parameter, Any], Any]) -> None:
    best = watch.task.point
    assert watch.task.parameters is not None
    assert best is not None
    ours(watch, trials, seed, priors={p.name: center(p, best[p.name]) for p in watch.task.parameters})


def _near(parameter: Parameter, best: Any) -> Any:
    if parameter.kind == "category":
        return best
    unit = parameter.unit(best)
    return parameter.at(unit + 0.1 if unit < 0.5 else unit - 0.1)


def _far_from(parameter: Parameter, best: Any) -> Any:
    if parameter.kind == "category":
        return parameter.values[(list(parameter.values).index(best) + 1) % len(parameter.values)]
    return parameter.at(0.9 if parameter.unit(best) < 0.5 else 0.1)


def skopt_engine(watch: Watch, trials: int, seed: int) -> None:
    """scikit-optimize, its defaults, as our engine."""
    import kerastune_lite as kt

    _tune(watch, trials, seed, kt.strategies.Skopt())


def read_with(hp: Any, parameter: Parameter) -> Any:
    """In KerasTuner's terms, which are ours too."""
    sampling = "log" if parameter.log else "linear"
    if parameter.kind == "int":
        return hp.Int(parameter.name, int(parameter.low), int(parameter.high), sampling=sampling)
    if parameter.kind == "float":
        return hp.Float(parameter.name, parameter.low, parameter.high, sampling=sampling)
    return hp.Choice(parameter.name, list(parameter.values), ordered=parameter.kind == "ordinal")


def random(watch: Watch, trials: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        watch(lambda parameter: parameter.at(rng.random()))


def tpe(watch: Watch, trials: int, seed: int) -> None:
    import optuna

    _optuna(watch, trials, optuna.samplers.TPESampler(seed=seed))


def gp_sampler(watch: Watch, trials: int, seed: int) -> None:
    import optuna
    import torch

    torch.set_num_threads(1)
    _optuna(watch, trials, optuna.samplers.GPSampler(seed=seed))


def _optuna(watch: Watch, trials: int, sampler: Any) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: Any) -> float:
        return watch(lambda parameter: suggest(trial, parameter))

    optuna.create_study(sampler=sampler).optimize(objective, n_trials=trials)


def suggest(trial: Any, parameter: Parameter) -> Any:
    if parameter.kind == "int":
        return trial.suggest_int(parameter.name, int(parameter.low), int(parameter.high), log=parameter.log)
    if parameter.kind == "float":
        return trial.suggest_float(parameter.name, parameter.low, parameter.high, log=parameter.log)
    if parameter.kind == "ordinal":  # the index: Optuna has no ordered categories
        return parameter.values[trial.suggest_int(parameter.name, 0, len(parameter.values) - 1)]
    return trial.suggest_categorical(parameter.name, list(parameter.values))


def scikit_optimize(watch: Watch, trials: int, seed: int) -> None:
    import skopt

    assert watch.task.parameters is not None
    parameters = watch.task.parameters
    optimizer = skopt.Optimizer([_skopt_dimension(parameter) for parameter in parameters], random_state=seed)
    for _ in range(trials):
        point = optimizer.ask()
        asked = iter(zip(parameters, point, strict=True))

        def ask(_: Parameter, asked: Any = asked) -> Any:
            parameter, value = next(asked)
            return parameter.values[int(value)] if parameter.kind == "ordinal" else _plain(value)

        watch(ask)
        optimizer.tell(point, watch.finite)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _skopt_dimension(parameter: Parameter) -> Any:
    from skopt.space import Categorical, Integer, Real

    prior = "log-uniform" if parameter.log else "uniform"
    if parameter.kind == "int":
        return Integer(int(parameter.low), int(parameter.high), prior=prior)
    if parameter.kind == "float":
        return Real(parameter.low, parameter.high, prior=prior)
    return Integer(0, len(parameter.values) - 1) if parameter.kind == "ordinal" else Categorical(list(parameter.values))


def keras_tuner(watch: Watch, trials: int, seed: int) -> None:
    import tempfile

    import keras_tuner as kt

    class Tuner(kt.BayesianOptimization):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
            watch(lambda parameter: read_with(trial.hyperparameters, parameter))
            return watch.finite

    def declare(hp: Any) -> None:
        watch.task.read(lambda parameter: read_with(hp, parameter))

    with tempfile.TemporaryDirectory() as directory:
        objective = kt.Objective("default_objective", "min")
        Tuner(declare, objective, max_trials=trials, seed=seed + 1, directory=directory, project_name="p").search(
            verbose=0
        )


SEARCHERS = {
    "kerastune_lite": ours,
    "without names": ours_without_names,
    "right prior": right_prior,
    "wrong prior": wrong_prior,
    "engine skopt": skopt_engine,
    "Optuna GPSampler": gp_sampler,
    "Optuna TPE": tpe,
    "scikit-optimize": scikit_optimize,
    "KerasTuner": keras_tuner,
    "random": random,
    "HEBO": elsewhere.hebo,
    "SMAC3": elsewhere.smac,
    "Ax": elsewhere.ax,
}
ELSEWHERE = ("HEBO", "SMAC3", "Ax")
# What is compared with the rest, and those who must know all hyperparameters beforehand.
OURS = ("kerastune_lite", "without names", "right prior", "wrong prior", "engine skopt")
WITH_PRIORS = ("right prior", "wrong prior")
FIXED_SPACE = ("scikit-optimize", "KerasTuner", *WITH_PRIORS, *ELSEWHERE)


def run(searcher: str, task: Task, trials: int, seed: int) -> Watch:
    """One search."""
    watch = Watch(task, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SEARCHERS[searcher](watch, trials, seed)
    return watch
