"""The model that a trial keeps on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import SearchError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.layout import METADATA, MODEL, WEIGHTS
from kerastune_lite.training.hypermodel import Builder

if TYPE_CHECKING:
    import keras

    from kerastune_lite.callbacks.kept_model import KeptModel

_REMEDY = (
    "train the model again, with tuner.hypermodel.build(hp) for the hp of tuner.get_best_hyperparameters(), or use "
    "another of the best models"
)


def save_model(model: "keras.Model", directory: Path, epoch: int) -> None:
    """Saves a model in a trial's checkpoint directory.

    Args:
        model: A built model.
        directory: The directory; it is created if it does not exist.
        epoch: The epoch, from 1, after which the model is saved.
    """
    from kerastune_lite.callbacks.kept_model import write_metadata  # noqa: PLC0415 - imports keras

    directory.mkdir(parents=True, exist_ok=True)
    model.save(directory / MODEL)
    write_metadata(directory, MODEL, model, epoch=epoch)


def load_model(builder: Builder, hp: HyperParameters, directory: Path) -> "keras.Model | None":
    """Builds a trial's model and loads its weights from a checkpoint directory; None if no model is there.

    Raises:
        SearchError: A file is damaged, or is not of the model that `build_model` makes now.
    """
    from kerastune_lite.callbacks.kept_model import digest_of, read_metadata  # noqa: PLC0415 - imports keras

    path = next((directory / name for name in (MODEL, WEIGHTS) if (directory / name).exists()), None)
    if path is None:
        return None
    if not path.is_file():
        raise SearchError(f"{path} is not a regular file: {_REMEDY}")
    metadata = read_metadata(directory)
    if metadata is not None and metadata.digest is not None and metadata.digest != digest_of(path):
        raise SearchError(f"{path} is damaged (its checksum is not that in {METADATA}): {_REMEDY}")
    model = builder.build(hp)
    _loading(directory / METADATA, lambda: _build(model, metadata))
    if model.compiled and model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)  # so that the state of the optimizer is loaded too
    _loading(path, lambda: model.load_weights(path))
    return model


def _build(model: "keras.Model", metadata: "KeptModel | None") -> None:
    """Creates the variables of a model that is not built."""
    if model.built:
        return
    if metadata is None:
        raise ValueError("it is damaged or missing")
    model.build_from_config(_shapes(metadata.build))
    model.built = True  # all layers are built; a model without its own build() does not notice


def _loading(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except Exception as error:  # what Keras and h5py raise for files that are not theirs is of many kinds
        cause = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise SearchError(
            f"{path} cannot be used ({cause}): it is damaged, or build_model has changed since it was saved; {_REMEDY}"
        ) from error


def _shapes(config: Any) -> Any:
    """A build config as Keras serializes it, which holds tuples, without anything that names a class of its own.

    Raises:
        ValueError: It holds something else.
    """
    if config is None or isinstance(config, (bool, int, float, str)):
        return config
    if isinstance(config, list):
        return [_shapes(item) for item in config]
    if isinstance(config, dict) and "class_name" not in config:
        return {key: _shapes(item) for key, item in config.items()}
    if isinstance(config, dict) and config["class_name"] == "__tuple__":
        return tuple(_shapes(item) for item in config["items"])
    raise ValueError("it names a class")
