"""How workers share cores and GPUs."""

import os

import pytest

from kerastune_lite.executors.devices import cores, leave_gpus_to_workers, share, visible_gpus


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"CUDA_VISIBLE_DEVICES": "1,3"}, ["1", "3"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, []),
    ],
)
def test_the_environment_decides_which_gpus_are_visible(environment, found, tmp_path):
    (tmp_path / "nvidia0").touch()
    assert visible_gpus(environment, tmp_path) == found


def test_without_it_all_gpus_of_the_machine_are_visible(tmp_path):
    for name in ("nvidia10", "nvidia2", "nvidia0", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert visible_gpus({}, tmp_path) == ["0", "2", "10"]


@pytest.mark.parametrize(
    ("workers", "gpus", "found"),
    [
        (2, ["0", "1"], ["0", "1"]),
        (2, ["0", "1", "2", "3"], ["0,2", "1,3"]),
        (3, ["4", "5"], ["4", "5", "4"]),
    ],
)
def test_gpus_are_shared_evenly(workers, gpus, found):
    shares = [share(number, workers, 8, {}, gpus) for number in range(workers)]
    assert [one["CUDA_VISIBLE_DEVICES"] for one in shares] == found
    assert all(("TF_FORCE_GPU_ALLOW_GROWTH" in one) == (workers > len(gpus)) for one in shares)


def test_without_gpus_none_is_named():
    assert "CUDA_VISIBLE_DEVICES" not in share(0, 2, 8, {}, [])


def test_each_worker_has_a_thread_at_least():
    assert share(0, 16, 2, {}, [])["TF_NUM_INTRAOP_THREADS"] == "1"
    assert share(0, 2, 8, {}, [])["OMP_NUM_THREADS"] == "4"


def test_threads_that_the_user_has_set_stay():
    assert share(0, 2, 8, {"OMP_NUM_THREADS": "3"}, [])["OMP_NUM_THREADS"] == "3"


def test_this_process_has_a_core():
    assert cores() >= 1


def test_cores_that_this_process_is_not_bound_to_do_not_count(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cores() == 1


def test_the_driver_leaves_the_memory_of_gpus_to_workers_unless_the_user_decides():
    environment = {"CUDA_VISIBLE_DEVICES": "0"}
    leave_gpus_to_workers(environment)
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "false"
    leave_gpus_to_workers(environment)
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"
    without: dict[str, str] = {"CUDA_VISIBLE_DEVICES": ""}
    leave_gpus_to_workers(without)
    assert without == {"CUDA_VISIBLE_DEVICES": ""}
