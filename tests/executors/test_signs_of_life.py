"""Workers say that they are alive; one that does not is noticed, and nothing else happens to it."""

import atexit
import os
import signal
import socket
import threading

import pytest

import kerastune_lite as kt
from kerastune_lite.executors import crew, worker
from kerastune_lite.executors.channel import Alive, Channel
from kerastune_lite.study.events import SILENT, Annotated

ERROR = kt.Objective("error", "min")


def test_a_worker_that_is_suspended_is_noticed_and_heard_again(monkeypatch):
    monkeypatch.setattr(crew, "_SECONDS_OF_SILENCE", 0.3)
    told = []

    def suspended(hp):
        os.kill(os.getpid(), signal.SIGSTOP)
        return hp.Float("x", 0, 1)

    def wake(event, history):
        if isinstance(event, Annotated) and event.key == SILENT:
            trial = history[event.trial]
            told.append((event.value is None, trial.silent_since is None))
            os.kill(int(trial.worker.rpartition(":")[2]), signal.SIGCONT)

    results = kt.tune(
        suspended, objective=ERROR, max_trials=1, workers=kt.executors.Pool(1), observers=[wake], verbose=0
    )
    assert told == [(False, False), (True, True)]
    assert [trial.status for trial in results] == ["completed"]


def test_a_worker_that_dies_while_it_is_silent_is_no_longer_called_silent(monkeypatch):
    monkeypatch.setattr(crew, "_SECONDS_OF_SILENCE", 0.3)

    def suspended(hp):
        if hp.Int("x", 0, 1):
            os.kill(os.getpid(), signal.SIGSTOP)
        return 0.0

    def kill(event, history):
        if isinstance(event, Annotated) and event.key == SILENT and event.value is not None:
            os.kill(int(history[event.trial].worker.rpartition(":")[2]), signal.SIGKILL)

    results = kt.tune(
        suspended,
        objective=ERROR,
        max_trials=2,
        strategy=kt.strategies.Grid(),
        workers=kt.executors.Pool(1),
        observers=[kill],
        verbose=0,
    )
    assert sorted(trial.status for trial in results) == ["completed", "failed"]
    assert [trial.notes.get(SILENT) for trial in results] == [None, None]


@pytest.fixture
def wires():
    """Both ends of a channel, and of a pipe to the driver."""
    ours, theirs = map(Channel, socket.socketpair())
    reads, writes = os.pipe()
    yield ours, theirs, reads, writes
    ours.close()
    theirs.close()
    os.close(reads)


def test_signs_of_life_come_until_the_driver_is_gone(wires, monkeypatch):
    ours, theirs, reads, writes = wires
    left = threading.Event()
    monkeypatch.setattr(worker, "_SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(worker, "_leave", lambda scratch: left.set())
    thread = threading.Thread(target=worker._live_with_driver, args=(reads, theirs, []))
    thread.start()
    assert [ours.receive(), ours.receive()] == [Alive(), Alive()]
    assert not left.is_set()
    os.close(writes)
    thread.join()
    assert left.is_set()


def test_messages_of_several_threads_arrive_whole(wires):
    ours, theirs, *_, writes = wires
    long = "x" * 1_000_000
    threads = [threading.Thread(target=theirs.send, args=(long,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert [ours.receive() for _ in threads] == [long] * 4
    for thread in threads:
        thread.join()
    os.close(writes)


def test_a_replaced_worker_leaves_python_while_the_next_one_works(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def function(hp):
        if hp.Int("x", 0, 1) == 0:
            atexit.register(pipe.read_text)  # until the other trial writes
        else:
            pipe.write_text("go")
        return float(hp["x"])

    workers = kt.executors.Pool(1, trials_per_worker=1, trial_timeout=30)
    grid = kt.strategies.Grid()
    results = kt.tune(function, objective=ERROR, max_trials=2, strategy=grid, workers=workers, verbose=0)
    assert [trial.attempts for trial in results] == [1, 1]
