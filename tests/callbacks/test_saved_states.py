import os

import pytest

from kerastune_lite.callbacks.saved_states import delete_states, link
from kerastune_lite.errors import StudyWriteError


def test_a_state_that_cannot_be_named_as_the_best_epochs_is_an_error_of_the_study(tmp_path, monkeypatch):
    def fail(source, target):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "resume.npz").touch()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StudyWriteError, match="no permission"):
        link(tmp_path / "resume.npz", tmp_path / "best_epoch.npz")


def test_naming_a_state_twice_leaves_no_other_file(tmp_path):
    (tmp_path / "resume.npz").touch()
    for _ in range(2):
        link(tmp_path / "resume.npz", tmp_path / "best_epoch.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best_epoch.npz", "resume.npz"]


def test_a_state_that_cannot_be_deleted_is_an_error_of_the_study(tmp_path, monkeypatch):
    def fail(path, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(StudyWriteError, match="no permission"):
        delete_states(tmp_path)
