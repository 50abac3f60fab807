"""Checks that y has the form that the model's loss expects; otherwise every trial would fail."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from kerastune_lite.errors import DataError
from kerastune_lite.training.build_ahead import overrides_step
from kerastune_lite.training.data_cache import is_arrays

_SPARSE = ("sparse_categorical_crossentropy",)
_ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy")


def check_labels(model: keras.Model, arguments: Mapping[str, Any]) -> None:
    """Checks that the labels are not missing and not of another form than the loss expects.

    Args:
        model: A compiled model. A model with a custom loss, or with several losses, is not checked.
        arguments: The arguments of `fit` by name.

    Raises:
        DataError: The labels are missing or of the wrong form.
    """
    loss = None if overrides_step(model) else _name(model.loss)
    if loss is None:
        return
    x, y = arguments.get("x"), arguments.get("y")
    if isinstance(x, tf.data.Dataset):
        _check_present(loss, isinstance(x.element_spec, tuple) and len(x.element_spec) > 1, "the dataset has no y")
        y = x.element_spec[1]
    elif is_arrays(x):
        _check_present(loss, y is not None, "search() got no y")
    _check_form(loss, _shape(y), _output_shape(model))


def _check_present(loss: str, present: bool, problem: str) -> None:  # noqa: FBT001 - clear at the calls
    if not present:
        raise DataError(f"{problem}, but the model's loss {loss!r} needs it; give search(x, y, ...)")


def _check_form(loss: str, labels: tuple[int | None, ...], output: tuple[int | None, ...]) -> None:
    classes = output[-1] if output else None
    if classes is None or classes < 2 or not labels:
        return
    if loss in _SPARSE and len(labels) == len(output) and labels[-1] == classes:
        raise DataError(
            f"y of shape {labels} is one-hot, but loss {loss!r} expects class numbers; "
            f'compile with loss="categorical_crossentropy", or give y.argmax(axis=-1)'
        )
    if loss in _ONE_HOT and (len(labels) == len(output) - 1 or labels[-1] == 1):
        raise DataError(
            f"y of shape {labels} holds class numbers, but loss {loss!r} expects one-hot labels in {classes} columns; "
            f'compile with loss="sparse_{loss.replace("_focal", "")}", or give keras.utils.to_categorical(y)'
        )


def _name(loss: Any) -> str | None:
    """The name of the function of a single loss; None for no loss or several."""
    if loss is None or isinstance(loss, (dict, list, tuple)):
        return None
    found = keras.losses.get(loss)
    return getattr(getattr(found, "fn", found), "__name__", type(found).__name__)


def _shape(data: Any) -> tuple[int | None, ...]:
    """The shape of an array, a tensor or a tensor specification; empty for anything else."""
    try:
        return tuple(getattr(data, "shape", ()))
    except ValueError:  # a tensor of unknown rank
        return ()


def _output_shape(model: keras.Model) -> tuple[int | None, ...]:
    """The shape of a single output; empty if there are several, or if it is unknown before the training."""
    try:
        shape = model.output_shape
    except (AttributeError, ValueError):
        return ()
    return shape if isinstance(shape, tuple) and not any(isinstance(side, tuple) for side in shape) else ()
