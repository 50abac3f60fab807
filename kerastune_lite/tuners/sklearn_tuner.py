"""Cross-validated search for scikit-learn estimators."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from kerastune_lite.errors import SearchError, UsageError
from kerastune_lite.kerastuner.oracle_settings import OracleSettings
from kerastune_lite.kerastuner.trial_view import TrialView
from kerastune_lite.results.results import Results
from kerastune_lite.search.settings import SearchOptions
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.objective import Objective
from kerastune_lite.tuner import Tuner

SCORE = Objective("score", "max")


class SklearnOptions(SearchOptions, total=False):
    """The options of a `SklearnTuner`, with the same meaning as for a `Tuner`."""

    hyperparameters: HyperParameters | None
    tune_new_entries: bool
    allow_new_entries: bool
    tensorboard: bool
    tuner_id: str | None
    logger: Any


class SklearnTuner(Tuner):
    """A `Tuner` for scikit-learn estimators. The score of a trial is the mean over cross-validation folds.

    Args:
        oracle: One of `kt.oracles`, or the hypermodel.
        hypermodel: A function of hp that returns an estimator, or an object with `build(hp)`.
        objective: The objective; by default "score", which is maximised.
        max_trials: As for `Tuner`.
        scoring: A scorer with the signature `scoring(model, X, y, sample_weight=...)`, as returned by
            `sklearn.metrics.make_scorer`; by default `model.score`.
        metrics: Functions such as `sklearn.metrics.accuracy_score`, whose values are recorded too.
        cv: A cross-validation splitter; by default five shuffled folds, the same for every trial.
        **options: As for `Tuner`.

    Raises:
        UsageError: An argument is invalid or unknown.

    Example:
        >>> import kerastune_lite as kt  # doctest: +SKIP
        >>> tuner = kt.SklearnTuner(
        ...     lambda hp: Ridge(hp.Float("alpha", 1e-3, 1, sampling="log")), max_trials=10
        ... )  # doctest: +SKIP
        >>> tuner.search(X, y)  # doctest: +SKIP
    """

    def __init__(
        self,
        oracle: Any = None,
        hypermodel: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = None,
        *,
        scoring: Callable[..., float] | None = None,
        metrics: Callable[..., float] | Sequence[Callable[..., float]] = (),
        cv: Any = None,
        **options: Unpack[SklearnOptions],
    ) -> None:
        given = oracle if isinstance(oracle, OracleSettings) else None
        if given is None and oracle is not None and hypermodel is not None:
            raise UsageError(f"oracle={oracle!r} must be one of kt.oracles; or use objective= and max_trials=")
        if given is None:
            model = oracle if hypermodel is None else hypermodel
            super().__init__(model, SCORE if objective is None else objective, max_trials, **options)
        else:
            given.objective = SCORE if given.objective is None else given.objective
            super().__init__(hypermodel, objective, max_trials, oracle=given, **options)
        if self.hypermodel.given is None:
            raise UsageError("give hypermodel: a function of hp that returns a scikit-learn estimator")
        self.scoring = scoring
        self.metrics = [metrics] if callable(metrics) else list(metrics)
        self.cv = cv
        self._data: tuple[Any, Any, Any] | None = None

    def search(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, **options: Any) -> Results:  # type: ignore[override]
        """Runs trials, each of which is a cross-validation.

        Args:
            X: The training data as an array or a data frame, one row per sample.
            y: The targets.
            sample_weight: Sample weights, for estimators and metrics that accept them.
            groups: Group labels of the samples, for splitters that need them.
            **options: `verbose`, as for `Tuner.search`.

        Returns:
            All trials, best first.
        """
        self._data = (X, y, sample_weight)
        return super().search(X, y, sample_weight=sample_weight, groups=groups, **options)

    def run_trial(
        self, trial: TrialView, X: Any, y: Any, sample_weight: Any = None, groups: Any = None, **_: Any
    ) -> Any:
        """The mean of the score and of each metric over the folds."""
        folds = [
            self._fold(trial, X, y, sample_weight, train, test) for train, test in self._splitter().split(X, y, groups)
        ]
        return {name: sum(fold[name] for fold in folds) / len(folds) for name in folds[0]}

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """The estimators of the best trials, refitted to all samples of the last `search`.

        Raises:
            SearchError: `search` was not called in this process, or no trial has finished.
        """
        best = self.get_best_hyperparameters(num_models)
        if self._data is None:
            raise SearchError(
                "estimators are not saved on disk; call search(X, y) first, which does not repeat finished trials, or "
                "fit build_model(tuner.get_best_hyperparameters()[0])"
            )
        X, y, weight = self._data
        return [_fitted(self.hypermodel.build(hp), X, y, weight) for hp in best]

    def refit_best(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """An estimator of the best configuration, fitted to all given samples.

        Args:
            X: The training data.
            y: The targets.
            sample_weight: Sample weights, for estimators that accept them.

        Raises:
            SearchError: No trial has finished with a score.
        """
        return _fitted(self.hypermodel.build(self.get_best_hyperparameters()[0]), X, y, sample_weight)

    def _splitter(self) -> Any:
        from sklearn.model_selection import KFold  # noqa: PLC0415 - heavy: loaded by the first trial

        return KFold(5, shuffle=True, random_state=1) if self.cv is None else self.cv

    def _fold(self, trial: TrialView, X: Any, y: Any, weight: Any, train: Any, test: Any) -> dict[str, float]:
        model = _fitted(self.hypermodel.build(trial.hyperparameters), *(_rows(part, train) for part in (X, y, weight)))
        held, target, held_weight = (_rows(part, test) for part in (X, y, weight))
        weighted = {} if weight is None else {"sample_weight": held_weight}
        if self.scoring is None:
            scores = {self.objective.name: float(model.score(held, target, **weighted))}
        else:
            scores = {self.objective.name: float(self.scoring(model, held, target, **weighted))}
        predicted = model.predict(held) if self.metrics else None
        others = {metric.__name__: float(metric(target, predicted, **weighted)) for metric in self.metrics}
        return {**others, **scores}


def _fitted(model: Any, X: Any, y: Any, weight: Any) -> Any:
    accepts = "sample_weight" in inspect.signature(model.fit).parameters
    model.fit(X, y, **({"sample_weight": weight} if accepts and weight is not None else {}))
    return model


def _rows(data: Any, indices: Any) -> Any:
    """Selects rows of an array, a list or a data frame; None stays None."""
    import numpy as np  # noqa: PLC0415 - heavy: loaded by the first trial

    if data is None:
        return None
    return data.iloc[indices] if hasattr(data, "iloc") else np.asarray(data)[indices]
