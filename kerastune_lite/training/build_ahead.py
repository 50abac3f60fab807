"""Creates variables before a training is traced.

Keras creates the variables of the optimizer and of the metrics while it traces the first step. A trace that creates
variables has to be repeated, which takes about a sixth of a short training. A training that resumes needs the variables
of the model before it begins, to restore them.
"""

from contextlib import suppress
from typing import Any

import keras
import tensorflow as tf

from kerastune_lite.callbacks.model_variables import all_variables

# A model that overrides one of these may create other variables.
_STEP_METHODS = ("train_step", "compute_loss", "compute_metrics")


def overrides_step(model: keras.Model) -> bool:
    """Whether the model's class overrides how a batch is trained."""
    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in _STEP_METHODS)


def build_for(model: keras.Model, x: Any) -> None:
    """Creates the variables of a model that has none before its first batch, if a call on `x` can create them."""
    if model.built:
        return
    with suppress(Exception):  # user code: a model may be trained without a call of its own, or need more than x
        if type(model) is keras.Sequential and tf.is_tensor(x):
            model.build((None, *x.shape[1:]))  # for batches of any size, as fit does
        else:
            model(x, training=False)


def build_ahead(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Creates the variables of the optimizer, the loss and the metrics. The results of the training stay the same.

    Args:
        model: A compiled model. Nothing is done if it runs eagerly or overrides how a batch is trained, or if it is not
            built, apart from a `Sequential`.
        batch: Some rows of (x,), (x, y) or (x, y, sample_weight), as tensors.
    """
    if overrides_step(model) or model.run_eagerly or model.optimizer is None:
        return
    x, y, sample_weight = (*batch, None, None)[:3]
    if type(model) is keras.Sequential:
        build_for(model, x)
    if not model.built:
        return
    before = [(variable, variable.numpy()) for variable in all_variables(model) if not variable.trainable]
    model.optimizer.build(model.trainable_variables)
    y_pred = model(x, training=False)
    model.compute_loss(x, y, y_pred, sample_weight, training=False)
    model.compute_metrics(x, y, y_pred, sample_weight)
    model.reset_metrics()
    for variable, value in before:  # a stateful layer changes them even outside of training
        variable.assign(value)
