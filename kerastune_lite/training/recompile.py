"""Replaces arguments of `compile` in a model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def recompiled(model: "keras.Model", replaced: Mapping[str, Any]) -> "keras.Model":
    """`model`, recompiled with these arguments; all other arguments of `compile` are unchanged.

    Args:
        model: A model, compiled or not.
        replaced: Any of `optimizer`, `loss` and `metrics`. Each model gets a copy of the optimizer.
    """
    if not replaced:
        return model
    import keras  # noqa: PLC0415 - heavy: loaded when the first model is built

    given = dict(replaced)
    if isinstance(given.get("optimizer"), keras.optimizers.Optimizer):
        given["optimizer"] = keras.optimizers.deserialize(keras.optimizers.serialize(given["optimizer"]))
    # only this private attribute holds the original arguments; the public config holds them serialised
    own = model._compile_config.config if model.compiled else {}  # noqa: SLF001
    model.compile(**{**own, **given})
    return model
