"""What the examples have in common: their command line, and the report at the end."""

import argparse

import keras

import kerastune_lite as kt


def parse(project, trials, epochs):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--search", choices=["random", "grid", "bayesian"], default="random", help="how points are chosen"
    )
    parser.add_argument("--trials", type=int, default=trials, help="trials of the study in all")
    parser.add_argument("--epochs", type=int, default=epochs, help="epochs of each trial at most")
    parser.add_argument("--directory", default="logs", help="where studies are kept")
    parser.add_argument("--project", default=project, help="the study's name")
    parser.add_argument("--seed", type=int, default=0, help="makes the search reproducible")
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
        early_stopping=kt.callbacks.EarlyStopping(patience=4),
    )


def report(tuner, x_test, y_test):
    """The best model, what it reaches on data that no trial has seen, and where to look further."""
    best = tuner.results().best
    model: keras.Model = tuner.get_best_models()[0]
    on_test = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    print(f"\nbest model: trial {best.number} with {dict(best.values)}")
    print(f"{tuner.objective.name} {best.score:.4f} in epoch {best.best_epoch}")
    print(f"on the test set: accuracy {on_test['accuracy']:.4f}")
    print(f"saved as {tuner.project_dir}/checkpoints/trial_{best.number:04d}/model.keras")
    print(f"to look at the search: tensorboard --logdir {tuner.project_dir}/tensorboard")
