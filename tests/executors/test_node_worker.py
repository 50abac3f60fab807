"""A worker on a node, without the cluster around it."""

import os

import pytest

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.executors.channel import Broken, Gone, Ready
from kerastune_lite.executors.node_worker import NodeWorker, TaskSent
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.executors.trial_files import CopiedFiles
from kerastune_lite.study.events import Ended, Started
from kerastune_lite.study.layout import LOCK
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.testing.searches import search_started


def writes(task, send):
    """Notes where it writes, and whether it has found something there."""
    place = task.directory / "checkpoints" / "trial_0000"
    place.mkdir(parents=True, exist_ok=True)
    found = (place / "resume.npz").exists()
    (place / "resume.npz").write_text(str(task.directory))
    print("found" if found else "nothing", flush=True)


@pytest.fixture
def node():
    made = []

    def make(function, **options):
        parcel = Parcel.of(function)
        made.append(NodeWorker(parcel.content(), parcel.parts, {}, **{"threads": 1, "gpus": 0, **options}))
        return made[-1]

    yield make
    for one in made:
        one.leave(idle=True)


def heard(node, kind):
    """What the node says until there is a message, which is of this kind; and the output until then."""
    output = b""
    while True:
        said = node.listen()
        output += said.output
        if said.message is not None:
            assert isinstance(said.message, kind)
            return said, output.decode()


def task(directory):
    return Task(Started(trial=0, attempt=1, values={}), search_started(), directory=directory)


def study(directory):
    """A study's directory, which is locked."""
    (directory / LOCK).write_text("1 here")
    return TaskSent(task(directory), b"1 here", None)


def test_a_node_that_reaches_the_study_writes_there(node, tmp_path):
    worker = node(writes)
    heard(worker, Ready)
    worker.send(study(tmp_path))
    said, output = heard(worker, Ended)
    assert (said.reaches, said.files, output) == (True, None, "nothing\n")
    assert (tmp_path / "checkpoints" / "trial_0000" / "resume.npz").read_text() == str(tmp_path)


def test_another_directory_of_the_same_name_is_not_the_study(node, tmp_path):
    worker = node(writes)
    heard(worker, Ready)
    sent = study(tmp_path)
    (tmp_path / LOCK).write_text("2 there")
    worker.send(sent)
    said, _ = heard(worker, Ended)
    assert said.reaches is False
    (content,) = said.files.contents.values()
    assert content.decode() != str(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {LOCK}


def test_each_task_finds_the_files_that_come_with_it_alone(node, tmp_path):
    worker = node(writes)
    heard(worker, Ready)
    files = None
    for expected in ("nothing\n", "found\n", "nothing\n"):
        worker.send(TaskSent(task(tmp_path), None, files, shared=False))
        said, output = heard(worker, Ended)
        worker.send(Decision())
        files = said.files if files is None else None
        assert output == expected


def test_its_own_files_are_deleted_when_it_leaves(node, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    worker = node(writes)
    heard(worker, Ready)
    assert len(list(tmp_path.iterdir())) == 1
    worker.leave(idle=True)
    assert not list(tmp_path.iterdir())


def test_the_death_of_its_process_is_told_with_the_exit_code(node, tmp_path):
    worker = node(lambda task, send: os._exit(3))
    heard(worker, Ready)
    worker.send(TaskSent(task(tmp_path), None, None, shared=False))
    said, _ = heard(worker, Gone)
    assert said.message == Gone("its worker ended with exit code 3")


def test_files_that_cannot_be_written_end_the_attempt_with_the_reason(node, tmp_path, monkeypatch):
    def full(self, changes):
        raise StudyWriteError("the disk of the node is full")

    worker = node(writes)
    heard(worker, Ready)
    monkeypatch.setattr(CopiedFiles, "apply", full)
    worker.send(TaskSent(task(tmp_path), None, None, shared=False))
    said, _ = heard(worker, Gone)
    assert said.message == Gone("the disk of the node is full")


def test_a_process_that_cannot_be_started_is_told_with_its_error(node, monkeypatch):
    def fails(*args, **kwargs):
        raise OSError("no process")

    monkeypatch.setattr("subprocess.Popen", fails)
    said, _ = heard(node(writes), Broken)
    assert "OSError: no process" in said.message.error


@pytest.mark.parametrize(
    ("gpus", "expected"), [(0, ("-1", None)), (1, ("5", None)), (0.5, ("5", "true"))], ids=["none", "one", "half"]
)
def test_the_gpus_of_a_trial_are_those_that_the_cluster_gives(monkeypatch, gpus, expected):
    from kerastune_lite.executors.node_worker import _environment

    own = _environment({"CUDA_VISIBLE_DEVICES": "5"}, 2, gpus)
    assert (own["CUDA_VISIBLE_DEVICES"], own.get("TF_FORCE_GPU_ALLOW_GROWTH")) == expected
    assert own["OMP_NUM_THREADS"] == "2"
