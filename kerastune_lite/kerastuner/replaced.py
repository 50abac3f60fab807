"""Names of KerasTuner that this package does not have, with their replacements."""

from typing import Any, final

from kerastune_lite.errors import UsageError

_APPLICATION = "write a build_model(hp) around keras.applications.{}, with hp.Choice for the options to tune"
_ORACLE = (
    "write a strategy, a function of (history, generator) that returns a kt.strategies.Proposal, and give it as "
    "kt.Tuner(strategy=...)"
)

REPLACED = {
    "HyperEfficientNet": _APPLICATION.format("EfficientNetB0"),
    "HyperImageAugment": "use layers such as keras.layers.RandomFlip and RandomRotation in build_model(hp)",
    "HyperResNet": _APPLICATION.format("ResNet50V2"),
    "HyperXception": _APPLICATION.format("Xception"),
    "MetricHistory": "use trial.executions of tuner.results(), which has the metrics of every epoch",
    "MetricObservation": "use trial.executions of tuner.results(), which has the metrics of every epoch",
    "MetricsTracker": "use trial.executions of tuner.results(), which has the metrics of every epoch",
    "Oracle": _ORACLE,
    "deserialize": "use kt.HyperParameters.from_config",
    "infer_metric_direction": 'give kt.Objective(name, "min" or "max")',
    "maybe_distribute": "give distribution_strategy= to the tuner, or use strategy.scope()",
    "serialize": "use hp.get_config()",
    "synchronized": "remove it; a single thread decides and records, so no lock is needed",
}
"""What to do instead, by name."""

METHODS = {
    "_build_and_fit_model": "run_trial, or the hypermodel's build and fit",
    "_build_hypermodel": "the hypermodel's build",
    "_populate_initial_space": "nothing; the space is read by building the model",
}
"""Private methods of KerasTuner that some subclasses override, with what to override instead."""


@final
class Replaced:
    """A placeholder for a name of KerasTuner: it can be imported, and its use raises an error with the replacement.

    Args:
        name: One of `REPLACED`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Raises the error.

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
    """Raises a UsageError if a subclass overrides a private method of KerasTuner's tuner, which is never called."""
    for name, instead in METHODS.items():
        if hasattr(kind, name):
            raise UsageError(f"{kind.__name__}.{name} is never called by kerastune_lite; override {instead}")
