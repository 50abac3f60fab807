"""The command line and the final report of the examples."""

import argparse
import os
import sys
from pathlib import Path

import keras

import kerastune_lite as kt


def parse(project, trials, epochs):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--search", choices=["random", "grid", "bayesian"], default="random", help="search strategy")
    parser.add_argument("--trials", type=int, default=trials, help="total number of trials of the study")
    parser.add_argument("--epochs", type=int, default=epochs, help="maximum epochs per trial")
    parser.add_argument("--directory", default="logs", help="directory of studies")
    parser.add_argument("--project", default=project, help="name of the study")
    parser.add_argument("--seed", type=int, default=0, help="seed, for a reproducible search")
    parser.add_argument("--workers", type=int, default=1, help="processes that train at the same time")
    return parser.parse_args()


def make_tuner(build_model, objective, options):
    make = {"random": kt.RandomSearch, "grid": kt.GridSearch, "bayesian": kt.BayesianOptimization}[options.search]
    return make(
        build_model,
        objective,
        max_trials=options.trials,
        directory=options.directory,
        project_name=options.project,
        seed=options.seed,
        workers=options.workers,
        early_stopping=kt.callbacks.EarlyStopping(patience=4),
    )


def report(tuner, x_test, y_test):
    """Prints the best model, its accuracy on the test set, and where to find the results."""
    best = tuner.results().best
    model: keras.Model = tuner.get_best_models()[0]
    on_test = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    print(f"\nbest model: trial {best.number} with {dict(best.values)}")
    print(f"{tuner.objective.name} {best.score:.4f} in epoch {best.best_epoch}")
    print(f"on the test set: accuracy {on_test['accuracy']:.4f}")
    print(f"saved as {tuner.project_dir}/checkpoints/trial_{best.number:04d}/model.keras")
    command = os.path.relpath(Path(sys.executable).with_name("kerastune-lite"))  # beside this Python
    print(f"view in TensorBoard: {command} tensorboard {tuner.project_dir}")
