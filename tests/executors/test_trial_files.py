"""Files of a trial that travel: what is sent, and what the other side makes of it."""

import os

import pytest

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.executors.trial_files import Changes, CopiedFiles, FileVersion, WatchedFiles, places

PLACES = places(3, written=True)
STATE = "checkpoints/trial_0003/resume.npz"


@pytest.fixture
def sides(tmp_path):
    """Two directories, what watches the first, and what does the same to the second."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    (ours / STATE).parent.mkdir(parents=True)
    return ours, theirs, WatchedFiles(ours, PLACES, common=False), CopiedFiles(theirs, PLACES)


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def replace(path, text):
    part = path.with_name("part")
    part.write_text(text)
    os.replace(part, path)


def test_new_changed_and_deleted_files_are_copied(sides):
    ours, theirs, watched, copied = sides
    board = ours / "tensorboard" / "trial_0003" / "train" / "events"
    board.parent.mkdir(parents=True)
    board.write_text("a")
    replace(ours / STATE, "one")
    copied.apply(watched.changes())
    assert contents(theirs) == contents(ours)
    replace(ours / STATE, "two")
    board.unlink()
    copied.apply(watched.changes())
    assert contents(theirs) == {STATE: "two"}


def test_nothing_is_sent_where_nothing_has_changed(sides):
    ours, _, watched, _ = sides
    (ours / STATE).write_text("one")
    assert watched.changes() is not None
    assert watched.changes() is None


def test_second_names_of_a_file_are_not_sent_again(sides):
    ours, theirs, watched, copied = sides
    before, best = ours / STATE.replace("resume", "resume_before"), ours / STATE.replace("resume", "best_epoch")
    replace(ours / STATE, "one")
    copied.apply(watched.changes())
    os.link(ours / STATE, before)
    replace(ours / STATE, "two")
    os.link(ours / STATE, best)
    changes = watched.changes()
    assert list(changes.contents.values()) == [b"two"]
    copied.apply(changes)
    assert contents(theirs) == contents(ours)


def test_what_both_sides_have_at_first_is_not_sent_back(sides):
    ours, theirs, watched, copied = sides
    (ours / STATE).write_text("one")
    copied.apply(watched.changes())
    back, home = WatchedFiles(theirs, PLACES, common=True), CopiedFiles(ours, PLACES)
    os.link(theirs / STATE, theirs / STATE.replace("resume", "best_epoch"))
    changes = back.changes()
    assert changes.contents == {}
    home.apply(changes)
    assert contents(ours) == contents(theirs)
    (theirs / STATE).unlink()
    home.apply(back.changes())
    assert contents(ours) == {STATE.replace("resume", "best_epoch"): "one"}


@pytest.mark.parametrize("name", ["../outside", "study.jsonl", "checkpoints/trial_0003/../../study.jsonl", "/etc/x"])
def test_nothing_is_written_or_deleted_outside_of_the_trial(sides, name):
    _, theirs, _, copied = sides
    theirs.mkdir()
    (theirs / "study.jsonl").write_text("record")
    version = FileVersion(1, 2, 3, 4)
    copied.apply(Changes({name: version}, {version: b"new"}))
    copied.apply(Changes())
    assert contents(theirs.parent) == {"theirs/study.jsonl": "record"}


def test_links_to_files_elsewhere_do_not_travel(sides):
    ours, _, watched, _ = sides
    (ours.parent / "secret").write_text("x")
    (ours / STATE).symlink_to(ours.parent / "secret")
    assert watched.changes() is None


def test_a_file_that_cannot_be_written_is_an_error_of_the_study(sides):
    ours, theirs, watched, copied = sides
    (ours / STATE).write_text("one")
    theirs.write_text("a file, where a directory should be")
    with pytest.raises(StudyWriteError, match=r"resume\.npz"):
        copied.apply(watched.changes())
