"""Draws which trainings `stopping="auto"` ends, and when: `python -m models.stopped_curves docs/stopped_curves.svg`."""

import sys
import tempfile

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

import kerastune_lite as kt
from models.digits_mlp import build_model, load_data

EPOCHS = 40
TRIALS = 40
COLOURS = {"completed": "tab:green", "stopped": "tab:grey"}


def search(directory):
    """The trials of a random search on digits."""
    train, validation, _ = load_data()
    tuner = kt.RandomSearch(build_model, "val_accuracy", TRIALS, seed=0, directory=directory, stopping="auto")
    return tuner.search(*train, validation_data=validation, epochs=EPOCHS, batch_size=32)


def draw(results, path):
    """The best accuracy so far of each trial; a dot marks where it was stopped."""
    mpl.rcParams["svg.hashsalt"] = "stopped curves"
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for trial in results:
        curve = trial.curve()
        accuracies = [-value for value in curve.minimized]
        axes.plot(curve.epochs, accuracies, color=COLOURS[trial.status], linewidth=1, alpha=0.8)
        if trial.status == "stopped":
            axes.plot(curve.epochs[-1], accuracies[-1], ".", color=COLOURS["stopped"])
    trained = sum(trial.epoch for trial in results)
    axes.set(xlabel="epoch", ylabel="best val_accuracy so far", ylim=(0.5, 1))
    axes.set_title(f"{len(results)} trials, {trained} of {len(results) * EPOCHS} epochs trained")
    axes.legend([plt.Line2D([], [], color=colour) for colour in COLOURS.values()], COLOURS)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        draw(search(place), sys.argv[1])
