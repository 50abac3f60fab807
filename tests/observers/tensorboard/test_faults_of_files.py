import errno

import pytest

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.observers.tensorboard import SearchBoard
from kerastune_lite.observers.tensorboard.event_file import event_files, has_ended
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from tests.fakes import opened


def test_no_file_stays_open_when_one_of_them_cannot_be_written(tmp_path, monkeypatch):
    board, history = SearchBoard(tmp_path), History()
    report = Reported(trial=0, execution=0, epoch=1, metrics={"score": 1.0})
    for event in (opened(), Started(trial=0, attempt=1, values={})):
        history.apply(event)
        board(event, history)

    def fail(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    history.apply(report)
    with monkeypatch.context() as patched:
        patched.setattr("kerastune_lite.observers.tensorboard.event_file.EventFile.flush", fail)
        with pytest.raises(StudyWriteError):
            board(report, history)
    board.close()  # an open file would be a ResourceWarning, which is an error


def test_the_run_of_a_duplicate_whose_process_died_is_deleted_by_the_next_search(tmp_path):
    events = [opened(), Started(trial=0, attempt=1, values={}), Ended(trial=0, outcome="duplicate")]
    (tmp_path / "trial_0000").mkdir()
    board = SearchBoard(tmp_path)
    board(events[0], History(events))
    board.close()
    assert not (tmp_path / "trial_0000").exists()


def test_a_run_that_is_cut_within_its_last_record_has_not_ended(tmp_path):
    board, history = SearchBoard(tmp_path), History()
    for event in (opened(), Started(trial=0, attempt=1, values={}), Ended(trial=0)):
        history.apply(event)
        board(event, history)
    board.close()
    (file,) = event_files(tmp_path / "trial_0000")
    content = file.read_bytes()
    assert has_ended(tmp_path / "trial_0000")
    for size in range(len(content)):
        file.write_bytes(content[:size])
        assert not has_ended(tmp_path / "trial_0000")
