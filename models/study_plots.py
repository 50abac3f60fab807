"""Draws the pictures of docs/plots.md: `python -m models.study_plots docs/plots`."""

import sys
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

import kerastune_lite as kt
from models.digits_mlp import build_model, load_data

EPOCHS = 20
TRIALS = 60
PLOTS = ("history", "edf", "importance", "parallel_coordinates", "slice", "contour", "curves", "timeline")


def search(directory):
    """A random search on digits that stops what has no chance."""
    train, validation, _ = load_data()
    tuner = kt.RandomSearch(build_model, "val_accuracy", TRIALS, seed=0, directory=directory, stopping="auto")
    return tuner.search(*train, validation_data=validation, epochs=EPOCHS, batch_size=32)


def draw(results, folder):
    """Each plot of the results as an SVG file."""
    mpl.rcParams["svg.hashsalt"] = "plots"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLOTS:
        axes = getattr(results, f"plot_{name}")()
        axes.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(axes.figure)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        draw(search(place), Path(sys.argv[1]))
