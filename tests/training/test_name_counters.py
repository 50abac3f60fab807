import keras
import pytest

from kerastune_lite.training import name_counters
from kerastune_lite.training.name_counters import NameCounters, reset_metrics


class MyIoU(keras.metrics.IoU):
    pass


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (keras.metrics.AUC, "auc"),
        (lambda: keras.metrics.MeanIoU(2), "mean_io_u"),
        (lambda: MyIoU(2, [0]), "my_io_u"),
    ],
)
def test_the_next_metric_of_each_kind_gets_its_plain_name(make, name):
    make()
    reset_metrics()
    assert [make().name, make().name] == [name, f"{name}_1"]


def test_layers_are_named_from_where_they_began():
    before = keras.layers.Dense(1).name
    counters = NameCounters()
    first = [keras.layers.Dense(1).name, keras.metrics.AUC().name]
    counters.reset()
    assert [keras.layers.Dense(1).name, keras.metrics.AUC().name] == [first[0], "auc"]
    assert before != first[0]


def test_layers_keep_their_names_where_metrics_lose_theirs():
    first = keras.layers.Dense(1).name
    reset_metrics()
    assert keras.layers.Dense(1).name != first


def test_without_access_to_the_counters_names_are_numbered_on(monkeypatch):
    monkeypatch.setattr(name_counters, "get_global_attribute", None)
    monkeypatch.setattr(name_counters, "set_global_attribute", None)
    first = keras.metrics.AUC().name
    NameCounters().reset()
    assert keras.metrics.AUC().name != first
