"""Seeds the random generators of the process without a loss of what TensorFlow has prepared, and keeps their states.

TensorFlow optimizes a graph before its first call, which takes longer than some epochs of a small model. A new seed
makes it forget that for all graphs, because the kernels of random operations hold a state. But such kernels have the
seed in their key: those of a seed that was never set before do not exist.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

import keras
import numpy as np

try:
    from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute
except ImportError:  # its generator is then not kept
    get_global_attribute = set_global_attribute = None

# Then all is forgotten nevertheless: the kernels of earlier seeds take memory.
_MOST_SEEDS = 32
_CLEAR = "TFE_ContextClearCaches"
# What TensorFlow's context takes the seeds of operations from.
_SEEDS = ("_seed", "_rng")
# What `keras.random` draws from.
_OF_KERAS = ("global_random_seed", "global_seed_generator")


@final
class Seeds:
    """The seeds that were set since TensorFlow has forgotten its kernels; None if that is not known."""

    def __init__(self) -> None:
        self._set: set[int | None] | None = None

    def set(self, seed: int) -> None:
        """`keras.utils.set_random_seed`."""
        context = sys.modules.get("tensorflow.python.eager.context")
        if context is None or not hasattr(getattr(context, "pywrap_tfe", None), _CLEAR):
            keras.utils.set_random_seed(seed)
            return
        known = None if self._set is None else self._set | {context.global_seed()}  # code of the user's may set one
        if known is None or seed in known or len(known) > _MOST_SEEDS:
            keras.utils.set_random_seed(seed)
            self._set = {seed}
            return
        with _without_clearing(context.pywrap_tfe):
            keras.utils.set_random_seed(seed)
        self._set = known | {seed}


@contextmanager
def kept_generators() -> Iterator[None]:
    """Gives random generators of the process the states that they had: of Python, NumPy, Keras and `tf.random`."""
    context = sys.modules.get("tensorflow.python.eager.context")
    seeds = {} if context is None else vars(context.context())
    kept = {name: seeds[name] for name in _SEEDS if name in seeds}
    of_keras = {} if get_global_attribute is None else {name: get_global_attribute(name) for name in _OF_KERAS}
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's code may use it
    try:
        yield
    finally:
        seeds.update(kept)
        for name, value in of_keras.items():
            set_global_attribute(name, value)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def _without_clearing(calls: Any) -> Iterator[None]:
    clear = getattr(calls, _CLEAR)
    setattr(calls, _CLEAR, lambda _: None)
    try:
        yield
    finally:
        setattr(calls, _CLEAR, clear)


SEEDS = Seeds()
"""The seeds of this process."""
