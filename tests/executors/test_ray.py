"""Trials on a Ray of this machine: what they send, how they die, what is left of them."""

import os
import signal
import threading

import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import SearchError, UsageError
from kerastune_lite.executors import crew
from kerastune_lite.study.events import SILENT, Annotated
from kerastune_lite.study.store import read_events
from kerastune_lite.testing import ExecutorConformance
from tests.executors.local_ray import ray, start
from tests.executors.test_pool import GRID, ByNumber, bowl, content, once, tune
from tests.processes import gone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def running_ray():
    start(num_cpus=2, resources={"odd": 3})
    yield
    ray.shutdown()


class TestConformance(ExecutorConformance):
    @pytest.fixture
    def make_executor(self):
        return kt.executors.Ray(1, num_cpus=0.25)  # some tests have several executors at a time


def on_ray(function, *, workers=2, **options):
    own = {name: options.pop(name) for name in kt.executors.Ray.__dataclass_fields__ if name in options}
    return tune(function, workers=kt.executors.Ray(workers, **own), **options)


def reasons(directory):
    return [event.reason for event in read_events(directory / "study")[0] if getattr(event, "died", None)]


def test_results_are_those_of_one_process():
    assert content(on_ray(bowl, strategy=ByNumber())) == content(tune(bowl, workers=1, strategy=ByNumber()))


def test_each_trial_says_which_process_ran_it_and_the_ray_of_the_user_goes_on():
    names = {trial.notes["worker"] for trial in on_ray(bowl, workers="auto", max_trials=6)}
    processes = {int(name.rpartition(":")[2]) for name in names}
    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes
    assert gone(processes)
    assert ray.is_initialized()


def test_the_data_are_put_once_and_a_trial_may_change_its_own(monkeypatch):
    data, stored = np.zeros(1_000_000), []
    put = ray.put
    monkeypatch.setattr(ray, "put", lambda value: stored.append(memoryview(value).nbytes) or put(value))

    def change(hp):
        hp.Float("x", 0, 1)
        data[0] += 1
        return float(data[0] + data.sum())

    assert len(on_ray(change, max_trials=4)) == 4
    assert len(stored) == 1
    assert data.nbytes < stored[0] < 1.1 * data.nbytes
    assert data[0] == 0


@pytest.mark.parametrize(
    ("act", "how"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "its worker was killed by SIGKILL, as the system does"),
        (lambda: os._exit(3), "its worker ended with exit code 3"),
        (lambda: os.kill(os.getppid(), signal.SIGKILL), "its worker on the Ray cluster died: "),
    ],
    ids=["the process is killed", "the process exits", "the actor is killed"],
)
def test_a_trial_whose_worker_dies_resumes_in_another(tmp_path, act, how):
    results = on_ray(once(tmp_path, act), max_trials=None, strategy=GRID, directory=tmp_path)
    assert {trial.status for trial in results} == {"completed"}
    died = next(trial for trial in results if trial.values["x"] == 1)
    assert (died.attempts, died.crashes) == (2, 1)
    (reason,) = reasons(tmp_path)
    assert reason.startswith(how)


def test_a_trial_that_hangs_is_ended_with_the_processes_that_it_has_started(tmp_path):
    def act():
        child = os.fork()
        if child:
            (tmp_path / "child").write_text(str(child))
        threading.Event().wait()

    results = on_ray(once(tmp_path, act), max_trials=None, strategy=GRID, trial_timeout=3)
    assert {trial.status for trial in results} == {"completed"}
    assert sum(trial.attempts for trial in results) == 5
    assert gone([int((tmp_path / "child").read_text())])


def test_no_process_is_left_of_an_actor_that_is_killed(tmp_path):
    def act():
        (tmp_path / "worker").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()

    on_ray(once(tmp_path, act), max_trials=None, strategy=GRID)
    assert gone([int((tmp_path / "worker").read_text())])


def test_workers_are_replaced_after_their_trials():
    results = on_ray(bowl, workers=1, max_trials=4, trials_per_worker=2)
    assert len({trial.notes["worker"] for trial in results}) == 2


def test_a_trial_whose_process_is_suspended_is_noticed_and_heard_again(monkeypatch):
    monkeypatch.setattr(crew, "_SECONDS_OF_SILENCE", 1.0)
    told = []

    def suspended(hp):
        os.kill(os.getpid(), signal.SIGSTOP)
        return hp.Float("x", 0, 1)

    def wake(event, history):
        if isinstance(event, Annotated) and event.key == SILENT:
            told.append(event.value is None)
            os.kill(int(history[event.trial].worker.rpartition(":")[2]), signal.SIGCONT)

    results = on_ray(suspended, workers=1, max_trials=1, observers=[wake])
    assert told == [False, True]
    assert [trial.status for trial in results] == ["completed"]


def test_output_is_printed_with_the_number_of_its_trial(capfd):
    def speaks(hp):
        hp.Float("x", 0, 1)
        print("one\ntwo", flush=True)
        return 0.0

    on_ray(speaks, max_trials=1)
    assert capfd.readouterr().out.splitlines() == ["trial 0 | one", "trial 0 | two"]


def test_a_flood_of_output_holds_nobody_up(tmp_path):
    def floods(hp):
        hp.Float("x", 0, 1)
        for _ in range(2000):
            print("x" * 500)
        return 0.0

    assert len(on_ray(floods, max_trials=2, logs=tmp_path)) == 2
    assert sum(len(path.read_text().splitlines()) for path in tmp_path.iterdir()) == 4000


def test_the_runtime_environment_and_the_threads_reach_the_trials(monkeypatch, tmp_path):
    names = ("OWN", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    def function(hp):
        (tmp_path / "seen").write_text(" ".join(os.environ[name] for name in names))
        return hp.Float("x", 0, 1)

    environment = {"env_vars": {"OWN": "here"}}
    on_ray(function, workers=1, max_trials=1, num_cpus=2, runtime_env=environment)
    assert (tmp_path / "seen").read_text() == "here 3 2 -1"


def test_workers_are_placed_by_custom_resources():
    results = on_ray(bowl, workers="auto", resources={"odd": 2}, max_trials=3)
    assert len({trial.notes["worker"] for trial in results}) == 1  # there is room for one, which needs two of three


def test_workers_that_cannot_load_the_function_say_so_once(tmp_path, monkeypatch):
    module = tmp_path / "only_in_the_driver_of_ray.py"
    module.write_text("def function(hp):\n    return hp.Float('x', 0, 1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from only_in_the_driver_of_ray import function

    module.unlink()
    with pytest.raises(SearchError, match=r"(?s)a worker cannot load .*No module named 'only_in_the_driver_of_ray'"):
        on_ray(function)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, r"Ray\(workers=0\)"),
        ({"num_cpus": -1}, r"Ray\(num_cpus=-1\)"),
        ({"num_gpus": "all"}, r"Ray\(num_gpus='all'\)"),
        ({"resources": {"a": float("nan")}}, r"Ray\(resources\['a'\]=nan\)"),
        ({"trial_timeout": 0}, r"Ray\(trial_timeout=0\)"),
        ({"num_cpus": 0}, "say how many: workers=4"),
        ({"address": "ray://host:10001"}, 'address="auto"'),
    ],
    ids=str,
)
def test_arguments_out_of_range_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        kt.executors.Ray(**options)


@pytest.mark.parametrize("needs", [{"num_gpus": 1}, {"num_cpus": 3}, {"resources": {"absent": 1}}], ids=str)
def test_what_no_node_has_is_an_error_at_once(needs):
    with pytest.raises(SearchError, match=r"no node .* has what a worker needs .*the cluster has 1 nodes: 2 CPU"):
        on_ray(bowl, **needs)


def test_another_cluster_than_the_one_that_is_connected_is_an_error():
    with pytest.raises(UsageError, match=r"Ray\(address='127.0.0.1:1'\): this process is connected to 127.0.0.1:"):
        on_ray(bowl, address="127.0.0.1:1")


def test_two_searches_in_threads_share_the_cluster(tmp_path):
    found = {}

    def search(name):
        found[name] = on_ray(bowl, workers=1, directory=tmp_path, project_name=name)

    threads = [threading.Thread(target=search, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workers = [{trial.notes["worker"] for trial in results} for results in found.values()]
    assert len(found["a"]) == len(found["b"]) == 4
    assert not workers[0] & workers[1]
