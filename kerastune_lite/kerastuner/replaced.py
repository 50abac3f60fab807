"""What KerasTuner has and this package has not, with what to use instead."""

from typing import Any, final

from kerastune_lite.errors import UsageError

_HYPERBAND = (
    "use kt.BayesianOptimization(build_model, objective, max_trials=...) or kt.RandomSearch, with "
    "patience=... to end trainings that no longer improve"
)
_APPLICATION = "write a build_model(hp) around keras.applications.{}, with hp.Choice for what is to be tuned"
_ORACLE = (
    "write a strategy, a function of (history, generator) that returns a kt.strategies.Proposal, and give it as "
    "kt.Tuner(strategy=...)"
)

REPLACED = {
    "Hyperband": _HYPERBAND,
    "HyperbandOracle": _HYPERBAND,
    "HyperEfficientNet": _APPLICATION.format("EfficientNetB0"),
    "HyperImageAugment": "put keras.layers.RandomFlip, RandomRotation and the like into build_model(hp)",
    "HyperResNet": _APPLICATION.format("ResNet50V2"),
    "HyperXception": _APPLICATION.format("Xception"),
    "MetricHistory": "read trial.executions of tuner.results(): the metrics of every epoch",
    "MetricObservation": "read trial.executions of tuner.results(): the metrics of every epoch",
    "MetricsTracker": "read trial.executions of tuner.results(): the metrics of every epoch",
    "Oracle": _ORACLE,
    "deserialize": "use kt.HyperParameters.from_config",
    "infer_metric_direction": 'give kt.Objective(name, "min" or "max")',
    "maybe_distribute": "give distribution_strategy= to the tuner, or open strategy.scope() yourself",
    "serialize": "use hp.get_config()",
    "synchronized": "leave it out: one thread decides and records, so nothing needs a lock",
}
"""By name: the way out."""

METHODS = {
    "_build_and_fit_model": "run_trial, or the hypermodel's build and fit",
    "_build_hypermodel": "the hypermodel's build",
    "_populate_initial_space": "nothing: spaces are read by building",
}
"""KerasTuner's inner methods that some subclasses override, with what to override here."""


@final
class Replaced:
    """Stands for a name of KerasTuner's: importing it is harmless, using it is an error that says what to use.

    Args:
        name: One of `REPLACED`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Raises.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"KerasTuner's {self._name} is not in kerastune_lite: {REPLACED[self._name]}")

    def __getattr__(self, attribute: str) -> Any:
        raise AttributeError(f"KerasTuner's {self._name} is not in kerastune_lite: {REPLACED[self._name]}")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return self()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<KerasTuner's {self._name}, not in kerastune_lite: {REPLACED[self._name]}>"


def check_methods(kind: type) -> None:
    """Raises a UsageError if a subclass overrides an inner method of KerasTuner's tuner, which nobody would call."""
    for name, instead in METHODS.items():
        if hasattr(kind, name):
            raise UsageError(f"{kind.__name__}.{name} is never called by kerastune_lite; override {instead}")
