"""What a trial costs besides itself: a function that returns a float, six hyperparameters, random search, on disk.

`python -m benchmarks.overhead` prints CPU and wall time a trial, the last tenth of a study against its first tenth,
bytes a trial, memory, and the time to reopen the study, beside KerasTuner and Optuna.
"""

import json
import sys
import time
from pathlib import Path

import psutil

from benchmarks.measure import machine, medians, options, rounds, size_of, table

TRIALS = {"kerastune_lite": 10_000, "KerasTuner": 400, "Optuna, journal file": 2_000, "Optuna, SQLite": 2_000}
QUICK = {"kerastune_lite": 1_000, "KerasTuner": 60, "Optuna, journal file": 200, "Optuna, SQLite": 200}


class Watch:
    """CPU time, memory and bytes on disk at the start of every trial; `done` sums them up."""

    def __init__(self, trials: int, directory: str) -> None:
        self.trials = trials
        self.directory = directory
        self.cpu: list[float] = []
        self.bytes: dict[int, int] = {}
        self.rss: dict[int, int] = {}
        self.process = psutil.Process()
        self.spent = 0.0
        self.began = time.perf_counter()

    def trial(self) -> None:
        """One more trial begins. What the watch itself costs is taken off."""
        now = time.process_time()
        self.cpu.append(now - self.spent)
        if (len(self.cpu) - 1) % (self.trials // 10) == 0:
            self.look()
            self.spent += time.process_time() - now

    def look(self) -> None:
        count = len(self.cpu)
        self.bytes[count] = size_of(self.directory)
        self.rss[count] = self.process.memory_info().rss

    def done(self, reopen: float) -> dict[str, float]:
        wall = time.perf_counter() - self.began
        self.trial()
        self.look()
        tenth = self.trials // 10
        first, last = self.cpu[tenth] - self.cpu[0], self.cpu[self.trials] - self.cpu[self.trials - tenth]
        counts = sorted(self.bytes)
        middle = counts[len(counts) // 2]
        second_half = (self.bytes[counts[-1]] - self.bytes[middle]) / (counts[-1] - middle)
        first_half = (self.bytes[middle] - self.bytes[counts[0]]) / (middle - counts[0])
        return {
            "trials": self.trials,
            "cpu_ms": 1e3 * (self.cpu[self.trials] - self.cpu[0]) / self.trials,
            "wall_ms": 1e3 * wall / self.trials,
            "growth": last / first,
            "bytes": self.bytes[counts[-1]] / self.trials,
            "bytes_growth": second_half / first_half,
            "rss_kb": (self.rss[counts[-1]] - self.rss[counts[0]]) / 1024 / self.trials,
            "reopen_s": reopen,
        }


def function(hp):
    """Six hyperparameters of KerasTuner's kinds, one number."""
    total = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log") + hp.Float("dropout", 0.0, 0.5)
    total += hp.Int("units", 16, 256) + hp.Int("layers", 1, 4)
    return total + len(hp.Choice("activation", ["relu", "gelu", "tanh"])) + hp.Boolean("batch_normalization")


def reopened(work):
    """Seconds that `work` takes, in CPU time: what it reads is still in the file cache."""
    before = time.process_time()
    work()
    return time.process_time() - before


def ours(trials, directory):
    import kerastune_lite as kt
    from kerastune_lite.study.history import History
    from kerastune_lite.study.store import read_events

    common = {"objective": kt.Objective("value", "min"), "seed": 0, "verbose": 0}
    kt.tune(function, max_trials=20, **common)  # what is loaded at first use is no trial's cost
    watch = Watch(trials, directory)

    def watched(hp):
        watch.trial()
        return function(hp)

    kt.tune(watched, max_trials=trials, directory=directory, project_name="study", **common)
    figures = watch.done(0.0)
    figures["reopen_s"] = reopened(lambda: History(read_events(Path(directory) / "study")[0]))
    return figures


def keras_tuner(trials, directory):
    import keras_tuner as kt

    watch = None

    class Tuner(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            if watch is not None:
                watch.trial()
            return function(trial.hyperparameters)

    def tuner(count, name):
        objective = kt.Objective("default_objective", "min")
        return Tuner(build, objective, max_trials=count, seed=1, directory=directory, project_name=name)

    def build(hp):
        function(hp)

    tuner(5, "warm_up").search(verbose=0)
    measured = tuner(trials, "study")
    watch = Watch(trials, f"{directory}/study")
    measured.search(verbose=0)
    figures = watch.done(0.0)
    figures["reopen_s"] = reopened(lambda: tuner(trials, "study").reload())
    return figures


def optuna(trials, directory, storage):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        watch.trial()
        total = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True) + trial.suggest_float("dropout", 0.0, 0.5)
        total += trial.suggest_int("units", 16, 256) + trial.suggest_int("layers", 1, 4)
        total += len(trial.suggest_categorical("activation", ["relu", "gelu", "tanh"]))
        return total + trial.suggest_categorical("batch_normalization", [False, True])

    def study(name, where):
        sampler = optuna.samplers.RandomSampler(seed=0)
        return optuna.create_study(study_name=name, storage=storage(where), sampler=sampler, load_if_exists=True)

    watch = Watch(20, directory)
    study("warm_up", f"{directory}/warm_up").optimize(objective, n_trials=20)
    Path(directory, "measured").mkdir()
    where = f"{directory}/measured/study"
    measured = study("study", where)
    watch = Watch(trials, f"{directory}/measured")
    measured.optimize(objective, n_trials=trials)
    figures = watch.done(0.0)
    figures["reopen_s"] = reopened(lambda: study("study", where).get_trials(deepcopy=False))
    return figures


def optuna_journal(trials, directory):
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return optuna(trials, directory, lambda where: JournalStorage(JournalFileBackend(where)))


def optuna_sqlite(trials, directory):
    return optuna(trials, directory, lambda where: f"sqlite:///{where}")


SIDES = {
    "kerastune_lite": ours,
    "KerasTuner": keras_tuner,
    "Optuna, journal file": optuna_journal,
    "Optuna, SQLite": optuna_sqlite,
}


def main():
    given = options(__doc__, SIDES, 3)
    if given.side is not None:
        print(json.dumps(SIDES[given.side](given.trials, given.directory)))
        return
    counts = QUICK if given.quick else TRIALS
    sides = {side: ["--trials", str(count)] for side, count in counts.items()}
    print(machine("kerastune-lite", "keras-tuner", "optuna"))
    found = rounds("benchmarks.overhead", sides, 1 if given.quick else given.rounds)
    head = (
        "trials",
        "CPU ms a trial",
        "wall ms",
        "last tenth / first",
        "bytes a trial",
        "2nd half / 1st",
        "KB memory",
        "reopen s",
    )
    rows = [("", *head)]
    for side, runs in found.items():
        f = medians(runs)
        rows.append(
            (side, f"{f['trials']:.0f}", f"{f['cpu_ms']:.2f}", f"{f['wall_ms']:.2f}", f"{f['growth']:.2f}",
             f"{f['bytes']:.0f}", f"{f['bytes_growth']:.2f}", f"{f['rss_kb']:.1f}", f"{f['reopen_s']:.2f}")
        )  # fmt: skip
    print(f"medians of {len(next(iter(found.values())))} rounds")
    print(table(rows))


if __name__ == "__main__":
    sys.exit(main())
