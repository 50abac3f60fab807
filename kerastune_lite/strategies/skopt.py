"""Search with scikit-optimize: its optimizer proposes the next point, given all trials of the study."""

import importlib.util
import inspect
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.space.number import count
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.strategies.random import Random
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.threads import one_blas_thread

if TYPE_CHECKING:
    import numpy as np

_ESTIMATORS = ("GP", "RF", "ET", "GBRT")
_ACQUISITIONS = ("gp_hedge", "EI", "PI", "LCB")
_GENERATORS = ("random", "sobol", "halton", "hammersly", "lhs", "grid")
_OPTIMIZERS = ("auto", "sampling", "lbfgs")
_OF_ACQUISITION = ("xi", "kappa", "eta")
_OF_OPTIMIZER = ("n_points", "n_restarts_optimizer")

_NEEDED = "scikit-optimize>=0.10.2,<0.11"


@final
@dataclass(frozen=True)
class Skopt:
    """Search with `skopt.Optimizer`, for its estimators and acquisition functions.

    A new optimizer is created for each proposal and receives all trials at once, so that a resumed search makes the
    same proposals as an uninterrupted one. Trials that failed, were infeasible or returned NaN count as the worst
    finite value, running trials as the best one (scikit-optimize's constant liar, "cl_min"). No configuration is
    proposed twice: if the optimizer asks for one that was tried, the best of 256 random ones by acquisition value
    replaces it. The search ends when the space is exhausted.

    The arguments are those of `skopt.Optimizer`.

    Args:
        base_estimator: "GP", "RF", "ET", "GBRT", or a scikit-learn regressor whose `predict` takes `return_std=True`,
            such as `kt.surrogates.GaussianProcess()`.
        acq_func: "gp_hedge", "EI", "PI" or "LCB".
        n_initial_points: Size of the initial design. External results and failed trials count towards it.
        initial_point_generator: "random" (by the hyperparameters' priors), "sobol", "halton", "hammersly", "lhs" or
            "grid".
        acq_optimizer: "sampling", "lbfgs", or "auto", which is "lbfgs" if the estimator has derivatives.
        acq_func_kwargs: `xi`, `kappa`, `eta`.
        acq_optimizer_kwargs: `n_points`, `n_restarts_optimizer`.

    Raises:
        UsageError: An argument is invalid, or scikit-optimize is not installed.

    Example:
        >>> import kerastune_lite as kt
        >>> results = kt.tune(
        ...     lambda hp: (hp.Float("x", -1, 1) - 0.3) ** 2,
        ...     objective=kt.Objective("error", "min"),
        ...     max_trials=15,
        ...     strategy=kt.strategies.Skopt("GP", acq_func="EI", n_initial_points=5),
        ...     seed=0,
        ...     verbose=0,
        ... )
        >>> round(results.best.values["x"], 1)
        0.3
    """

    base_estimator: Any = "GP"
    acq_func: str = "gp_hedge"
    n_initial_points: int = 10
    initial_point_generator: str = "random"
    acq_optimizer: str = "auto"
    acq_func_kwargs: Mapping[str, Any] | None = None
    acq_optimizer_kwargs: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if importlib.util.find_spec("skopt") is None:
            raise UsageError(f"Skopt needs scikit-optimize, which is not installed: pip install '{_NEEDED}'")
        _check_estimator(self.base_estimator)
        if self.acq_func in ("EIps", "PIps"):
            raise UsageError(
                f"Skopt(acq_func={self.acq_func!r}): improvement per second is not supported, because there is no "
                f"model of durations; use {self.acq_func[:2]!r}, or kt.strategies.Bayesian(cost='time')"
            )
        _check_known("acq_func", self.acq_func, _ACQUISITIONS)
        _check_known("initial_point_generator", self.initial_point_generator, _GENERATORS)
        _check_known("acq_optimizer", self.acq_optimizer, _OPTIMIZERS)
        object.__setattr__(self, "n_initial_points", count("n_initial_points", self.n_initial_points, 1, of="Skopt"))
        _check_keys("acq_func_kwargs", self.acq_func_kwargs, _OF_ACQUISITION)
        _check_keys("acq_optimizer_kwargs", self.acq_optimizer_kwargs, _OF_OPTIMIZER)
        if self.acq_optimizer_kwargs is not None:
            counts = {name: count(name, value, 1, of="Skopt") for name, value in self.acq_optimizer_kwargs.items()}
            object.__setattr__(self, "acq_optimizer_kwargs", counts)
        if self.acq_optimizer == "lbfgs" and not self._has_gradients:
            raise UsageError(
                f"Skopt(acq_optimizer='lbfgs'): base_estimator={self.base_estimator!r} has no derivatives; use "
                "acq_optimizer='sampling'"
            )

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """The point that scikit-optimize asks for; None if every configuration has been tried or is running."""
        if history.tree.root.exhausted():
            return None
        from kerastune_lite.strategies.skopt_record import propose  # noqa: PLC0415 - heavy: numpy, scipy

        with one_blas_thread(), warnings.catch_warnings():
            # points that were tried are replaced
            warnings.filterwarnings("ignore", "The objective has been evaluated at", UserWarning)
            # scikit-learn sets negative variances to 0
            warnings.filterwarnings("ignore", "Predicted variances smaller than 0", UserWarning)
            # the size of the design is the user's choice
            warnings.filterwarnings("ignore", "The balance properties of Sobol", UserWarning)
            proposal = propose(
                history,
                rng,
                self._optimizer,
                initial=self.n_initial_points,
                generator=self.initial_point_generator,
            )
        return Random()(history, rng) if proposal is None else proposal

    def _optimizer(self, dimensions: list[Any], seed: int) -> Any:
        """A `skopt.Optimizer` without an initial design of its own."""
        from skopt import Optimizer  # noqa: PLC0415 - heavy: scikit-learn

        return Optimizer(
            dimensions,
            self._estimator(seed),
            n_initial_points=0,
            acq_func=self.acq_func,
            # "auto" is "lbfgs" if there are derivatives; a Gaussian process has none if all dimensions are categorical
            acq_optimizer="auto" if self._has_gradients and self.acq_optimizer != "sampling" else "sampling",
            random_state=seed,
            acq_func_kwargs=dict(self.acq_func_kwargs or {}),
            acq_optimizer_kwargs=dict(self.acq_optimizer_kwargs or {}),
            avoid_duplicates=False,
        )

    def _estimator(self, seed: int) -> Any:
        """The name of an estimator, or a clone whose random states are set to `seed`."""
        from sklearn.base import clone  # noqa: PLC0415 - heavy

        if self.base_estimator == "GBRT":
            from kerastune_lite.surrogate.quantile_boosting import QuantileBoosting  # noqa: PLC0415 - heavy

            return QuantileBoosting(random_state=seed)
        if isinstance(self.base_estimator, str):
            return self.base_estimator
        estimator = clone(self.base_estimator)
        unseeded = [
            name
            for name, value in estimator.get_params().items()
            if name.split("__")[-1] == "random_state" and value is None
        ]
        return estimator.set_params(**dict.fromkeys(unseeded, seed))

    @property
    def _has_gradients(self) -> bool:
        """Whether the estimator predicts derivatives."""
        if isinstance(self.base_estimator, str):
            return self.base_estimator == "GP"
        return "return_mean_grad" in inspect.signature(self.base_estimator.predict).parameters


def _check_estimator(estimator: Any) -> None:
    if isinstance(estimator, str):
        return _check_known("base_estimator", estimator, _ESTIMATORS)
    if isinstance(estimator, type):
        raise UsageError(
            f"Skopt(base_estimator={estimator.__name__}): give an instance, such as {estimator.__name__}()"
        )
    missing = [name for name in ("fit", "predict", "get_params") if not callable(getattr(estimator, name, None))]
    if missing:
        raise UsageError(
            f"Skopt(base_estimator={estimator!r}) is not a scikit-learn regressor: it has no {missing[0]}(); use one "
            f"of {_listed(_ESTIMATORS)}, or kt.surrogates.GaussianProcess()"
        )
    last = estimator
    while hasattr(last, "steps"):  # a pipeline passes arguments on to its last step
        last = last.steps[-1][1]
    if "return_std" not in inspect.signature(last.predict).parameters:
        raise UsageError(
            f"Skopt(base_estimator={estimator!r}): its predict takes no return_std, and the acquisition function needs "
            f"a standard deviation; use one of {_listed(_ESTIMATORS)}, or kt.surrogates.GaussianProcess()"
        )
    from sklearn.base import is_regressor  # noqa: PLC0415 - heavy, but loaded with the estimator

    if not is_regressor(estimator):
        raise UsageError(
            f"Skopt(base_estimator={estimator!r}) is not a regressor according to scikit-learn; derive it from "
            "RegressorMixin and BaseEstimator, in this order"
        )
    return None


def _check_known(name: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        hint = nearest(value, known) or nearest(value.upper(), known) if isinstance(value, str) else ""
        raise UsageError(f"Skopt({name}={value!r}) is unknown; use one of {_listed(known)}{hint}")


def _check_keys(name: str, value: Any, known: Iterable[str]) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise UsageError(f"Skopt({name}={value!r}): {name} must be a dict with keys among {_listed(known)}")
    for key in value:
        if key not in known:
            raise UsageError(f"Skopt({name}={value!r}): {key!r} is unknown; use {_listed(known)}{nearest(key, known)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
