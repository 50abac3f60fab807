"""Runs a Keras search again and again in children that are killed at counted moments, until one gets to the end.

TensorFlow is imported once and not used before the fork, so that a child starts in no time. Prints, as JSON, what the
study holds then and what an uninterrupted one holds.
"""

import contextlib
import io
import json
import os
import random
import signal
import sys
from pathlib import Path

import keras

import kerastune_lite as kt
from kerastune_lite.observers import console
from tests import tiny
from tests.dying import die_at

assert console
LIVES = 30
# changes of files that a life has at most; to resume takes about ten, an epoch about eight
LONGEST = 32


def build_model(hp):
    units = hp.Choice("units", [2, 4])
    model = tiny.network(units, dropout=hp.Choice("dropout", [0.2, 0.4]))
    return tiny.compiled(model, hp.Choice("learning_rate", [0.01, 0.1]))


def search(directory, kind):
    make = {"random": kt.RandomSearch, "grid": kt.GridSearch}[kind]
    options = {"max_trials": 8, "seed": 1, "patience": 3}
    # kills come from outside here; some epochs are hit twice
    tuner = make(build_model, "val_loss", directory=directory, max_crashes=None, **options)
    decay = keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1)
    with contextlib.redirect_stdout(io.StringIO()):
        return tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_split=0.25, epochs=6, callbacks=[decay], verbose=0)


def summary(results):
    return [
        [trial.number, trial.status, dict(trial.values), [dict(run.metrics) for run in trial.executions]]
        for trial in sorted(results, key=lambda trial: trial.number)
    ]


def in_child(directory, kind, moment=None):
    """Lets a child search until its files have changed `moment` times; says whether it was killed there."""
    child = os.fork()
    if child == 0:
        if moment is not None:
            die_at(moment)
        results = search(directory, kind)
        Path(directory, "summary.json").write_text(json.dumps(summary(results)))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(directory, kind, seed):
    rng = random.Random(seed)
    in_child(f"{directory}/whole", kind)
    kills = sum(in_child(f"{directory}/cut", kind, rng.randint(1, LONGEST)) for _ in range(LIVES))
    in_child(f"{directory}/cut", kind)
    texts = [Path(directory, side, "summary.json").read_text() for side in ("whole", "cut")]
    print(json.dumps({"kills": kills, "whole": json.loads(texts[0]), "cut": json.loads(texts[1])}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
