import numpy as np

from kerastune_lite.callbacks import Report
from kerastune_lite.callbacks.report import scalars
from tests import tiny


def test_each_epoch_is_reported_counting_from_1():
    seen = []
    tiny.compiled(tiny.network()).fit(
        tiny.X,
        tiny.Y,
        epochs=2,
        verbose=0,
        callbacks=[Report(lambda epoch, metrics: bool(seen.append((epoch, metrics))))],
    )
    assert [(epoch, sorted(metrics)) for epoch, metrics in seen] == [
        (1, ["accuracy", "loss"]),
        (2, ["accuracy", "loss"]),
    ]


def test_true_ends_the_training_after_the_epoch():
    history = tiny.compiled(tiny.network()).fit(
        tiny.X, tiny.Y, epochs=5, verbose=0, callbacks=[Report(lambda epoch, metrics: epoch == 2)]
    )
    assert len(history.epoch) == 2


def test_a_metric_per_class_is_left_out():
    assert scalars({"f1": np.array([0.1, 0.2]), "loss": np.float32(0.5), "one": np.array([2.0])}) == {
        "loss": 0.5,
        "one": 2.0,
    }
