"""Variables made before a training is traced.

Keras makes the variables of the optimizer and of the metrics while it traces the first step, and a trace that makes
variables has to be done again: about a sixth of a short training.
"""

from typing import Any

import keras

# What a model may define anew: then only its own step knows what it makes, and is left alone.
_KERAS_OWN = ("train_step", "compute_loss", "compute_metrics")


def steps_of_its_own(model: keras.Model) -> bool:
    """Whether the user's class defines anew how a batch trains."""
    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in _KERAS_OWN)


def build_ahead(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Lets the optimizer, the loss and the metrics of `model` make their variables; its results stay the same.

    Args:
        model: Compiled; one that is not built, runs eagerly or trains in a way of its own is left as it is.
        batch: Some rows of (x,), (x, y) or (x, y, sample_weight), as tensors.
    """
    if steps_of_its_own(model) or not model.built or model.run_eagerly or model.optimizer is None:
        return
    x, y, sample_weight = (*batch, None, None)[:3]
    model.optimizer.build(model.trainable_variables)
    y_pred = model(x, training=False)
    model.compute_loss(x, y, y_pred, sample_weight, training=False)
    model.compute_metrics(x, y, y_pred, sample_weight)
    model.reset_metrics()
