"""Searches that start a Ray of their own, or look for one: how it ends, and what is left of it."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from tests.executors.local_ray import SETTINGS, ray
from tests.executors.test_pool import ROOT, SLOW, bowl, history, tune
from tests.processes import gone

pytestmark = pytest.mark.slow


def test_a_ray_that_a_search_has_started_ends_with_it():
    before = signal.getsignal(signal.SIGTERM)
    results = tune(bowl, workers=kt.executors.Ray(1, address="local"), max_trials=2)
    assert {trial.status for trial in results} == {"completed"}
    assert not ray.is_initialized()
    assert gone(int(trial.notes["worker"].rpartition(":")[2]) for trial in results)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"no Ray cluster answers at 127.0.0.1:1 \(.*refused"),
        ("nonsense", r"Ray\(address='nonsense'\): Invalid address"),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error_at_once(address, message):
    with pytest.raises(UsageError, match=message):
        tune(bowl, workers=kt.executors.Ray(address=address))
    assert not ray.is_initialized()


def test_without_ray_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'kerastune-lite\[ray\]'"):
        kt.executors.Ray()


@contextlib.contextmanager
def script(directory):
    """A script that searches with two workers on a Ray of its own, and all its processes, once both are at work."""
    path = directory / "script.py"
    path.write_text(textwrap.dedent(SLOW).replace("workers=2", "workers=kt.executors.Ray(2, 'local', num_cpus=0.1)"))
    environment = {**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(path), str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as driver:
        assert driver.stdout is not None
        seen = set()
        while len(seen) < 2:
            line = driver.stdout.readline()
            seen.update([line] if line.startswith("trial ") else [])
        processes = psutil.Process(driver.pid).children(recursive=True)
        yield driver, {process.pid: " ".join(process.cmdline()) for process in processes}


def test_no_worker_outlives_a_driver_that_is_killed(tmp_path):
    with script(tmp_path) as (driver, processes):
        names = ("NodeWorker", "executors.worker", "/raylet ")  # an agent of Ray's may take a minute to end
        ours = [number for number, command in processes.items() if any(name in command for name in names)]
        assert len(ours) == 5
        driver.kill()
        driver.communicate()
        assert gone(ours)
    assert {trial.status for trial in history(tmp_path).trials} == {"running"}


def test_ctrl_c_ends_all_after_their_epoch_and_leaves_a_resumable_study(tmp_path):
    with script(tmp_path) as (driver, processes):
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does
        _, errors = driver.communicate()
        assert "KeyboardInterrupt" in errors
        assert gone(processes)
    found = history(tmp_path)
    assert {trial.status for trial in found.trials} == {"interrupted"}
    assert found.notes["search ended"] == "interrupted by the user"
