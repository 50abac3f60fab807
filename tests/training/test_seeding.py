"""Seeds that leave prepared kernels in place: the same random numbers as with `keras.utils.set_random_seed`."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from kerastune_lite.training import seeding
from kerastune_lite.training.seeding import Seeds


def drawn():
    """Numbers of all generators; the kernels of the second and third keep a state."""
    return (
        random.random(),
        tf.random.normal([2]).numpy().tolist(),
        [tf.random.normal([2], seed=3).numpy().tolist() for _ in range(2)],
        np.random.random(),  # noqa: NPY002
        keras.random.normal([2]).numpy().tolist(),
        [int(row) for row in tf.data.Dataset.range(5).shuffle(5)],
    )


def draws(set_seed, seeds):
    found = []
    for seed in seeds:
        set_seed(seed)
        found.append(drawn())
    return found


@pytest.mark.parametrize("seeds", [[1, 2, 3], [1, 1], [1, 2, 1, 2, 2]])
def test_the_numbers_are_those_of_keras(seeds):
    assert draws(Seeds().set, seeds) == draws(keras.utils.set_random_seed, seeds)


def test_a_seed_that_the_user_set_in_between_counts():
    seeds = Seeds()
    seeds.set(1)
    tf.random.set_seed(2)
    first = tf.random.normal([2], seed=3).numpy().tolist()
    seeds.set(2)
    assert tf.random.normal([2], seed=3).numpy().tolist() == first


@pytest.fixture
def cleared(monkeypatch):
    """How often TensorFlow has forgotten its kernels."""
    calls, clear = [], context.pywrap_tfe.TFE_ContextClearCaches
    monkeypatch.setattr(
        context.pywrap_tfe, "TFE_ContextClearCaches", lambda handle: calls.append(handle) or clear(handle)
    )
    return calls


@pytest.mark.parametrize(("seeds", "count"), [([1, 2, 3], 1), ([1, 2, 2, 3], 2), ([1, 2, 1], 2)])
def test_kernels_are_forgotten_only_where_they_may_hold_a_state(cleared, seeds, count):
    tf.random.set_seed(0)
    cleared.clear()
    draws(Seeds().set, seeds)
    assert len(cleared) == count


def test_kernels_of_many_seeds_are_forgotten(cleared, monkeypatch):
    monkeypatch.setattr(seeding, "_MOST_SEEDS", 3)
    cleared.clear()
    draws(Seeds().set, range(9))
    assert len(cleared) == 3


def test_another_version_of_tensorflow_is_left_alone(monkeypatch):
    monkeypatch.delattr(context.pywrap_tfe, "TFE_ContextClearCaches")
    monkeypatch.setattr(keras.utils, "set_random_seed", random.seed)
    assert draws(Seeds().set, [1])[0][0] == random.Random(1).random()
