import os

import pytest

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.observers.model_files import ModelFiles
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import RESUME, checkpoint_directory
from tests.fakes import opened

EVENTS = [
    opened(),
    Started(trial=0, attempt=1, values={}),
    Reported(trial=0, execution=0, epoch=1, metrics={"score": 1.0}),
    Ended(trial=0),
]


@pytest.fixture
def state(tmp_path):
    """The resume state of trial 0."""
    path = checkpoint_directory(tmp_path, 0) / RESUME
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_the_state_of_a_trial_that_has_ended_is_deleted(tmp_path, state):
    ModelFiles(tmp_path)(EVENTS[-1], History(EVENTS))
    assert not state.exists()


def test_a_state_left_by_a_process_that_died_is_deleted_by_the_next_search(tmp_path, state):
    ModelFiles(tmp_path)(EVENTS[0], History(EVENTS))
    assert not state.exists()


def test_the_state_of_an_unfinished_trial_stays(tmp_path, state):
    ModelFiles(tmp_path)(EVENTS[0], History(EVENTS[:-1]))
    assert state.exists()


def test_a_file_that_cannot_be_deleted_is_an_error_of_the_study(tmp_path, state, monkeypatch):
    def fail(path, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(StudyWriteError, match="no permission"):
        ModelFiles(tmp_path)(EVENTS[-1], History(EVENTS))
