"""The user's callbacks, created or copied for each training."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from kerastune_lite.errors import DataError, UsageError
from kerastune_lite.space.kinds import Value
from kerastune_lite.training.arguments import parameters_of

_REMEDY = "give a function that creates it for each trial: callbacks=lambda trial: [...]"


@dataclass(frozen=True)
class TrialInfo:
    """The argument of a function given as `callbacks=lambda trial: [...]`.

    Attributes:
        number: The trial's number, from 0.
        values: The values of the hyperparameters read so far, by name.
        execution: The number of the execution, from 0.
        place: The path of `directory`, which may not exist.
    """

    number: int
    values: Mapping[str, Value]
    execution: int
    place: Path

    @property
    def directory(self) -> Path:
        """The directory for files of the trial; created if it does not exist."""
        self.place.mkdir(parents=True, exist_ok=True)
        return self.place


class UserCallbacks:
    """Creates the callbacks of each training.

    Args:
        given: A callback, a list of callbacks, or a function that returns a list, with the trial as its parameter or
            without a parameter.

    Raises:
        DataError: `given` is something else, or a callback cannot be used for several trials.
    """

    def __init__(self, given: "Sequence[keras.callbacks.Callback] | Callable[..., Any] | None") -> None:
        self._make: Callable[..., Any] | None = None
        self._given: list[keras.callbacks.Callback] = []
        if given is None:
            return
        if callable(given) and not isinstance(given, (type, keras.callbacks.Callback)):
            self._make = given
            return
        self._given = list(given) if isinstance(given, (list, tuple)) else [given]
        for callback in self._given:
            _check(callback)

    def fresh(self, trial: TrialInfo, board: Path) -> list[keras.callbacks.Callback]:
        """New callbacks for a training; a `keras.callbacks.TensorBoard` among them writes to `board`."""
        if self._make is None:
            callbacks = [_copy(callback) for callback in self._given]
        else:
            made = self._make(trial) if parameters_of(self._make) else self._make()
            if not isinstance(made, (list, tuple)):
                raise DataError(f"the function given as callbacks must return a list of callbacks, got {made!r}")
            callbacks = list(made)
            for callback in callbacks:
                _check_kind(callback)
        for callback in callbacks:
            if isinstance(callback, keras.callbacks.TensorBoard):
                callback.log_dir = str(board)
        return callbacks


def check_option(name: str, value: Any, kind: type, others: str) -> None:
    """Checks that an option of the tuner is a callback of this kind.

    Args:
        name: The name of the option.
        value: The value of the option.
        kind: The class of the callback.
        others: The other values that are valid, for the error message.

    Raises:
        UsageError: `value` is something else.
    """
    if isinstance(value, kind):
        return
    if isinstance(value, type):
        hint = f"; it is a class, give an instance: {name}=kt.callbacks.{kind.__name__}(...)"
    else:
        hint = "; give callbacks of Keras to search(callbacks=[...])" * isinstance(value, keras.callbacks.Callback)
    raise UsageError(f"{name}={value!r} must be {others} or a kt.callbacks.{kind.__name__}{hint}")


def _check_kind(callback: Any) -> None:
    if isinstance(callback, type) and issubclass(callback, keras.callbacks.Callback):
        raise DataError(
            f"callbacks holds the class {callback.__name__}; give an instance: callbacks=[{callback.__name__}(...)]"
        )
    if not isinstance(callback, keras.callbacks.Callback):
        raise DataError(f"callbacks holds {callback!r}, which is not a keras.callbacks.Callback")


def _check(callback: Any) -> None:
    name = type(callback).__name__
    _check_kind(callback)
    if callback.model is not None:
        raise DataError(f"callback {name} has been used in a training already; {_REMEDY}")
    # containers that a class of Keras or of this package creates do not hold the user's records
    ours = [kind for kind in type(callback).__mro__ if kind.__module__.partition(".")[0] in ("keras", "kerastune_lite")]
    own = {name for kind in ours for name in kind.__init__.__code__.co_names}  # type: ignore[misc]
    held = [
        name
        for name, value in vars(callback).items()
        if name not in own and isinstance(value, (list, dict, set, bytearray))
    ]
    if held:
        raise DataError(
            f"callback {name} keeps {', '.join(held)}; each training uses a copy, so its records would be lost; "
            f"{_REMEDY}"
        )


def _copy(callback: keras.callbacks.Callback) -> keras.callbacks.Callback:
    try:
        return copy.deepcopy(callback)
    except TypeError as error:
        raise DataError(f"callback {type(callback).__name__} cannot be copied ({error}); {_REMEDY}") from error
