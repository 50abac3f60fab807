"""A search with workers, one of whose processes is killed at a counted event: does it end as an undisturbed one?"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import kerastune_lite as kt
from kerastune_lite.errors import StudyError
from kerastune_lite.strategies import Proposal
from kerastune_lite.study.events import WORKER, Annotated, Reported, Started
from kerastune_lite.study.store import read_events
from tests.processes import gone

VICTIMS = ("a worker", "all workers", "the driver")
WORKERS, TRIALS, EPOCHS = 3, 9, 4
EVENTS = TRIALS * (EPOCHS + 4)  # of the trials; each also starts, notes its worker, reads and ends


@dataclass(frozen=True)
class Death:
    """Who is killed, and when.

    Attributes:
        victim: One of `VICTIMS`.
        moment: At which event, from 0.
        seed: Which of the workers.
    """

    victim: str
    moment: int
    seed: int = 0


def deaths(count, seed=0):
    """So many deaths, of all kinds in turn, at moments that spread evenly."""
    rng = random.Random(seed)
    return [Death(VICTIMS[at % len(VICTIMS)], int(EVENTS * (at + rng.random()) / count), at) for at in range(count)]


@dataclass(frozen=True)
class ByNumber:
    """Proposes what depends on the number of the trial only, not on what other trials have told by then."""

    def __call__(self, history, rng):
        return Proposal({"x": history.next_number / TRIALS, "layers": 1 + history.next_number % 3})


def training(hp, report):
    """A few epochs."""
    x, layers = hp.Float("x", 0, 1), hp.Int("layers", 1, 3)
    for epoch in range(1, EPOCHS + 1):
        if report(epoch, {"score": x * layers + epoch / 10}):
            return


def search(directory, workers, *observers):
    return kt.tune(
        training,
        objective="score",
        max_trials=TRIALS,
        strategy=ByNumber(),
        seed=3,
        directory=directory,
        workers=workers,
        observers=observers,
        max_crashes=None,
        verbose=0,
    )


class Killer:
    """An observer that kills once."""

    def __init__(self, death):
        self._death, self._seen = death, 0

    def __call__(self, event, history):
        self._seen += 1
        if self._seen != self._death.moment + 1:
            return
        if self._death.victim == "the driver":
            os.kill(os.getpid(), signal.SIGKILL)
        workers = sorted({_process(trial.notes[WORKER]) for trial in history.running if WORKER in trial.notes})
        if self._death.victim == "a worker":
            workers = workers and [random.Random(self._death.seed).choice(workers)]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)


def _process(worker):
    return int(worker.rpartition(":")[2])


def _content(results):
    return {
        trial.number: (trial.status, dict(trial.values), [dict(run.metrics) for run in trial.executions])
        for trial in results
    }


@cache
def undisturbed():
    """What the search ends with in one process."""
    with TemporaryDirectory() as directory:
        return _content(search(directory, 1))


def play(death):
    """What is wrong with the study after the search, and after another one if the driver was killed; "" if nothing."""
    with TemporaryDirectory() as directory:
        before = []
        if death.victim == "the driver":
            words = [directory, str(death.moment)]
            subprocess.run([sys.executable, "-m", __name__, *words], check=False)
            before = _events(directory)
            results = search(directory, WORKERS)
        else:
            results = search(directory, WORKERS, Killer(death))
        return _wrong(_content(results), before, _events(directory))


def _events(directory):
    try:
        return read_events(Path(directory) / "study")[0]
    except StudyError:  # killed before its first event
        return []


def _wrong(content, before, after):
    if content != undisturbed():
        return "the study differs"
    if after[: len(before)] != before:
        return "recorded events are lost"
    starts = Counter((event.trial, event.attempt) for event in after if isinstance(event, Started))
    if max(starts.values()) > 1:
        return "an attempt has started twice"
    reports = {(event.trial, event.epoch) for event in after if isinstance(event, Reported)}
    if len(reports) != TRIALS * EPOCHS:
        return "epochs are missing"
    workers = {_process(event.value) for event in after if isinstance(event, Annotated) and event.key == WORKER}
    return "" if gone(workers) else "a worker has outlived its search"


if __name__ == "__main__":
    search(sys.argv[1], WORKERS, Killer(Death("the driver", int(sys.argv[2]))))
