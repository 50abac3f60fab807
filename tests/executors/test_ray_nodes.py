"""Nodes join a Ray cluster and leave it while a search runs; files of trials travel."""

import threading

import keras
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import SearchError
from kerastune_lite.study.events import Reported
from kerastune_lite.study.store import read_events
from tests import tiny
from tests.executors.local_ray import ray
from tests.executors.test_pool import GRID, content, tune
from tests.executors.test_pool_keras import Dies, searched

pytestmark = pytest.mark.slow

SPOT = {"resources": {"spot": 1}, "num_cpus": 0}


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


def held(directory):
    """A function whose first attempt never ends, once its first epoch is recorded."""

    def function(hp, report):
        x, begun = hp.Float("x", -1, 1), directory / "begun"
        report(1, x)
        if not begun.exists():
            begun.touch()
            threading.Event().wait()
        report(2, x)

    return function


class Once:
    """An observer that acts at the first event of a kind."""

    def __init__(self, kind, act):
        self.kind, self.act = kind, act

    def __call__(self, event, history):
        if isinstance(event, self.kind) and self.act is not None:
            act, self.act = self.act, None
            act()


def test_workers_start_on_a_node_that_joins(cluster, tmp_path):
    def function(hp, report):
        x = hp.Int("x", 0, 1)
        (tmp_path / str(x)).touch()
        while not all((tmp_path / str(other)).exists() for other in (0, 1)):
            report(1, float(x))
        return float(x)

    first, joined = cluster.add_node(**SPOT), []
    join = Once(Reported, lambda: joined.append(cluster.add_node(**SPOT)))
    executor = kt.executors.Ray("auto", num_cpus=0, resources={"spot": 1})
    results = tune(function, workers=executor, strategy=GRID, max_trials=None, observers=[join])
    for node in (first, *joined):
        cluster.remove_node(node)
    assert [trial.status for trial in results] == ["completed"] * 2
    assert len({trial.notes["worker"] for trial in results}) == 2


def test_a_trial_whose_node_is_lost_resumes_on_another(cluster, tmp_path):
    nodes = [cluster.add_node(**SPOT)]

    def replace():
        nodes.append(cluster.add_node(**SPOT))
        cluster.remove_node(nodes.pop(0), allow_graceful=False)

    executor = kt.executors.Ray(1, num_cpus=0, resources={"spot": 1}, wait_for_nodes=60)
    results = tune(
        held(tmp_path), workers=executor, max_trials=2, directory=tmp_path, observers=[Once(Reported, replace)]
    )
    cluster.remove_node(nodes.pop())
    assert [trial.status for trial in results] == ["completed"] * 2
    assert sum(trial.attempts for trial in results) == 3
    (reason,) = (event.reason for event in read_events(tmp_path / "study")[0] if getattr(event, "died", None))
    assert reason.startswith("its worker on the Ray cluster died: ")


def test_a_search_ends_when_its_last_node_is_lost(cluster, tmp_path):
    node = cluster.add_node(**SPOT)
    lose = Once(Reported, lambda: cluster.remove_node(node, allow_graceful=False))
    executor = kt.executors.Ray(1, num_cpus=0, resources={"spot": 1})
    with pytest.raises(SearchError, match=r"no node .* \(1 spot\)"):
        tune(held(tmp_path), workers=executor, directory=tmp_path, observers=[lose])
    assert {trial.status for trial in tune(held(tmp_path), directory=tmp_path, workers=1)} == {"completed"}


def test_a_training_whose_worker_is_killed_resumes_on_a_node_that_does_not_reach_the_study(
    cluster, tmp_path, monkeypatch
):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    board = keras.callbacks.TensorBoard()
    _, alone = searched(tmp_path / "alone", arguments={"callbacks": [board]})
    executor = kt.executors.Ray(1, shared_directory=False)
    arguments = {"callbacks": [Dies(tmp_path / "flag"), board]}
    tuner, together = searched(tmp_path / "cut", workers=executor, arguments=arguments)
    assert content(together) == content(alone)
    assert sorted(trial.attempts for trial in together) == [1, 1, 1, 2]
    (died,) = (trial.number for trial in together if trial.attempts == 2)
    events, _ = read_events(tmp_path / "cut" / "study")
    epochs = [event.epoch for event in events if isinstance(event, Reported) and event.trial == died]
    assert epochs == [1, 2, 2, 3]  # the second attempt tells its last epoch again
    (model,) = tuner.get_best_models(1)
    loss = model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(together.best.score)
    files = {kind: written(tmp_path / kind / "study") for kind in ("alone", "cut")}
    assert files["cut"] == files["alone"]


def written(study):
    """The files of trials in a study; those of TensorBoard by their directory."""
    found = (path.relative_to(study) for path in study.rglob("*") if path.is_file() and "trial_" in str(path))
    return {str(path.parent if path.parts[0] == "tensorboard" else path) for path in found}
