"""Runs a Keras search again and again in children that are killed at random moments, until one gets to the end.

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
import time
from pathlib import Path

import keras

import kerastune_lite as kt
from kerastune_lite.observers import console
from tests import tiny

assert console
KILLS = 30


def build_model(hp):
    units = hp.Choice("units", [2, 4])
    model = tiny.network(units, dropout=hp.Choice("dropout", [0.2, 0.4]))
    return tiny.compiled(model, hp.Choice("learning_rate", [0.01, 0.1]))


def search(directory, kind):
    make = {"random": kt.RandomSearch, "grid": kt.GridSearch}[kind]
    tuner = make(build_model, "val_loss", max_trials=8, directory=directory, seed=1, patience=3)
    decay = keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1)
    with contextlib.redirect_stdout(io.StringIO()):
        return tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_split=0.25, epochs=6, callbacks=[decay], verbose=0)


def summary(results):
    return [
        [trial.number, trial.status, dict(trial.values), [dict(run.metrics) for run in trial.executions]]
        for trial in sorted(results, key=lambda trial: trial.number)
    ]


def in_child(directory, kind, life):
    """Lets a child search for at most `life` seconds; says whether it got to the end."""
    child = os.fork()
    if child == 0:
        results = search(directory, kind)
        Path(directory, "summary.json").write_text(json.dumps(summary(results)))
        os._exit(0)
    end = time.monotonic() + life
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return True
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main(directory, kind, seed):
    rng = random.Random(seed)
    began = time.monotonic()
    in_child(f"{directory}/whole", kind, 600)
    whole = time.monotonic() - began
    kills = 0
    while kills < KILLS and not in_child(f"{directory}/cut", kind, rng.uniform(0.02, 0.12) * whole):
        kills += 1
    in_child(f"{directory}/cut", kind, 600)
    texts = [Path(directory, side, "summary.json").read_text() for side in ("whole", "cut")]
    print(json.dumps({"kills": kills, "whole": json.loads(texts[0]), "cut": json.loads(texts[1])}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
