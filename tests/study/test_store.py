import errno
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kerastune_lite.errors import StudyForeign, StudyLocked, StudyWriteError
from kerastune_lite.space.kinds import Choice, Condition, Float
from kerastune_lite.study.codec import HEADER, EventCodec
from kerastune_lite.study.events import (
    Annotated,
    Ended,
    Enqueued,
    ExternalResult,
    ReadsRecorded,
    Reported,
    Stamp,
    Started,
)
from kerastune_lite.study.layout import JOURNAL, LOCK
from kerastune_lite.study.store import Journal, MemoryStore, read_events
from tests.fakes import opened

ROOT = Path(__file__).parent.parent
STAMP = Stamp(1.5, 2.5, "host:1")
CHOICE = Choice("c", (None, (1, 2), "a"))
INACTIVE = Float("f", 0, 1, conditions=(Condition("c", ([1],)),))
EVENTS = [
    opened(space=(Float("x", 0, 1),), epochs=3, versions={"python": "3.11"}, stamp=STAMP),
    Enqueued(values={"c": (1, 2)}, stamp=STAMP),
    ExternalResult(values={"c": None}, score=float("-inf"), stamp=STAMP),
    Started(trial=0, attempt=1, values={"c": (1, 2)}, unset="first", source="queue", note={"a": [1]}, stamp=STAMP),
    ReadsRecorded(
        trial=0, values={"c": (1, 2)}, definitions=(CHOICE,), space=(INACTIVE, CHOICE), complete=True, stamp=STAMP
    ),
    Reported(trial=0, execution=0, epoch=1, metrics={"loss": float("inf"), "score": 0.1 + 0.2}, stamp=STAMP),
    Ended(trial=0, outcome="failed", reason="ValueError: é", error="a\nb", stamp=STAMP),
    Annotated(key="k", value={"x": [1, None]}, stamp=STAMP),
]


@pytest.fixture
def journal(tmp_path):
    """A study with every kind of event, closed."""
    a_journal = Journal(tmp_path)
    for event in EVENTS:
        a_journal.append(event)
    a_journal.close()
    return tmp_path / JOURNAL


def reopened(directory):
    a_journal = Journal(directory)
    a_journal.close()
    return a_journal


def child(code, *arguments):
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], {
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "text": True,
    }


def through_json(event):
    """What another codec makes of the lines of an event."""
    reader = EventCodec()
    lines = [json.dumps(data, allow_nan=False) for data in EventCodec().encode(event)]
    return [again for line in lines if (again := reader.decode(json.loads(line))) is not None]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_survives_json(event):
    assert through_json(event) == [event]


def test_a_search_without_a_budget_survives_json():
    event = opened(max_trials=None, stamp=STAMP)
    assert through_json(event) == [event]


def test_a_failure_that_no_retry_can_help_survives_json():
    event = Ended(trial=0, outcome="failed", reason="too slow", final=True, stamp=STAMP)
    assert through_json(event) == [event]


def test_an_annotation_without_a_value_survives_json():
    event = Annotated(key="k", value=None, stamp=STAMP)
    assert through_json(event) == [event]


def test_nan_survives_json():
    event = Reported(trial=0, execution=0, epoch=1, metrics={"loss": float("nan")})
    (again,) = through_json(event)
    assert str(again.metrics["loss"]) == "nan"


def test_keys_that_this_version_does_not_know_are_kept():
    codec = EventCodec()
    for event in EVENTS:
        *_, data = codec.encode(event)
        (again,) = codec.encode(codec.decode({**data, "from_the_future": [1]}))
        assert again == {**data, "from_the_future": [1]}


def test_events_of_an_unknown_kind_are_passed_over():
    assert EventCodec().decode({"event": "from_the_future", "wall": 0, "monotonic": 0, "worker": ""}) is None


def test_a_journal_gives_back_what_was_appended(journal):
    assert (reopened(journal.parent).events(), read_events(journal.parent)) == (EVENTS, (EVENTS, []))


def test_a_memory_store_gives_back_what_was_appended():
    store = MemoryStore()
    for event in EVENTS:
        store.append(event)
    assert store.events() == EVENTS


def test_every_line_is_json(journal):
    lines = journal.read_text().splitlines()
    assert [json.loads(line).get("event", "header") for line in lines][:2] == ["header", "opened"]


def test_reading_a_study_that_is_not_there_gives_nothing(tmp_path):
    assert read_events(tmp_path / "none") == ([], [])


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_cut_and_reported(journal, cut):
    journal.write_bytes(journal.read_bytes()[:-cut])
    a_journal = reopened(journal.parent)
    assert a_journal.events() == EVENTS[:-1]
    assert len(a_journal.damage) == 1
    assert "the last line (number 11) was torn" in a_journal.damage[0]
    assert journal.read_bytes().endswith(b"}\n")


def test_a_line_still_being_written_is_no_damage_to_a_reader(journal):
    journal.write_bytes(journal.read_bytes()[:-5])
    assert read_events(journal.parent) == (EVENTS[:-1], [])


def test_a_study_cut_at_any_byte_can_be_opened_and_gone_on_with(journal):
    content = journal.read_bytes()
    for size in range(len(content)):
        journal.write_bytes(content[:size])
        a_journal = Journal(journal.parent)
        found = a_journal.events()
        a_journal.append(EVENTS[-1])
        a_journal.close()
        assert found == EVENTS[: len(found)]
        assert read_events(journal.parent) == ([*found, EVENTS[-1]], [])


def without_line(number):
    """The events that remain when the journal has lost a line; without its definition, a read keeps its value."""
    codec, expected, line = EventCodec(), [], 1
    for event in EVENTS:
        lines = codec.encode(event)
        lost = number - line
        line += len(lines)
        if not 1 <= lost <= len(lines):
            expected.append(event)
        elif lost < len(lines):
            space = event.space[: lost - 1] + event.space[lost:]
            known = event.definitions if CHOICE in space else None
            expected.append(replace(event, definitions=known, space=space))
    return expected


def test_a_flipped_byte_anywhere_costs_one_line_and_is_reported_by_number(journal):
    content = journal.read_bytes()
    lines = content.split(b"\n")
    header = len(lines[0])
    place = 0
    for number, line in enumerate(lines[:-1], start=1):
        for offset in range(0, len(line), 3):
            flipped = bytearray(content)
            flipped[place + offset] ^= 1
            if flipped[place + offset] == ord("\n"):
                continue
            journal.write_bytes(flipped)
            if place + offset <= header:
                continue
            events, damage = read_events(journal.parent)
            assert events == without_line(number)
            assert len(damage) == 1
            assert f"line {number} " in damage[0]
        place += len(line) + 1


def test_a_flipped_line_end_costs_the_two_lines_it_joins(journal):
    content = bytearray(journal.read_bytes())
    content[content.index(b"\n", 300)] ^= 1
    journal.write_bytes(content)
    events, damage = read_events(journal.parent)
    assert (len(events), len(damage)) == (len(EVENTS) - 2, 1)


def test_a_damaged_header_is_forgiven_as_long_as_it_says_what_it_is(journal):
    content = journal.read_bytes()
    journal.write_bytes(content.replace(b'"schema":1', b'"schema":7', 1))
    assert read_events(journal.parent)[0] == EVENTS


def test_a_newer_schema_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kerastune_lite.study.store.HEADER", {**HEADER, "schema": 2})
    Journal(tmp_path).close()
    monkeypatch.undo()
    with pytest.raises(StudyForeign, match="has schema 2, this version of kerastune_lite reads up to 1; upgrade"):
        Journal(tmp_path)


@pytest.mark.parametrize("content", [b"hello\n", b"hello", b'{"a": 1}\n', b"\x00\xff\n\n", b"\n"])
def test_something_elses_file_is_refused_and_left_as_it_is(tmp_path, content):
    (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(StudyForeign, match=r"is not a study of kerastune_lite"):
        Journal(tmp_path)
    assert (tmp_path / JOURNAL).read_bytes() == content


def test_overwriting_begins_anew(journal):
    Journal(journal.parent, overwrite=True).close()
    assert read_events(journal.parent) == ([], [])


def test_a_second_writer_is_refused_with_the_first_ones_name(journal):
    code = "import sys; from pathlib import Path; from kerastune_lite.study.store import Journal; "
    code += "Journal(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    command, options = child(code, journal.parent)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StudyLocked, match=f"process {holder.pid} on "):
            Journal(journal.parent)
        assert read_events(journal.parent)[0] == EVENTS
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert (journal.parent / LOCK).read_text().startswith(f"process {holder.pid} ")
    assert reopened(journal.parent).events() == EVENTS


def test_a_file_that_may_not_grow_leaves_whole_lines_and_says_so(journal):
    a_journal = Journal(journal.parent)
    size = journal.stat().st_size
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(StudyWriteError, match="a limit on the size of files is reached"):
            a_journal.append(EVENTS[6])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert journal.stat().st_size == size
    a_journal.append(EVENTS[6])
    a_journal.close()
    assert read_events(journal.parent) == ([*EVENTS, EVENTS[6]], [])


def test_an_end_that_cannot_be_forced_to_disk_is_not_recorded(journal, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    a_journal = Journal(journal.parent)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StudyWriteError):
            a_journal.append(EVENTS[6])
    a_journal.append(EVENTS[7])
    a_journal.close()
    assert read_events(journal.parent) == ([*EVENTS, EVENTS[7]], [])


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left"), StudyWriteError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_definitions_that_could_not_be_written_are_written_with_the_next_reads(tmp_path, monkeypatch, error, raised):
    def fail(descriptor, data):
        raise error

    a_journal = Journal(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail)
        with pytest.raises(raised):
            a_journal.append(EVENTS[4])
    a_journal.append(EVENTS[4])
    a_journal.close()
    assert read_events(tmp_path) == ([EVENTS[4]], [])


def test_a_failed_write_leaves_earlier_definitions_their_meaning(tmp_path, monkeypatch):
    def fail(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    added = Float("other", 0, 1)
    other = replace(EVENTS[4], trial=1, definitions=(added,), values={"other": 0.5}, space=(added,))
    a_journal = Journal(tmp_path)
    a_journal.append(EVENTS[4])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail)
        with pytest.raises(StudyWriteError):
            a_journal.append(other)
    for event in (other, EVENTS[4]):
        a_journal.append(event)
    a_journal.close()
    assert read_events(tmp_path) == ([EVENTS[4], other, EVENTS[4]], [])


def open_files():
    return [*Path("/proc/self/fd").iterdir()]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux lists them")
def test_a_refused_writer_leaves_no_file_open(journal):
    with closing(Journal(journal.parent)):
        (journal.parent / LOCK).unlink()  # the journal itself is locked as well
        before = len(open_files())
        with pytest.raises(StudyLocked):
            Journal(journal.parent)
        assert len(open_files()) == before


def test_an_event_interrupted_by_ctrl_c_is_not_recorded_and_costs_no_other(tmp_path, monkeypatch):
    write = os.write

    def interrupted(descriptor, data):
        write(descriptor, data[: len(data) // 2])
        raise KeyboardInterrupt

    a_journal = Journal(tmp_path)
    a_journal.append(EVENTS[0])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            a_journal.append(EVENTS[6])
    a_journal.append(EVENTS[7])
    a_journal.close()
    assert read_events(tmp_path) == ([EVENTS[0], EVENTS[7]], [])


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(StudyWriteError, match="choose another `directory` or `project_name`"):
        Journal(tmp_path / "logs" / "study")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StudyWriteError, match="no permission"):
        Journal(tmp_path / "study")


def test_a_directory_that_cannot_be_written_is_told():
    with pytest.raises(StudyWriteError, match="cannot write /proc"):
        Journal(Path("/proc/kerastune"))


def test_bytes_grow_in_proportion_to_trials(tmp_path):
    a_journal, sizes = Journal(tmp_path), []
    for trial in range(300):
        a_journal.append(Reported(trial=trial, execution=0, epoch=1, metrics={"loss": 0.5}, stamp=STAMP))
        sizes.append((tmp_path / JOURNAL).stat().st_size)
    a_journal.close()
    assert sizes[299] - sizes[199] == sizes[199] - sizes[99]


def test_a_reader_beside_the_writer_sees_whole_events_only(tmp_path):
    a_journal = Journal(tmp_path)
    for count, event in enumerate(EVENTS, start=1):
        a_journal.append(event)
        assert read_events(tmp_path) == (EVENTS[:count], [])
    a_journal.close()
