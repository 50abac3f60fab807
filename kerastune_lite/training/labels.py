"""Whether y is what the model's loss compares with: labels in the wrong form would fail every trial alike."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from kerastune_lite.errors import DataError
from kerastune_lite.training.build_ahead import steps_of_its_own
from kerastune_lite.training.data_cache import is_arrays

_SPARSE = ("sparse_categorical_crossentropy",)
_ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy")


def check_labels(model: keras.Model, arguments: Mapping[str, Any]) -> None:
    """Finds labels that are missing, or of the other form than the loss takes.

    Args:
        model: Compiled; one with a loss of its own, or several, is taken as it is.
        arguments: Those of its `fit`, by name.

    Raises:
        DataError: Every training would fail by them.
    """
    loss = None if steps_of_its_own(model) else _name(model.loss)
    if loss is None:
        return
    x, y = arguments.get("x"), arguments.get("y")
    if isinstance(x, tf.data.Dataset):
        _check_there(loss, isinstance(x.element_spec, tuple) and len(x.element_spec) > 1, "the dataset gives no y")
        y = x.element_spec[1]
    elif is_arrays(x):
        _check_there(loss, y is not None, "search() got no y")
    _check_form(loss, _shape(y), _output_shape(model))


def _check_there(loss: str, there: bool, problem: str) -> None:  # noqa: FBT001 - said at the call
    if not there:
        raise DataError(f"{problem}, and the model's loss {loss!r} compares with one; give it: search(x, y, ...)")


def _check_form(loss: str, labels: tuple[int | None, ...], output: tuple[int | None, ...]) -> None:
    classes = output[-1] if output else None
    if classes is None or classes < 2 or not labels:
        return
    if loss in _SPARSE and len(labels) == len(output) and labels[-1] == classes:
        raise DataError(
            f"y of shape {labels} is one-hot, and loss {loss!r} takes class numbers; "
            f'compile with loss="categorical_crossentropy", or give y.argmax(axis=-1)'
        )
    if loss in _ONE_HOT and (len(labels) == len(output) - 1 or labels[-1] == 1):
        raise DataError(
            f"y of shape {labels} holds class numbers, and loss {loss!r} takes {classes} columns, one-hot; "
            f'compile with loss="sparse_{loss.replace("_focal", "")}", or give keras.utils.to_categorical(y)'
        )


def _name(loss: Any) -> str | None:
    """A single loss by the name of its function; None for none or several."""
    if loss is None or isinstance(loss, (dict, list, tuple)):
        return None
    found = keras.losses.get(loss)
    return getattr(getattr(found, "fn", found), "__name__", type(found).__name__)


def _shape(data: Any) -> tuple[int | None, ...]:
    """The shape of one array, tensor or specification of a dataset; empty for anything else."""
    try:
        return tuple(getattr(data, "shape", ()))
    except ValueError:  # a tensor of unknown rank
        return ()


def _output_shape(model: keras.Model) -> tuple[int | None, ...]:
    """The shape of the one output; empty where there are several, or none is known before the training."""
    try:
        shape = model.output_shape
    except (AttributeError, ValueError):
        return ()
    return shape if isinstance(shape, tuple) and not any(isinstance(side, tuple) for side in shape) else ()
