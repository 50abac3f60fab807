"""The arguments of `search`, on their way to `fit`: checked once; functions among them are called for each trial."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_lite.errors import DataError, ObjectiveError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.number import plain, whole
from kerastune_lite.study.objective import Objective
from kerastune_lite.training.list_data import as_arrays

DATA = ("x", "y", "sample_weight", "validation_data")
_POSITIONAL = ("x", "y", "batch_size", "epochs")


@dataclass(frozen=True)
class FitArguments:
    """All that `fit` gets, by name, apart from callbacks and verbosity.

    A function without a parameter makes its argument anew for each training; one with one parameter is called with hp.
    """

    values: Mapping[str, Any]

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> "FitArguments":
        """Names the positional arguments as `fit` does.

        Raises:
            DataError: An argument is given twice, or can serve one trial only.
        """
        if len(args) > len(_POSITIONAL):
            raise DataError(f"search() takes {', '.join(_POSITIONAL)} by position; name the other arguments")
        named = dict(zip(_POSITIONAL, args, strict=False))
        twice = named.keys() & kwargs.keys()
        if twice:
            raise DataError(f"search() got {', '.join(sorted(twice))} both by position and by name")
        values = {**named, **kwargs}
        for name, value in values.items():
            _check_lasting(name, value)
        return cls({name: _settled(name, value) for name, value in values.items()})

    @property
    def lasting_data(self) -> bool:
        """Whether the data is the same for all trials, not made by a function."""
        return not any(callable(self.values.get(name)) for name in DATA)

    @property
    def validates(self) -> bool:
        """Whether there is validation data."""
        return self.values.get("validation_data") is not None or bool(self.values.get("validation_split"))

    @property
    def epochs(self) -> int | None:
        """Epochs of a training; None if they depend on hp."""
        epochs = self.values.get("epochs", 1)
        return epochs if isinstance(epochs, int) else None

    @property
    def first_validated_epoch(self) -> int:
        """The first epoch, from 1, that reports validation metrics."""
        frequency = self.values.get("validation_freq", 1)
        return frequency if isinstance(frequency, int) else min(map(int, frequency), default=1)

    def check(self) -> None:
        """Finds what would fail every trial alike.

        Raises:
            DataError: An argument is missing or impossible.
        """
        if self.values.get("x") is None:
            raise DataError("search() got no training data; give it as fit takes it: search(x, y, ...)")
        check_counts({name: value for name, value in self.values.items() if not callable(value)})
        split = self.values.get("validation_split", 0.0)
        if not callable(split) and split is not None and not 0 <= split < 1:
            raise DataError(f"validation_split={split!r} must be from 0 to below 1: the share of rows that validate")

    def check_objective(self, objective: Objective) -> None:
        """Raises an ObjectiveError if the objective needs validation that there is not."""
        late = self.epochs is not None and self.first_validated_epoch > self.epochs
        if objective.name.startswith("val_") and late:
            raise ObjectiveError(
                f"objective {objective.name!r} is never reported: validation_freq={self.values['validation_freq']!r} "
                f"with epochs={self.epochs}"
            )
        if objective.name.startswith("val_") and not self.validates:
            raise ObjectiveError(
                f"objective {objective.name!r} needs validation data; give search() validation_data=(x, y) or "
                f"validation_split=0.2, or use objective={objective.name.removeprefix('val_')!r}"
            )

    def read(self, hp: HyperParameters) -> None:
        """Reads the hyperparameters of all arguments but the data."""
        for name, value in self.values.items():
            if name not in DATA and callable(value) and parameters_of(value) == 1:
                value(hp)

    def resolve(self, hp: HyperParameters) -> dict[str, Any]:
        """The arguments of one training; functions are called in the order given."""
        return {name: _call(name, value, hp) if callable(value) else value for name, value in self.values.items()}


def check_counts(values: Mapping[str, Any]) -> None:
    """Finds a count that no training can have, whether it was given or comes from a hyperparameter.

    Raises:
        DataError: The epochs or the rows of a batch are no integer from 1.
    """
    for name in ("epochs", "batch_size", "validation_batch_size"):
        count = whole(values.get(name, 1))
        missing = values.get(name, 1) is None and name != "epochs"  # Keras's own size of a batch
        if not missing and (count is None or count < 1):
            raise DataError(f"{name}={values[name]!r} must be an integer from 1")


def parameters_of(function: Callable[..., Any]) -> int:
    """How many positional arguments a call must have."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.kind in kinds and parameter.default is parameter.empty for parameter in parameters)


def _call(name: str, function: Callable[..., Any], hp: HyperParameters) -> Any:
    count = parameters_of(function)
    if count > 1:
        raise DataError(
            f"{name}={function!r} has {count} parameters; a function given to search() takes none (it makes the data) "
            "or one (hp)"
        )
    return _settled(name, function(hp) if count else function())


def _settled(name: str, value: Any) -> Any:
    """What `fit` gets: lists of numbers as arrays, numbers of any library as Python's own."""
    return as_arrays(name, value) if name in DATA else plain(value)


def _check_lasting(name: str, value: Any) -> None:
    parts = value if isinstance(value, tuple) else (value,)
    for part in parts:
        if isinstance(part, Iterator):
            raise DataError(
                f"{name}={part!r} is used up after one trial; give a function that makes it anew: "
                f"search({name}=lambda: make_data(), ...)"
            )
