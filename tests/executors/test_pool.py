"""Trials in worker processes: what they send, how they die, what is left of them."""

import atexit
import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import SearchError, UsageError
from kerastune_lite.executors.crew import Crew
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.strategies import Proposal
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.store import read_events
from tests.processes import alive, children, gone

ROOT = Path(__file__).parent.parent.parent
GRID = kt.strategies.Grid()
ERROR = kt.Objective("error", "min")


def bowl(hp, report):
    x = hp.Float("x", -1, 1)
    for epoch in range(1, 4):
        if report(epoch, (x - 0.3) ** 2 + 1 / epoch):
            return


def tune(function, *, workers=2, max_trials=4, **options):
    return kt.tune(function, objective=ERROR, max_trials=max_trials, workers=workers, seed=1, verbose=0, **options)


def content(results):
    return {trial.number: (dict(trial.values), [dict(run.metrics) for run in trial.executions]) for trial in results}


@dataclass(frozen=True)
class ByNumber:
    """Proposes what only depends on the number of the trial."""

    def __call__(self, history, rng):
        return Proposal({"x": history.next_number / 10})


def test_results_are_those_of_one_process():
    alone, together = (tune(bowl, workers=workers, strategy=ByNumber()) for workers in (1, 2))
    assert content(together) == content(alone)


def test_each_trial_says_which_process_ran_it():
    workers = {trial.notes["worker"] for trial in tune(bowl, max_trials=6)}
    assert all(int(name.rpartition(":")[2]) != os.getpid() for name in workers)


def test_no_configuration_of_a_grid_is_tried_twice():
    def product(hp):
        return hp.Choice("a", [1, 2, 3]) * hp.Choice("b", [1, 2])

    results = tune(product, max_trials=None, workers=3, strategy=GRID)
    assert sorted(trial.score for trial in results) == [1, 2, 2, 3, 4, 6]
    assert {trial.status for trial in results} == {"completed"}


def test_bayesian_search_takes_running_trials_into_account():
    results = tune(bowl, max_trials=12, workers=2, strategy=kt.strategies.Bayesian())
    assert len({trial.values["x"] for trial in results}) == 12
    assert results.best.score < 0.35


def test_a_configuration_that_two_workers_try_at_once_counts_once():
    results = tune(lambda hp: float(hp.Choice("a", [1, 2, 3])), max_trials=None, workers=3)
    assert sorted(trial.score for trial in results if trial.succeeded) == [1, 2, 3]
    assert {trial.status for trial in results} <= {"completed", "duplicate"}


def test_closures_and_their_arrays_reach_the_workers():
    data = np.arange(100_000.0)
    results = tune(lambda hp: float(data.sum()) * hp.Choice("a", [1, 2]), max_trials=2)
    assert sorted(trial.score for trial in results if trial.succeeded) == [data.sum(), 2 * data.sum()]


def test_an_array_that_a_trial_changes_is_its_workers_own():
    data = np.zeros(1000)

    def change(hp):
        hp.Float("x", 0, 1)
        data[0] += 1
        return float(data[0])

    assert sorted(trial.score for trial in tune(change, workers=1, max_trials=2)) == [1, 2]
    data[0] = 0
    assert max(trial.score for trial in tune(change, workers=2, max_trials=2)) <= 2
    assert data[0] == 0


def test_what_cannot_be_sent_is_named():
    lock = threading.Lock()

    def locked(hp):
        with lock:
            return hp.Float("x", 0, 1)

    with pytest.raises(UsageError, match=r"lock=<unlocked .* cannot be sent to a worker .*workers=1"):
        tune(locked)


def once(directory, act):
    """A function that acts in the first attempt at trial 1, after its first epoch."""
    flag = Path(directory) / "flag"

    def function(hp, report):
        x = hp.Int("x", 0, 3)
        for epoch in range(1, 4):
            report(epoch, x + 1 / epoch)
            if x == 1 and epoch == 1 and not flag.exists():
                flag.touch()
                act()

    return function


@pytest.mark.parametrize(
    ("act", "how"),
    [
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            "was killed by SIGKILL, as the system does when memory runs out",
        ),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "was killed by SIGSEGV"),
        (lambda: os._exit(3), "ended with exit code 3"),
    ],
    ids=["SIGKILL", "SIGSEGV", "exit"],
)
def test_a_trial_whose_worker_dies_resumes_in_another(tmp_path, act, how):
    results = tune(once(tmp_path, act), max_trials=None, strategy=GRID, directory=tmp_path)
    assert {trial.status for trial in results} == {"completed"}
    died = next(trial for trial in results if trial.values["x"] == 1)
    assert (died.attempts, died.crashes) == (2, 1)
    events, _ = read_events(tmp_path / "study")
    assert [event.reason for event in events if getattr(event, "died", None)] == [f"its worker {how}"]


def test_a_trial_that_kills_every_worker_fails_and_the_search_continues(tmp_path):
    def function(hp):
        if hp.Int("x", 0, 3) == 1:
            os._exit(3)
        return hp["x"]

    results = tune(function, max_trials=None, strategy=GRID)
    assert sorted(trial.status for trial in results) == ["completed"] * 3 + ["failed"]
    assert results[-1].reason == "its worker ended with exit code 3 in this trial 2 times"


def test_a_trial_that_hangs_is_ended(tmp_path):
    function = once(tmp_path, lambda: threading.Event().wait())
    results = tune(function, max_trials=None, strategy=GRID, workers=kt.executors.Pool(2, trial_timeout=2))
    assert {trial.status for trial in results} == {"completed"}
    assert sum(trial.attempts for trial in results) == 5


def test_workers_are_replaced_after_their_trials():
    results = tune(bowl, max_trials=4, workers=kt.executors.Pool(1, trials_per_worker=2))
    assert len({trial.notes["worker"] for trial in results}) == 2


def test_a_failure_that_cannot_be_pickled_is_recorded(tmp_path):
    class Odd(Exception):
        def __reduce__(self):
            raise TypeError("no")

    def fails(hp):
        if hp.Int("x", 0, 1):
            raise Odd("bad luck")
        return 0.0

    results = tune(fails, max_trials=None, strategy=GRID)
    assert [trial.reason for trial in results if trial.status == "failed"] == [results[1].reason]
    assert "Odd: bad luck" in results[1].reason


def test_output_is_printed_with_the_number_of_its_trial(capfd):
    def speaks(hp):
        hp.Float("x", 0, 1)
        print("one\ntwo \x1b[31mred", flush=True)
        return 0.0

    tune(speaks, max_trials=1)
    assert capfd.readouterr().out.splitlines() == ["trial 0 | one", "trial 0 | two \\x1b[31mred"]


def test_output_may_go_to_a_file_for_each_trial(tmp_path):
    def speaks(hp):
        print(f"x is {hp.Int('x', 0, 1)}")
        return 0.0

    tune(speaks, max_trials=None, strategy=GRID, workers=kt.executors.Pool(2, logs=tmp_path))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "trial_0000.log": "x is 0\n",
        "trial_0001.log": "x is 1\n",
    }


def test_a_flood_of_output_holds_nobody_up(tmp_path):
    def floods(hp):
        hp.Float("x", 0, 1)
        for _ in range(2000):
            print("x" * 500)
        return 0.0

    assert len(tune(floods, max_trials=2, workers=kt.executors.Pool(2, logs=tmp_path))) == 2
    assert sum(len(path.read_text().splitlines()) for path in tmp_path.iterdir()) == 4000


def test_workers_that_cannot_load_the_function_say_so_once(tmp_path, monkeypatch):
    module = tmp_path / "only_in_the_driver.py"
    module.write_text("def function(hp):\n    return hp.Float('x', 0, 1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from only_in_the_driver import function

    module.unlink()
    with pytest.raises(SearchError, match=r"(?s)a worker cannot load .*No module named 'only_in_the_driver'"):
        tune(function)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers=0 must be an integer >= 1"),
        ({"workers": "many"}, "workers='many' must be an integer >= 1, \"auto\""),
        ({"workers": 1.5}, "workers=1.5 must be"),
    ],
)
def test_other_numbers_of_workers_are_errors(options, message):
    with pytest.raises(UsageError, match=message):
        tune(bowl, **options)


@pytest.mark.parametrize("options", [{"workers": 0}, {"trials_per_worker": 0}, {"trial_timeout": 0}])
def test_arguments_out_of_range_are_named(options):
    with pytest.raises(UsageError, match=rf"Pool\({next(iter(options))}=0\)"):
        kt.executors.Pool(**options)


SLOW = """
    import sys, time
    import kerastune_lite as kt

    def slow(hp, report):
        x = hp.Float("x", 0, 1)
        for epoch in range(1, 1000):
            print("at work", flush=True)
            time.sleep(0.01)
            if report(epoch, x):
                return

    kt.tune(slow, objective=kt.Objective("error", "min"), max_trials=9, workers=2, directory=sys.argv[1], verbose=0)
"""


@contextlib.contextmanager
def script(directory):
    """An unguarded script that searches with two workers, and the workers, once a trial of each is at work."""
    path = directory / "script.py"
    path.write_text(textwrap.dedent(SLOW))
    command = [sys.executable, str(path), str(directory)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as driver:
        assert driver.stdout is not None
        seen = set()
        while len(seen) < 2:
            seen.add(driver.stdout.readline())
        yield driver, children(driver.pid)


def history(directory):
    events, damage = read_events(directory / "study")
    assert not damage
    return History(events)


def test_no_worker_outlives_a_driver_that_is_killed(tmp_path):
    with script(tmp_path) as (driver, workers):
        assert len(workers) == 2
        driver.kill()
        driver.communicate()
        assert gone(workers)
    assert {trial.status for trial in history(tmp_path).trials} == {"running"}


def test_ctrl_c_ends_all_after_their_epoch_and_leaves_a_resumable_study(tmp_path):
    with script(tmp_path) as (driver, workers):
        driver.send_signal(signal.SIGINT)
        _, errors = driver.communicate()
        assert "KeyboardInterrupt" in errors
        assert gone(workers)
    found = history(tmp_path)
    assert {trial.status for trial in found.trials} == {"interrupted"}
    assert found.notes["search ended"] == "interrupted by the user"


def test_closing_ends_workers_that_are_at_work():
    executor = kt.executors.Pool(1)(lambda task, send: threading.Event().wait())
    assert isinstance(executor, Crew)
    executor.free()
    worker = int(executor._workers[0].name.rpartition(":")[2])
    executor.close()
    assert not alive(worker)


def test_output_that_nobody_can_read_ends_no_search(tmp_path, monkeypatch):
    def speaks(hp):
        print("hello", flush=True)
        return hp.Float("x", 0, 1)

    (tmp_path / "file").touch()
    assert len(tune(speaks, max_trials=2, workers=kt.executors.Pool(1, logs=tmp_path / "file"))) == 2
    monkeypatch.setattr(sys, "stdout", None)
    assert len(tune(speaks, max_trials=2, workers=kt.executors.Pool(1))) == 2


def test_memory_that_runs_out_costs_one_trial(tmp_path):
    def hungry(hp):
        if hp.Int("x", 0, 3) == 1:
            resource.setrlimit(resource.RLIMIT_AS, (1 << 28, resource.RLIM_INFINITY))
            bytearray(1 << 30)
        return float(hp["x"])

    results = tune(hungry, max_trials=None, strategy=GRID)
    assert sorted(trial.status for trial in results) == ["completed"] * 3 + ["failed"]
    assert results[-1].reason == "MemoryError"


def test_two_searches_in_threads_have_workers_of_their_own(tmp_path):
    found = {}

    def search(name):
        found[name] = tune(bowl, directory=tmp_path, project_name=name)

    threads = [threading.Thread(target=search, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workers = [{trial.notes["worker"] for trial in results} for results in found.values()]
    assert len(found["a"]) == len(found["b"]) == 4
    assert not workers[0] & workers[1]


def test_a_death_is_noticed_although_a_forked_child_of_the_trial_lives_on(tmp_path):
    def function(hp):
        if hp.Int("x", 0, 1) == 1:
            if os.fork() == 0:
                threading.Event().wait()
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    results = tune(function, max_trials=None, strategy=GRID)
    assert sorted(trial.status for trial in results) == ["completed", "failed"]


def test_processes_that_a_trial_has_started_end_with_its_worker(tmp_path):
    def function(hp):
        hp.Int("x", 0, 0)
        for _ in range(2):
            child = os.fork()
            if child == 0:
                threading.Event().wait()
            (tmp_path / str(child)).touch()
        threading.Event().wait()

    with pytest.raises(SearchError):
        tune(function, max_trials=1, strategy=GRID, workers=kt.executors.Pool(1, trial_timeout=1))
    assert gone([int(path.name) for path in tmp_path.iterdir()])
    assert len(list(tmp_path.iterdir())) == 4


class Interrupting:
    """Presses Ctrl-C once more, while an event of this kind is recorded."""

    def __init__(self, kind, monkeypatch):
        record, self.done = Recorder.record, False

        def interrupted(recorder, event):
            if isinstance(event, kind) and not self.done:
                self.done = True
                raise KeyboardInterrupt
            return record(recorder, event)

        monkeypatch.setattr(Recorder, "record", interrupted)


@pytest.mark.parametrize("kind", [Ended, Reported, Started])
def test_ctrl_c_while_an_event_is_recorded_ends_the_search_and_the_next_one_resumes(tmp_path, monkeypatch, kind):
    with monkeypatch.context() as patched:
        Interrupting(kind, patched)
        with pytest.raises(KeyboardInterrupt):
            tune(bowl, directory=tmp_path)
    found = history(tmp_path)
    assert found.notes["search ended"] == "interrupted by the user"
    assert not found.running
    assert {trial.status for trial in tune(bowl, directory=tmp_path)} == {"completed"}


def test_empty_arrays_reach_the_workers():
    arrays = [np.arange(5.0), np.zeros(0)]
    assert tune(lambda hp: hp.Float("x", 0, 1) + sum(map(len, arrays)), max_trials=1).best.score >= 5


def test_a_function_that_kills_each_worker_ends_the_search():
    def function(hp):
        hp.Float("x", 0, 1)
        os._exit(7)

    with pytest.raises(SearchError, match=r"(?s)the first 3 trials .* its worker ended .*7 .*overwrite"):
        tune(function, max_trials=None)


def test_output_does_not_ask_the_strategy_again():
    calls = []

    @dataclass(frozen=True)
    class Counting:
        def __call__(self, history, rng):
            calls.append(len(history))
            return Proposal({"x": history.next_number / 10})

    def speaks(hp):
        hp.Float("x", -1, 1)
        for _ in range(200):
            print("hello", flush=True)
        return 0.0

    tune(speaks, max_trials=3, strategy=Counting(), workers=kt.executors.Pool(2, logs=os.devnull))
    assert len(calls) == 3


def test_modules_of_the_working_directory_hide_none_of_the_standard_library(tmp_path, monkeypatch):
    (tmp_path / "traceback.py").write_text("raise ImportError('not this one')\n")
    monkeypatch.chdir(tmp_path)
    assert len(tune(bowl, max_trials=2)) == 2


LOCK = threading.Lock()


def test_a_global_that_cannot_be_sent_is_named(monkeypatch):
    namespace = {"LOCK": LOCK}
    exec("def function(hp):\n    with LOCK:\n        return 0.0\n", namespace)
    namespace["function"].__module__ = "__main__"
    with pytest.raises(UsageError, match=r"LOCK=<unlocked .* cannot be sent to a worker"):
        tune(namespace["function"])


def test_any_signal_that_ends_a_worker_is_told(tmp_path):
    results = tune(once(tmp_path, lambda: os.kill(os.getpid(), 36)), max_trials=None, strategy=GRID, directory=tmp_path)
    assert {trial.status for trial in results} == {"completed"}
    assert "its worker was killed by signal 36" in [
        getattr(event, "reason", None) for event in read_events(tmp_path / "study")[0]
    ]


def test_a_search_that_is_complete_starts_no_worker(tmp_path, monkeypatch):
    tune(bowl, directory=tmp_path)
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(tune(bowl, directory=tmp_path)) == 4


def test_a_worker_that_died_while_it_had_nothing_to_do_is_replaced():
    executor = kt.executors.Pool(1)(lambda task, send: None)
    executor.free()
    (worker,) = executor._workers
    os.kill(int(worker.name.rpartition(":")[2]), signal.SIGKILL)
    assert gone([int(worker.name.rpartition(":")[2])])
    assert executor.free() == 1
    assert executor._workers[0] is not worker
    executor.close()


def test_workers_leave_python_in_the_usual_way(tmp_path):
    def function(hp):
        atexit.register((tmp_path / str(os.getpid())).touch)
        return hp.Float("x", 0, 1)

    tune(function, max_trials=1)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_unfinished_line_of_a_dead_attempt_is_its_own(tmp_path):
    flag = tmp_path / "flag"

    def function(hp):
        x = hp.Int("x", 0, 0)
        if not flag.exists():
            flag.touch()
            print("first", end="", flush=True)
            os._exit(1)
        print("second")
        return float(x)

    tune(function, max_trials=None, strategy=GRID, workers=kt.executors.Pool(1, logs=tmp_path / "logs"))
    assert (tmp_path / "logs" / "trial_0000.log").read_text() == "first\nsecond\n"


def test_several_trials_are_promoted_at_once():
    def rises(hp, report):
        x = hp.Float("x", 0, 1)
        for epoch in range(1, 28):
            time.sleep(0.002)
            if report(epoch, x):
                return

    halving = kt.strategies.Halving(max_epochs=27, brackets=1)
    results = tune(rises, max_trials=9, workers=3, strategy=halving)
    promotions = sorted((span.start, span.end) for trial in results for span in trial.spans[1:])
    assert any(begin < end for (_, end), (begin, _) in itertools.pairwise(promotions))
