import warnings

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


def test_what_is_no_single_number_is_left_out_with_one_warning_a_name():
    logs = {"loss": np.float32(1), "who": "me", "per_class": np.zeros(3), "none": None, "right": np.True_, "one": [2]}
    heard = []
    report = Report(lambda epoch, metrics: heard.append(metrics))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report.on_epoch_end(0, logs)
        report.on_epoch_end(1, logs)
    assert heard == [{"loss": 1.0, "right": 1.0, "one": 2.0}] * 2
    assert [str(warning.message) for warning in caught] == [
        "metric 'who' is not a single number but 'me' and is not recorded",
        "metric 'per_class' is not a single number but an array of shape (3,) and is not recorded",
        "metric 'none' is not a single number but None and is not recorded",
    ]
