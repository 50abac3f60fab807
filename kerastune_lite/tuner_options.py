"""The options of a tuner, and what each of them resolves to."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kerastune_lite.errors import UsageError
from kerastune_lite.executors import Stacked
from kerastune_lite.kerastuner.oracle_settings import OracleSettings
from kerastune_lite.observers.protocol import RunsObserver
from kerastune_lite.search.settings import SearchOptions, Settings, search_settings, study_directory
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.number import whole
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.objective import Objective
from kerastune_lite.training.hypermodel import Builder

if TYPE_CHECKING:
    import keras

    from kerastune_lite.callbacks import Checkpoint, EarlyStopping, TensorBoard


class TunerOptions(SearchOptions, total=False):
    """Options of every tuner, in addition to `SearchOptions`.

    Attributes:
        max_model_size: The largest number of parameters of a model. A trial with a larger model is infeasible and uses
            no budget.
        keep_checkpoints: How many of the best trials keep their model on disk; None for all.
        objective_reduction: What the score of a trial is: its "best" epoch's value, the "last" epoch's, or
            "mean_last_K", the mean of the last K epochs.
        patience: Short for `early_stopping=kt.callbacks.EarlyStopping(patience)`.
        early_stopping: Stops a training that no longer improves.
        cv: Cross-validation: the number of folds, a splitter of `sklearn.model_selection`, or a list of pairs of arrays
            (rows to train on, rows to validate on). Each fold is one execution of a trial, and the score is the mean
            over folds. With a number, rows are shuffled, and stratified if y holds class labels (a column of whole
            numbers or texts, or one-hot rows) and each class has at least that many rows. The folds are the same for
            all trials; `random_state` is the study's seed unless the splitter has its own. `search` takes `groups`.
        checkpoint: False to save no models and no state to resume from, or a configured `kt.callbacks.Checkpoint`.
        tensorboard: False to write nothing for TensorBoard, or a configured `kt.callbacks.TensorBoard`.
        hyperparameters: Definitions that replace those in `build_model`, by name.
        tune_new_entries: Whether to tune hyperparameters that are not in `hyperparameters`; if False, they keep their
            defaults.
        allow_new_entries: Whether `build_model` may read hyperparameters that are not in `hyperparameters`.
        hypermodel: Another name for `build_model`.
        optimizer: Replaces the optimizer of each model; each model gets a copy.
        loss: Replaces the loss of each model.
        metrics: Replaces the metrics of each model.
        reuse: "auto" trains a trial with the compiled graphs of an earlier one if its own would be the same, which
            changes no result; "never" compiles each trial's own. `trial.reused` tells whether it was so, and
            `trial.notes["reuse"]` why not.
        distribution_strategy: A `tf.distribute` strategy; trials are built and trained in its scope.
        oracle: One of `kt.oracles`, in place of `strategy`, `objective` and `max_trials`.
        tuner_id: A name for the user's own purposes.
        logger: Has no effect; use `observers`.
    """

    max_model_size: int | None
    keep_checkpoints: int | None
    objective_reduction: str | None
    patience: int | None
    early_stopping: "EarlyStopping | None"
    cv: Any
    checkpoint: "bool | Checkpoint"
    tensorboard: "bool | TensorBoard"
    hyperparameters: HyperParameters | None
    tune_new_entries: bool
    allow_new_entries: bool
    hypermodel: Any
    optimizer: "str | keras.optimizers.Optimizer | None"
    loss: Any
    metrics: Sequence[Any] | None
    reuse: Literal["auto", "never"]
    distribution_strategy: Any
    oracle: OracleSettings | None
    tuner_id: str | None
    logger: Any


def tuner_settings(options: TunerOptions, objective: Objective, max_trials: int | None) -> Settings:
    """The settings of the tuner's searches, as far as they are known before `search`."""
    return search_settings(
        options,
        objective=objective,
        max_trials=max_trials,
        directory=study_directory(options, "logs"),
        keep_checkpoints=options.get("keep_checkpoints", 3),
        recorded=_recorded(options),
    )


def model_builder(build_model: Any, options: TunerOptions, *, own_trials: bool) -> Builder:
    """The builder of `build_model` or of the option `hypermodel`.

    Args:
        build_model: The argument of the tuner; None if it is not given.
        options: The options of the tuner.
        own_trials: Whether the tuner overrides `run_trial`, and so may need no Keras model, or no model at all.

    Raises:
        UsageError: No model is given, or two are.
    """
    hypermodel = options.get("hypermodel")
    given = [model for model in (build_model, hypermodel) if model is not None]
    if len(given) > 1 or not (given or own_trials):
        raise UsageError("give build_model: a function of hp that returns a compiled model")
    compiled = {"optimizer": options.get("optimizer"), "loss": options.get("loss"), "metrics": options.get("metrics")}
    replaced = {name: value for name, value in compiled.items() if value is not None}
    return Builder(given[0] if given else None, replaced=replaced, checked=not own_trials)


def overrides(options: TunerOptions) -> Overrides | None:
    """The definitions in `hyperparameters` that override those in `build_model`; None without that option.

    Raises:
        UsageError: `tune_new_entries` or `allow_new_entries` is False without `hyperparameters`.
    """
    hyperparameters = options.get("hyperparameters")
    tune_new, allow_new = options.get("tune_new_entries", True), options.get("allow_new_entries", True)
    if hyperparameters is None:
        if not (tune_new and allow_new):
            raise UsageError("tune_new_entries=False and allow_new_entries=False need hyperparameters=...")
        return None
    prescribed = {definition.name: definition for definition in hyperparameters.space}
    return Overrides(prescribed, tune_new=tune_new, allow_new=allow_new)


def checkpoint_callback(options: TunerOptions) -> "Checkpoint | None":
    """The callback of the option `checkpoint`; None if it is False."""
    from kerastune_lite.callbacks import Checkpoint  # noqa: PLC0415 - imports keras
    from kerastune_lite.training.user_callbacks import check_option  # noqa: PLC0415 - imports keras

    given = options.get("checkpoint", True)
    if not isinstance(given, bool):
        check_option("checkpoint", given, Checkpoint, "True, False")
    return Checkpoint() if given is True else given or None


def early_stopping_callback(options: TunerOptions) -> "EarlyStopping | None":
    """The callback of the options `early_stopping` and `patience`; None if neither is given."""
    from kerastune_lite.callbacks import EarlyStopping  # noqa: PLC0415 - imports keras
    from kerastune_lite.training.user_callbacks import check_option  # noqa: PLC0415 - imports keras

    given, patience = options.get("early_stopping"), options.get("patience")
    if given is not None:
        check_option("early_stopping", given, EarlyStopping, "None")
    return given if patience is None else EarlyStopping(patience)


def tensorboard_observer(options: TunerOptions) -> Callable[[Path], RunsObserver] | None:
    """Makes the observer of the option `tensorboard` for a directory; None if it is False."""
    given = options.get("tensorboard", True)
    if given is False:
        return None
    from kerastune_lite.callbacks import TensorBoard  # noqa: PLC0415 - imports keras
    from kerastune_lite.training.user_callbacks import check_option  # noqa: PLC0415 - imports keras

    if not isinstance(given, bool):
        check_option("tensorboard", given, TensorBoard, "True, False")
    return (TensorBoard() if given is True else given).observer


def check_early_stopping(options: TunerOptions) -> None:
    """Raises a UsageError if both `patience` and `early_stopping` are given."""
    if options.get("patience") is not None and options.get("early_stopping") is not None:
        raise UsageError("give patience or early_stopping, not both: patience is short for the latter")


def check_reuse(options: TunerOptions) -> None:
    """Raises a UsageError if `reuse` is none of its values, or trials are to train together without it."""
    given = options.get("reuse", "auto")
    if given not in ("auto", "never"):
        raise UsageError(f'reuse={given!r} must be "auto" or "never"')
    if given == "never" and isinstance(options.get("workers"), Stacked):
        raise UsageError(
            'reuse="never" with workers=Stacked(...): trials that train together share a graph; remove one'
        )


def check_cv(options: TunerOptions, *, own_trials: bool) -> None:
    """Checks `cv` as far as that is possible without data.

    Raises:
        UsageError: `cv` is not a number of folds or a splitter, the tuner overrides `run_trial`, or `confirm` is given.
    """
    cv = options.get("cv")
    if cv is None:
        return
    if own_trials:
        raise UsageError("cv cannot be used with an overridden run_trial(); split the data there, and return a list")
    if options.get("confirm") is not None:
        raise UsageError("give cv or confirm, not both: cv trains on other rows each time, confirm with other seeds")
    if isinstance(cv, Iterator):
        raise UsageError(f"cv={cv!r} can be iterated only once; give cv=list(...)")
    count = whole(cv)
    splits = not isinstance(cv, (str, bytes, bool, type)) and (hasattr(cv, "split") or isinstance(cv, Iterable))
    if (count is not None and count < 2) or (count is None and not splits):
        raise UsageError(f"cv={cv!r} must be a number of folds, at least 2, or a splitter of sklearn.model_selection")


def cross_validated(settings: Settings, options: TunerOptions, folds: Sized) -> Settings:
    """The settings of a search whose executions are folds.

    Raises:
        UsageError: `executions_per_trial` is given and another number.
    """
    given = options.get("executions_per_trial", len(folds))
    if given != len(folds):
        raise UsageError(
            f"executions_per_trial={given!r}, but cv={options['cv']!r} gives {len(folds)} folds, each of which is one "
            "execution; leave out executions_per_trial"
        )
    recorded = {**settings.recorded, "cv": str(folds)}
    return replace(settings, executions_per_trial=len(folds), recorded=recorded)


def _recorded(options: TunerOptions) -> dict[str, Any]:
    """The options that the study records, so that a later search notices a change."""
    given, patience = options.get("early_stopping"), options.get("patience")
    if given is not None and hasattr(type(given), "get_config"):  # `early_stopping_callback` checks the type
        return {"early_stopping": {"strategy": "EarlyStopping", **given.get_config()}}
    return {"early_stopping": None if patience is None else f"patience={patience}"}
