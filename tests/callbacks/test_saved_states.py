import os

import numpy as np
import pytest

from kerastune_lite.callbacks.resume_state import Progress, ResumeState
from kerastune_lite.callbacks.saved_states import delete_states, last_state, link, replace_last
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


def saved(epoch):
    progress = Progress(0, epoch, {"loss": 1.0}, [(1, 1.0)], stopped=False)
    return ResumeState(progress.to_json(), {"model/0": np.full(3, float(epoch))})


def damage(path):
    content = bytearray(path.read_bytes())
    path.unlink()  # another name of it may be kept
    content[-20] ^= 1
    path.write_bytes(content)


def test_a_damaged_state_falls_back_to_the_one_before_it(tmp_path):
    for epoch in (1, 2, 3):
        replace_last(saved(epoch), tmp_path)
    damage(tmp_path / "resume.npz")
    with pytest.warns(RuntimeWarning, match=r"resume\.npz .*: the training resumes after epoch 2"):
        state, notice = last_state(tmp_path)
    assert state.progress.epoch == 2
    assert notice.endswith("the training resumes after epoch 2")
    assert last_state(tmp_path)[0].progress.epoch == 2  # it has taken the place of the damaged one


def test_two_damaged_states_fall_back_to_the_best_epochs(tmp_path):
    replace_last(saved(1), tmp_path)
    link(tmp_path / "resume.npz", tmp_path / "best_epoch.npz")
    for epoch in (2, 3):
        replace_last(saved(epoch), tmp_path)
    damage(tmp_path / "resume.npz")
    damage(tmp_path / "resume_before.npz")
    with pytest.warns(RuntimeWarning, match="resumes after epoch 1"):
        assert last_state(tmp_path)[0].progress.epoch == 1


def test_a_state_is_not_written_into_a_directory_that_was_deleted(tmp_path):
    with pytest.raises(StudyWriteError, match="its directory was deleted or moved; put it back and rerun"):
        replace_last(saved(1), tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
