"""The final model: the best configuration, trained on all data."""

from collections.abc import Mapping
from statistics import mean
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import DataError
from kerastune_lite.study.events import SearchStarted, Started
from kerastune_lite.study.task import Task
from kerastune_lite.study.trial import Trial
from kerastune_lite.training.arguments import FitArguments, check_counts
from kerastune_lite.training.hypermodel import Builder

if TYPE_CHECKING:
    import keras


def refit(
    builder: Builder, trial: Trial, settings: SearchStarted, data: tuple[Any, Any], options: Mapping[str, Any]
) -> "keras.Model":
    """Builds the model of a trial with fresh weights and trains it.

    Args:
        builder: Builds the model.
        trial: A trial with a score.
        settings: The search that the seed comes from.
        data: x and y; y may be None.
        options: Other arguments of `fit`. By default, `epochs` is that of the trial's best epochs.

    Raises:
        DataError: An argument is missing or invalid.
    """
    import keras  # noqa: PLC0415 - heavy: loaded before the first training

    from kerastune_lite.training.data_cache import unshuffled  # noqa: PLC0415 - imports keras
    from kerastune_lite.training.labels import check_labels  # noqa: PLC0415 - imports keras

    if data[0] is None:
        raise DataError("refit_best() got no training data; give it as for fit: refit_best(x, y, ...)")
    named = {"x": data[0], **({} if data[1] is None else {"y": data[1]}), "epochs": best_epochs(trial), **options}
    keras.utils.set_random_seed(seed_of(trial, settings))
    hp = trial.hyperparameters
    model = builder.build(hp)
    arguments = FitArguments.of((), named, lasting=False).resolve(hp)
    check_counts(arguments)
    if builder.own_fit is None:
        check_labels(model, arguments)
        unshuffled(arguments)
    else:
        arguments.setdefault("callbacks", [])
    positional = [arguments.pop(name) for name in ("x", "y") if name in arguments]
    builder.fit(hp, model, *positional, **arguments)
    return model


def best_epochs(trial: Trial) -> int:
    """The best epoch of a trial: the mean over executions, rounded, at least 1."""
    return max(1, round(mean(run.best.epoch for run in trial.executions if run.best is not None)))


def seed_of(trial: Trial, settings: SearchStarted) -> int:
    """The seed of the first training of a trial."""
    return Task(Started(trial=trial.number, attempt=0, values={}), settings).training_seed(0)
