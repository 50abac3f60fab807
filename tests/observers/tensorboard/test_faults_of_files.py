import errno

import pytest

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.observers.tensorboard import SearchBoard
from kerastune_lite.observers.tensorboard.event_file import EventFile, event_files, is_whole
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import identity
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
    EventFile(tmp_path / "trial_0000_unfinished", 0.0, identity(0.0)).close()
    board = SearchBoard(tmp_path)
    board(events[0], History(events))
    board.close()
    assert [path.name for path in tmp_path.glob("trial_*")] == []


def test_a_run_that_is_cut_within_its_last_record_has_not_ended(tmp_path):
    board, history = SearchBoard(tmp_path), History()
    for event in (opened(), Started(trial=0, attempt=1, values={}), Ended(trial=0)):
        history.apply(event)
        board(event, history)
    board.close()
    ((file, name),) = event_files(tmp_path / "trial_0000").items()
    content, study, form = file.read_bytes(), identity(history.created), board._columns.format(history[0])
    assert name.study == study
    assert is_whole(tmp_path / "trial_0000", study, form)
    for size in range(len(content)):
        file.write_bytes(content[:size])
        assert not is_whole(tmp_path / "trial_0000", study, form)
