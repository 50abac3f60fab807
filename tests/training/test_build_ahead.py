import keras
import pytest

from kerastune_lite.training.build_ahead import build_ahead
from tests import tiny

BATCH = (tiny.X_TRAIN[:8], tiny.Y_TRAIN[:8])


def compiled(model, *, run_eagerly=False):
    metrics = ["accuracy", keras.metrics.AUC(name="auc")]
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=metrics, run_eagerly=run_eagerly)
    return model


def trained(model):
    return model.fit(tiny.X_TRAIN, tiny.Y_TRAIN, epochs=2, shuffle=False, verbose=0).history


def count(model):
    return len(model.variables) + len(model.optimizer.variables) + sum(len(m.variables) for m in model.metrics)


def test_a_training_makes_no_further_variables():
    model = compiled(tiny.network())
    build_ahead(model, BATCH)
    before = count(model)
    trained(model)
    assert count(model) == before


def test_a_training_gives_the_same_to_the_bit():
    histories = []
    for ahead in (False, True):
        keras.utils.set_random_seed(0)
        model = compiled(tiny.network(dropout=0.5))
        if ahead:
            build_ahead(model, BATCH)
        histories.append(trained(model))
    assert histories[0] == histories[1]


def test_metrics_begin_at_zero():
    model = compiled(tiny.network())
    build_ahead(model, BATCH)
    assert all(float(variable.numpy().sum()) == 0 for metric in model.metrics for variable in metric.variables)


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


class NotBuilt(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize("kind", ["own step", "eager", "not built"])
def test_a_model_of_another_kind_is_unchanged(kind):
    if kind == "own step":
        model = compiled(OwnStep(tiny.network().layers))
        model.build((None, 4))
    elif kind == "eager":
        model = compiled(tiny.network(), run_eagerly=True)
    else:
        model = compiled(NotBuilt())
    build_ahead(model, BATCH)
    assert not model.optimizer.built


def test_a_sequential_model_is_built_for_the_first_batch():
    model = compiled(keras.Sequential([keras.layers.Dense(1)]))
    build_ahead(model, BATCH)
    assert model.optimizer.built
