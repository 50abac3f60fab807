"""The model that a trial keeps on disk."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.layout import METADATA, MODEL, WEIGHTS
from kerastune_lite.training.hypermodel import Builder

if TYPE_CHECKING:
    import keras


def save_model(model: "keras.Model", directory: Path, epoch: int) -> None:
    """Saves a model in a trial's checkpoint directory.

    Args:
        model: A built model.
        directory: The directory; it is created if it does not exist.
        epoch: The epoch, from 1, after which the model is saved.
    """
    import keras  # noqa: PLC0415 - heavy: loaded with the first model

    directory.mkdir(parents=True, exist_ok=True)
    model.save(directory / MODEL)
    metadata = {"epoch": epoch, "build": keras.saving.serialize_keras_object(model.get_build_config())}
    (directory / METADATA).write_text(json.dumps(metadata))


def load_model(builder: Builder, hp: HyperParameters, directory: Path) -> "keras.Model | None":
    """Builds a trial's model and loads its weights from a checkpoint directory; None if no model is there."""
    import keras  # noqa: PLC0415 - heavy: loaded with the first model

    path = next((directory / name for name in (MODEL, WEIGHTS) if (directory / name).exists()), None)
    if path is None:
        return None
    model = builder.build(hp)
    if not model.built:
        metadata = json.loads((directory / METADATA).read_text())
        model.build_from_config(keras.saving.deserialize_keras_object(metadata["build"]))
        model.built = True  # all layers are built; a model without its own build() does not notice
    if model.compiled and model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)  # so that the state of the optimizer is loaded too
    model.load_weights(path)
    return model
