"""Arguments of `compile` that a tuner replaces in each model it builds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def recompiled(model: "keras.Model", replaced: Mapping[str, Any]) -> "keras.Model":
    """`model`, compiled again with these arguments in place of its own; all others stay as they are.

    Args:
        model: Compiled by the user, or not at all.
        replaced: `optimizer`, `loss` and `metrics`, those that are given. An optimizer is copied for each model.
    """
    if not replaced:
        return model
    import keras  # noqa: PLC0415 - heavy: loaded when the first model is built

    given = dict(replaced)
    if isinstance(given.get("optimizer"), keras.optimizers.Optimizer):
        given["optimizer"] = keras.optimizers.deserialize(keras.optimizers.serialize(given["optimizer"]))
    # Keras tells the original arguments nowhere else; its public config holds them serialised
    own = model._compile_config.config if model.compiled else {}  # noqa: SLF001
    model.compile(**{**own, **given})
    return model
