"""What one suggestion costs, after so many trials: six mixed dimensions, one BLAS thread on every side.

`python -m benchmarks.suggest_cost` prints the CPU time of one more suggestion, its peers beside it in the same run. The
trials before are drawn at random, alike on every side; a suggestion is asked for after one more result each time.
"""

import json
import math
import statistics
import sys
import time
import warnings

import numpy as np

from benchmarks.measure import machine, medians, options, rounds, table

AT = {
    "kerastune_lite": (20, 50, 100, 200, 400, 1000),
    "Optuna GPSampler": (20, 50, 100, 200),
    "scikit-optimize": (20, 50, 100),
    "KerasTuner": (20, 50, 100),
}
QUICK = (20, 50)
REPEATS = {"kerastune_lite": 5, "Optuna GPSampler": 3, "scikit-optimize": 1, "KerasTuner": 2}


def function(rate, dropout, layers, units, optimizer, flag):
    total = (math.log10(rate) + 3) ** 2 + 3 * (dropout - 0.3) ** 2 + 0.1 * abs(layers - 4)
    total += 0.2 * (math.log2(units) - 7) ** 2
    return total + {"adam": 0.0, "sgd": 0.7, "rms": 0.3}[optimizer] + 0.2 * flag


def drawn(count):
    """Points by position, and their values."""
    rng = np.random.default_rng(0)
    points = [
        (
            float(10 ** rng.uniform(-5, -1)),
            float(rng.random()),
            int(rng.integers(1, 9)),
            int(np.exp(rng.uniform(np.log(16), np.log(512)))),
            ("adam", "sgd", "rms")[rng.integers(3)],
            bool(rng.integers(2)),
        )
        for _ in range(count)
    ]
    return [(point, function(*point)) for point in points]


NAMES = ("rate", "dropout", "layers", "units", "optimizer", "flag")


def read(hp):
    return (
        hp.Float("rate", 1e-5, 1e-1, sampling="log"),
        hp.Float("dropout", 0.0, 1.0),
        hp.Int("layers", 1, 8),
        hp.Int("units", 16, 512, sampling="log"),
        hp.Choice("optimizer", ["adam", "sgd", "rms"]),
        hp.Boolean("flag"),
    )


def clocked(suggest, repeats):
    """The median of a few suggestions, in milliseconds of CPU time."""
    times = []
    for _ in range(repeats):
        before = time.process_time()
        suggest()
        times.append(1e3 * (time.process_time() - before))
    return statistics.median(times)


def ours(count, repeats):
    from kerastune_lite.space.hp import HyperParameters
    from kerastune_lite.strategies import Bayesian, fingerprint
    from kerastune_lite.study.events import Ended, ReadsRecorded, Reported, SearchStarted, Started
    from kerastune_lite.study.history import History
    from kerastune_lite.study.objective import Objective

    strategy = Bayesian()
    hp = HyperParameters()
    read(hp)
    settings = {"objective": Objective("loss", "min"), "strategy": fingerprint(strategy), "seed": 0, "max_trials": None}
    history = History([SearchStarted(**settings)])
    space = tuple(hp.space)

    def add(values, loss, note=None):
        number = history.next_number
        history.apply(Started(trial=number, attempt=1, values=values, note=note))
        history.apply(ReadsRecorded(trial=number, values=values, definitions=space, space=space, complete=True))
        history.apply(Reported(trial=number, execution=0, epoch=1, metrics={"loss": loss}))
        history.apply(Ended(trial=number, outcome="completed"))

    for point, loss in drawn(count - 1):
        add(dict(zip(NAMES, point, strict=True)), loss)

    def suggest():
        return strategy(history, np.random.default_rng([0, history.next_number]))

    def step():
        proposal = suggest()
        add(dict(proposal.values), function(*(proposal.values[name] for name in NAMES)), proposal.note)

    step()  # the first fit has no earlier one to start from
    single = clocked(step, repeats)
    before = time.process_time()
    for _ in range(8):
        proposal = suggest()
        history.apply(Started(trial=history.next_number, attempt=1, values=proposal.values, note=proposal.note))
    return {"one": single, "eight": 1e3 * (time.process_time() - before)}


def gp_sampler(count, repeats):
    import optuna
    import torch

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    float_, int_ = optuna.distributions.FloatDistribution, optuna.distributions.IntDistribution
    category = optuna.distributions.CategoricalDistribution
    space = {
        "rate": float_(1e-5, 1e-1, log=True),
        "dropout": float_(0.0, 1.0),
        "layers": int_(1, 8),
        "units": int_(16, 512, log=True),
        "optimizer": category(("adam", "sgd", "rms")),
        "flag": category((False, True)),
    }
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=0))
    for point, loss in drawn(count):
        params = dict(zip(NAMES, point, strict=True))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=loss))

    def step():
        trial = study.ask(space)
        study.tell(trial, function(*(trial.params[name] for name in NAMES)))

    step()
    return {"one": clocked(step, repeats)}


def scikit_optimize(count, repeats):
    import skopt
    from skopt.space import Categorical, Integer, Real

    dimensions = [
        Real(1e-5, 1e-1, prior="log-uniform"),
        Real(0.0, 1.0),
        Integer(1, 8),
        Integer(16, 512, prior="log-uniform"),
        Categorical(["adam", "sgd", "rms"]),
        Categorical([False, True]),
    ]
    optimizer = skopt.Optimizer(dimensions, random_state=0)
    known = drawn(count)
    optimizer.tell([list(point) for point, _ in known], [loss for _, loss in known])

    def step():
        point = optimizer.ask()
        optimizer.tell(point, function(*point))

    return {"one": clocked(step, repeats)}


def keras_tuner(count, repeats):
    import tempfile

    import keras_tuner as kt

    hps = kt.HyperParameters()
    read(hps)
    with tempfile.TemporaryDirectory() as directory:
        oracle = kt.oracles.BayesianOptimizationOracle(
            objective=kt.Objective("loss", "min"), max_trials=count + 100, hyperparameters=hps, seed=1
        )
        oracle._set_project_dir(directory, "p")  # noqa: SLF001 - what its tuners call
        for number, (point, loss) in enumerate(drawn(count)):
            values = kt.HyperParameters.from_config(hps.get_config())
            values.values = dict(zip(NAMES, point, strict=True))
            trial = kt.engine.trial.Trial(values, trial_id=f"{number:04d}", status="COMPLETED")
            trial.score, trial.best_step = loss, 0
            oracle.trials[trial.trial_id] = trial
            oracle.end_order.append(trial.trial_id)

        def step():
            oracle.populate_space(f"n{len(oracle.trials):04d}")

        return {"one": clocked(step, repeats)}


SIDES = {
    "kerastune_lite": ours,
    "Optuna GPSampler": gp_sampler,
    "scikit-optimize": scikit_optimize,
    "KerasTuner": keras_tuner,
}


def main():
    given = options(__doc__, SIDES, 3)
    if given.side is not None:
        warnings.simplefilter("ignore")
        print(json.dumps(SIDES[given.side](given.trials, REPEATS[given.side])))
        return
    counts = sorted({count for at in AT.values() for count in at if not given.quick or count in QUICK})
    print(machine("kerastune-lite", "optuna", "scikit-optimize", "keras-tuner"))
    rows = [("CPU ms a suggestion after", *(f"{count} trials" for count in counts))]
    found = {count: {} for count in counts}
    for count in counts:
        sides = {side: ["--trials", str(count)] for side in SIDES if count in AT[side]}
        runs = rounds("benchmarks.suggest_cost", sides, 1 if given.quick else given.rounds)
        found[count] = {side: medians(figures) for side, figures in runs.items()}
    for side in SIDES:
        ones = (found[count].get(side, {}).get("one") for count in counts)
        rows += [(side, *("" if one is None else f"{one:.0f}" for one in ones))]
    rows.append(("kerastune_lite, 8 at once", *(f"{found[count]['kerastune_lite']['eight']:.0f}" for count in counts)))
    print(table(rows))


if __name__ == "__main__":
    sys.exit(main())
