"""Records studies as `tests/study/test_earlier_versions.py` reads them, by the code that this file lies beside.

`python -m tests.data.record tests/data/NAME`, once for each change of what is written. Both studies are small: one of
a plain function, with failures, a retry and infeasible configurations, and one of a network, whose process dies in the
third trial after three of five epochs.
"""

import os
import shutil
import sys
from pathlib import Path

import kerastune_lite as kt
from kerastune_lite.study.events import Reported
from tests import tiny
from tests.study.test_earlier_versions import build_model, function

LEFT_OUT = ("study.lock", "tensorboard", "files")


def record_function(directory):
    kt.tune(
        function,
        objective="score",
        max_trials=8,
        strategy=kt.strategies.Bayesian(),
        seed=3,
        directory=directory,
        project_name="function",
        max_retries_per_trial=1,
        verbose=0,
    )


def record_keras(directory):
    """The last thing that this process does."""

    def die(event, history):
        if isinstance(event, Reported) and (event.trial, event.epoch) == (2, 3):
            finish(directory)
            os._exit(0)

    tuner = kt.RandomSearch(
        build_model,
        "val_loss",
        max_trials=4,
        seed=0,
        directory=directory,
        project_name="keras",
        tensorboard=False,
        keep_checkpoints=1,
        observers=[die],
    )
    tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_split=0.25, epochs=5, verbose=0)


def finish(directory):
    """Deletes what is not read again."""
    for study in directory.iterdir():
        for name in LEFT_OUT:
            path = study / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


if __name__ == "__main__":
    record_function(Path(sys.argv[1]))
    record_keras(Path(sys.argv[1]))
