"""The state of the random generators that a process has: Python's, numpy's, TensorFlow's and Keras's.

Layers without a seed of their own, callbacks and data draw from them. TensorFlow's are read only if it is loaded.
"""

import random
import sys
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_lite.callbacks.plain import Array, NotPlain, pack, unpack

try:  # no public name leads to Keras's global seed generator
    from keras.src.backend.common.global_state import get_global_attribute
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR, global_seed_generator
except ImportError:  # a layer that draws from it then resumes with other numbers
    get_global_attribute = None

_WORDS = 624  # of the state of a Mersenne twister


def capture(arrays: list[Array]) -> Any:
    """The states as packed data; their arrays are appended to `arrays`."""
    states = {
        "python": _twister(random.getstate()),
        "numpy": [*np.random.get_state()][1:],  # noqa: NPY002 - it is the global generator that is saved
        "tensorflow": None if (generator := _tensorflow()) is None else _twister(generator.getstate()),
        "tf.random": None if (variable := _tensorflow_global()) is None else variable,
        "keras": None if (variable := _keras(create=False)) is None else variable,
    }
    return pack(states, arrays)


def restore(packed: Any, arrays: Sequence[Array]) -> None:
    """Restores what `capture` returned.

    Raises:
        NotPlain: `packed` is something else.
    """
    states = unpack(packed, arrays)
    try:
        if states["keras"] is not None and (variable := _keras(create=True)) is not None:
            variable.assign(states["keras"])
        if states["tf.random"] is not None and (variable := _tensorflow_global(create=True)) is not None:
            variable.assign(states["tf.random"])
        if states["tensorflow"] is not None and (generator := _tensorflow()) is not None:
            generator.setstate(_python_state(*states["tensorflow"]))
        np.random.set_state(("MT19937", *states["numpy"]))  # noqa: NPY002
        random.setstate(_python_state(*states["python"]))  # the last one: to create a generator draws from it
    except (KeyError, TypeError, ValueError) as error:
        raise NotPlain from error


def _twister(state: tuple[Any, ...]) -> list[Any]:
    return [np.array(state[1], dtype=np.uint32), state[2]]


def _python_state(words: Array, gauss: float | None) -> tuple[Any, ...]:
    if words.shape != (_WORDS + 1,):
        raise ValueError
    return (3, tuple(words.tolist()), gauss)


def _tensorflow() -> random.Random | None:
    """The generator of the seeds of operations that run eagerly."""
    module = sys.modules.get("tensorflow.python.eager.context")
    found = None if module is None else getattr(module.context(), "_rng", None)
    return found if isinstance(found, random.Random) else None


def _tensorflow_global(*, create: bool = False) -> Any:
    """The state of `tf.random.get_global_generator()`."""
    module = sys.modules.get("tensorflow.python.ops.stateful_random_ops")
    if module is None or (getattr(module, "global_generator", None) is None and not create):
        return None
    return module.get_global_generator().state


def _keras(*, create: bool) -> keras.Variable | None:
    """The state of the generator that layers without a seed of their own share."""
    if get_global_attribute is None or (get_global_attribute(GLOBAL_SEED_GENERATOR) is None and not create):
        return None
    return global_seed_generator().state
