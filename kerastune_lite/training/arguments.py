"""The arguments of `fit` that `search` is given.

They are checked once; functions among them are called for each training.
"""

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
    """All arguments of `fit` by name, except callbacks and verbosity.

    A value may be a function that returns the argument; it is called before each training, with hp if it has one
    parameter.

    Attributes:
        values: The arguments by name.
        cross_validated: Whether each training validates on a fold of the data.
    """

    values: Mapping[str, Any]
    cross_validated: bool = False

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, lasting: bool = True) -> "FitArguments":
        """Names the positional arguments as `fit` does.

        Args:
            args: The positional arguments.
            kwargs: The keyword arguments.
            lasting: Whether several trainings use them.

        Raises:
            DataError: An argument is given twice, or can be used by one trial only.
        """
        if len(args) > len(_POSITIONAL):
            raise DataError(f"search() takes {', '.join(_POSITIONAL)} by position; name the other arguments")
        named = dict(zip(_POSITIONAL, args, strict=False))
        twice = named.keys() & kwargs.keys()
        if twice:
            raise DataError(f"search() got {', '.join(sorted(twice))} both by position and by name")
        values = {**named, **kwargs}
        for name, value in values.items() if lasting else ():
            _check_lasting(name, value)
        return cls({name: _settled(name, value) for name, value in values.items()})

    @property
    def lasting_data(self) -> bool:
        """Whether the data is the same for all trials: no function makes it."""
        return not any(callable(self.values.get(name)) for name in DATA)

    @property
    def validates(self) -> bool:
        """Whether there is validation data."""
        given = self.values.get("validation_data") is not None or bool(self.values.get("validation_split"))
        return given or self.cross_validated

    @property
    def epochs(self) -> int | None:
        """The number of epochs of a training; None if it depends on hp."""
        epochs = self.values.get("epochs", 1)
        return epochs if isinstance(epochs, int) else None

    @property
    def first_validated_epoch(self) -> int:
        """The first epoch, from 1, that reports validation metrics."""
        frequency = self.values.get("validation_freq", 1)
        return frequency if isinstance(frequency, int) else min(map(int, frequency), default=1)

    def check(self) -> None:
        """Checks for errors that would fail every trial.

        Raises:
            DataError: An argument is missing or invalid.
        """
        if self.values.get("x") is None:
            raise DataError("search() got no training data; give it as for fit: search(x, y, ...)")
        check_counts({name: value for name, value in self.values.items() if not callable(value)})
        split = self.values.get("validation_split", 0.0)
        if not callable(split) and split is not None and not 0 <= split < 1:
            raise DataError(f"validation_split={split!r} must be a fraction in [0, 1) of the rows")

    def check_objective(self, objective: Objective) -> None:
        """Raises an ObjectiveError if the objective is a validation metric and there is no validation."""
        late = self.epochs is not None and self.first_validated_epoch > self.epochs
        if objective.name.startswith("val_") and late:
            raise ObjectiveError(
                f"objective {objective.name!r} is never reported: validation_freq={self.values['validation_freq']!r} "
                f"with epochs={self.epochs}"
            )
        if objective.name.startswith("val_") and not self.validates:
            raise ObjectiveError(
                f"objective {objective.name!r} needs validation data; give search() validation_data=(x, y) or "
                f"validation_split=0.2, the tuner cv=5, or use objective={objective.name.removeprefix('val_')!r}"
            )

    def read(self, hp: HyperParameters) -> None:
        """Calls the functions that read hyperparameters, except those that make data."""
        for name, value in self.values.items():
            if name not in DATA and callable(value) and parameters_of(value) == 1:
                value(hp)

    def resolve(self, hp: HyperParameters) -> dict[str, Any]:
        """The arguments of one training; functions are called in the given order."""
        return {name: _call(name, value, hp) if callable(value) else value for name, value in self.values.items()}


def check_counts(values: Mapping[str, Any]) -> None:
    """Checks the epochs and batch sizes, given directly or read from hp.

    Raises:
        DataError: A value is not an integer of at least 1.
    """
    for name in ("epochs", "batch_size", "validation_batch_size"):
        count = whole(values.get(name, 1))
        missing = values.get(name, 1) is None and name != "epochs"  # Keras's default
        if not missing and (count is None or count < 1):
            raise DataError(f"{name}={values[name]!r} must be an integer >= 1")


def parameters_of(function: Callable[..., Any]) -> int:
    """The number of positional parameters without a default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.kind in kinds and parameter.default is parameter.empty for parameter in parameters)


def _call(name: str, function: Callable[..., Any], hp: HyperParameters) -> Any:
    count = parameters_of(function)
    if count > 1:
        raise DataError(f"{name}={function!r} has {count} parameters; a function given to search() takes nothing or hp")
    return _settled(name, function(hp) if count else function())


def _settled(name: str, value: Any) -> Any:
    """`value` as `fit` takes it: lists of numbers as arrays, numbers of any library as Python numbers."""
    return as_arrays(name, value) if name in DATA else plain(value)


def _check_lasting(name: str, value: Any) -> None:
    parts = value if isinstance(value, tuple) else (value,)
    for part in parts:
        if isinstance(part, Iterator):
            raise DataError(
                f"{name}={part!r} can be iterated only once; give a function that creates it for each training: "
                f"search({name}=lambda: make_data(), ...)"
            )
