"""The journal's file belongs to its search: nobody else writes to it, and it writes nowhere else."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kerastune_lite.errors import StudyLocked, StudyWriteError
from kerastune_lite.search.settings import study_directory
from kerastune_lite.study.events import Annotated, Ended
from kerastune_lite.study.layout import JOURNAL, LOCK
from kerastune_lite.study.store import Journal, read_events
from kerastune_lite.study.texts import LONGEST
from tests.fakes import search

NOTE = Annotated(key="k", value=1)


@pytest.fixture
def journal(tmp_path):
    a_journal = Journal(tmp_path / "study")
    yield a_journal
    a_journal.close()


def test_a_closed_journal_writes_nothing_into_the_file_that_got_its_descriptor(journal, tmp_path):
    journal.close()
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"), (tmp_path / "c").open("w"):
        with pytest.raises(StudyWriteError, match="is closed"):
            journal.append(NOTE)
        journal.close()
    assert [(tmp_path / name).read_bytes() for name in "abc"] == [b"", b"", b""]


def test_closed_standard_streams_lend_the_journal_no_descriptor(tmp_path):
    code = """if True:
        import os, sys
        from pathlib import Path
        from kerastune_lite.study.store import Journal
        for number in (0, 1, 2):
            os.close(number)
        journal = Journal(Path(sys.argv[1]))
        opened = [number for number in (0, 1, 2) if os.path.exists(f"/proc/self/fd/{number}")]
        os._exit(len(opened))
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code, tmp_path], env=environment, check=False).returncode == 0


@pytest.mark.parametrize("loss", [shutil.rmtree, lambda path: path.rename(path.with_name("moved"))], ids=["rm", "mv"])
def test_a_study_that_is_deleted_or_moved_ends_its_search_at_the_next_event(tmp_path, loss):
    study = tmp_path / "study"
    journal, values = Journal(study), []

    def function(hp):
        values.append(hp.Int("n", 0, 99))
        if len(values) == 2:
            loss(study)
        return {"score": 1.0}

    with pytest.raises(StudyWriteError, match="was deleted, moved or replaced"):
        search(function, store=journal, max_trials=9)
    journal.close()
    assert len(values) == 2
    assert not study.exists()


def test_a_changed_working_directory_does_not_move_the_study(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    directory = study_directory({"directory": "logs"}, None)
    journal = Journal(Path("study"))
    monkeypatch.chdir("elsewhere")
    journal.append(NOTE)
    journal.close()
    assert directory == tmp_path / "logs" / "study"
    assert len(read_events(tmp_path / "study")[0]) == 1
    assert list(Path().iterdir()) == []


def test_a_second_writer_is_refused_where_the_lock_file_was_deleted(journal):
    (journal.directory / LOCK).unlink()
    for overwrite in (False, True):
        with pytest.raises(StudyLocked):
            Journal(journal.directory, overwrite=overwrite)
    journal.append(NOTE)
    assert len(read_events(journal.directory)[0]) == 1


def test_a_forked_child_holds_no_lock_and_cannot_write(journal):
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            journal.append(NOTE)
        except StudyWriteError:
            os.write(told, b"refused")
        finally:
            signal.pause()
            os._exit(1)
    try:
        assert os.read(ready, 7) == b"refused"
        journal.append(NOTE)
        with pytest.raises(StudyLocked):
            Journal(journal.directory)
        journal.close()
        Journal(journal.directory).close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(told)


def test_a_started_program_holds_no_lock(journal):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        journal.close()
        Journal(journal.directory).close()


def test_a_journal_that_cannot_be_begun_leaves_the_study_unlocked(tmp_path):
    Journal(tmp_path).close()
    (tmp_path / JOURNAL).unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))
    try:
        with pytest.raises(StudyWriteError, match="a limit on the size of files"):
            Journal(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    Journal(tmp_path).close()


def test_a_lock_of_something_that_prints_escape_sequences_names_printable_text(journal):
    (journal.directory / LOCK).write_text("\x1b[31mprocess 1")
    with pytest.raises(StudyLocked, match=r"by \[31mprocess 1;"):
        Journal(journal.directory)


def test_a_huge_error_is_recorded_by_its_beginning_and_its_end(journal):
    def function(hp):
        hp.Int("n", 0, 9)
        raise ValueError("begin" + "é" * 20_000_000 + "end \ud800")

    history = search(function, store=journal, max_trials=1)
    journal.close()
    ended = [event for event in read_events(journal.directory)[0] if isinstance(event, Ended)]
    assert (journal.directory / JOURNAL).stat().st_size < 20 * LONGEST
    assert "begin" in ended[0].error
    assert "characters left out" in ended[0].error
    assert ended[0].error.rstrip().endswith("end \ud800")
    assert history[0].error == ended[0].error
