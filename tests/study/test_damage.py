"""Records from elsewhere: odd lines with a right checksum, odd files, lost headers and definitions."""

import json
import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastune_lite.errors import StudyError, StudyForeign
from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Int
from kerastune_lite.strategies import Grid, Random
from kerastune_lite.study.codec import FORMAT, EventCodec
from kerastune_lite.study.events import Annotated, Ended, Enqueued, ExternalResult, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import JOURNAL, LOCK
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import Journal, read_events
from tests.fakes import opened, points, reads, search

N, FLAG = Int("n", 0, 9), Boolean("flag")


def line(body):
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def again(data):
    """A line with another object and a right checksum."""
    return line(json.dumps({name: value for name, value in data.items() if name != "crc"}).encode()[:-1])


@pytest.fixture
def journal(tmp_path):
    """A study of two trials."""
    a_journal = Journal(tmp_path)
    for event in [
        opened(max_trials=5),
        Enqueued(values={"n": 3}),
        ExternalResult(values={"n": 4}, score=0.5),
        Started(trial=0, attempt=1, values={"n": 1}),
        reads(0, (N, 1), (FLAG, True)),
        Reported(trial=0, execution=0, epoch=1, metrics={"score": 0.5}),
        Ended(trial=0, outcome="completed", reason="r", error="e", final=True),
        Annotated(key="k", value=[1], trial=0),
    ]:
        a_journal.append(event)
    a_journal.close()
    return tmp_path / JOURNAL


def lines(journal):
    return journal.read_bytes().splitlines(keepends=True)


def number_of(journal, kind):
    return next(number for number, text in enumerate(lines(journal)) if b'"event":"%s"' % kind.encode() in text)


def replace_line(journal, number, text):
    content = lines(journal)
    content[number] = text
    journal.write_bytes(b"".join(content))


def set_field(journal, kind, field, value):
    number = number_of(journal, kind)
    replace_line(journal, number, again({**json.loads(lines(journal)[number]), field: value}))
    return number + 1


ODD = [
    ("started", "trial", -1),
    ("started", "trial", True),
    ("started", "trial", 10**30),
    ("started", "trial", 1.0),
    ("started", "trial", "0"),
    ("started", "attempt", 0),
    ("started", "attempt", None),
    ("started", "values", [1]),
    ("started", "values", None),
    ("started", "fill", "by magic"),
    ("started", "wall", "yesterday"),
    ("started", "worker", 7),
    ("reported", "execution", 10**9),
    ("reported", "epoch", 0),
    ("reported", "metrics", {"score": None}),
    ("reported", "metrics", {"score": True}),
    ("reported", "metrics", {"score": "1_0"}),
    ("reported", "metrics", {"score": 10**400}),
    ("reported", "metrics", []),
    ("ended", "outcome", "won"),
    ("ended", "outcome", []),
    ("ended", "reason", {}),
    ("ended", "error", 5),
    ("ended", "final", 1),
    ("read", "path", [["n", 0]]),
    ("read", "path", [["n", [], 1]]),
    ("read", "path", [["n", 0, 1], ["n", 0, 2]]),
    ("read", "path", [["n", 1, True]]),
    ("read", "path", [["n", 0, "text"]]),
    ("read", "path", 5),
    ("read", "space", [[]]),
    ("read", "complete", "yes"),
    ("defined", "id", -1),
    ("defined", "definition", {"kind": "System"}),
    ("defined", "definition", {"kind": "Int", "name": "n", "min_value": "a", "max_value": 3}),
    ("defined", "definition", {"kind": "Int", "name": "n", "min_value": 0, "max_value": 10**400, "step": 3}),
    ("defined", "definition", None),
    ("opened", "objective", {"name": "score", "direction": "max", "reduction": "mean_last_" + "9" * 5000}),
    ("opened", "objective", "score"),
    ("opened", "seed", -1),
    ("opened", "max_trials", 0),
    ("opened", "options", []),
    ("opened", "space", 3),
    ("told", "score", "much"),
    ("noted", "key", None),
    ("noted", "event", ["noted"]),
    ("noted", "value", json.loads("[" * 150 + "]" * 150)),
]


@pytest.mark.parametrize(("kind", "field", "value"), ODD, ids=lambda value: repr(value)[:40])
def test_an_odd_field_costs_its_line_which_is_named(journal, kind, field, value):
    number = set_field(journal, kind, field, value)
    events, damage = read_events(journal.parent)
    assert [text for text in damage if f"line {number} cannot be understood" in text]
    History(events)


@pytest.mark.parametrize(
    "body",
    [
        b'["a list"',
        b'{"event":',
        b'{"event":"noted","key":"\xff"',
        b'{"value":' + b"[" * 100_000 + b"]" * 100_000,
        b'{"value":' + b"9" * 5_000,
        b'{"a":1},{"b":2',
        b'{"no event":1',
        b"",
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
def test_a_line_with_a_right_checksum_that_is_no_event_costs_itself(journal, body):
    whole = len(read_events(journal.parent)[0])
    content = lines(journal)
    journal.write_bytes(b"".join([*content[:2], line(body), *content[2:]]))
    events, damage = read_events(journal.parent)
    assert len(events) == whole
    assert len(damage) == 1
    assert "line 3 " in damage[0]


def test_damage_is_told_in_printable_characters(journal):
    set_field(journal, "started", "trial", "\x1b[31m\ud800")
    (text,) = read_events(journal.parent)[1]
    assert text.isprintable()


def test_windows_line_ends_are_read(journal):
    events = read_events(journal.parent)
    journal.write_bytes(journal.read_bytes().replace(b"\n", b"\r\n"))
    assert read_events(journal.parent) == events
    Journal(journal.parent).close()


def test_any_flipped_byte_of_the_header_is_forgiven(journal):
    events, content = read_events(journal.parent)[0], journal.read_bytes()
    for place in range(content.index(b"\n")):
        flipped = bytearray(content)
        flipped[place] ^= 1
        journal.write_bytes(flipped)
        assert read_events(journal.parent) == (events, [f"{journal}: line 1 is damaged and is skipped"])


def test_a_newer_schema_is_refused_where_the_header_is_damaged(journal):
    replace_line(journal, 0, b"?\n")
    set_field(journal, "opened", "schema", 2)
    with pytest.raises(StudyForeign, match="has schema 2"):
        read_events(journal.parent)


def test_an_earlier_study_without_the_schema_in_its_search_opens_without_a_header(journal):
    number = number_of(journal, "opened")
    data = json.loads(lines(journal)[number])
    assert (data.pop("format"), data.pop("schema")) == (FORMAT, 1)
    replace_line(journal, number, again(data))
    replace_line(journal, 0, b"?\n")
    assert len(read_events(journal.parent)[0]) == 8


@pytest.mark.parametrize("strategy", [Random(), Grid()], ids=["random", "grid"])
def test_a_lost_definition_neither_ends_a_search_nor_is_lost_for_long(tmp_path, strategy):
    def function(hp):
        return {"score": float(hp.Int("n", 0, 19))}

    a_journal = Journal(tmp_path)
    search(function, strategy, store=a_journal, max_trials=5)
    a_journal.close()
    number = next(n for n, text in enumerate(lines(tmp_path / JOURNAL)) if b'"event":"defined"' in text)
    replace_line(tmp_path / JOURNAL, number, b"?\n")
    a_journal = Journal(tmp_path)
    history = search(function, strategy, store=a_journal, max_trials=21)
    a_journal.close()
    assert len(set(points(history))) == 20
    assert all(trial.definitions == (Int("n", 0, 19),) for trial in history.trials)


def test_a_lost_definition_is_not_taken_from_another_that_lacks_the_value():
    lost = reads(0, (Int("n", 1, 9), 7))
    history = History([opened(), lost.__class__(**{**fields_of(lost), "definitions": None, "space": ()})])
    history.apply(reads(1, (Int("n", 1, 3), 2)))
    assert history[0].definitions == ()


def fields_of(event):
    return {name: getattr(event, name) for name in ("trial", "values", "complete")}


@pytest.mark.parametrize("name", [JOURNAL, LOCK])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(StudyForeign, match="no regular file"):
        Journal(tmp_path)


@pytest.mark.parametrize("name", [JOURNAL, LOCK])
def test_a_link_out_of_the_study_is_not_followed(tmp_path, name):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / name).symlink_to(target)
    with pytest.raises(StudyForeign, match="no regular file"):
        Journal(tmp_path / "study", overwrite=True)
    assert target.read_text() == "mine"


def test_readers_refuse_pipes_links_and_directories(tmp_path):
    for number, make in enumerate([os.mkfifo, lambda path: path.symlink_to("/dev/zero"), os.mkdir]):
        (tmp_path / str(number)).mkdir()
        make(tmp_path / str(number) / JOURNAL)
        with pytest.raises(StudyError):
            read_events(tmp_path / str(number))


def test_a_path_that_cannot_be_one_is_an_error_of_ours():
    with pytest.raises(StudyError, match="cannot read"):
        read_events("a\0b")


VALUES = st.sampled_from([0, 1, 5, 0.5, True, "a", None, (1, 2), [1]])
DEFINITIONS = st.sampled_from(
    [N, Int("n", 2, 5, step=3), Float("n", 0, 1), Choice("n", (1, "a")), FLAG, Fixed("n", 1), Fixed("n", True)]
)
TRIALS = st.integers(0, 2)
METRICS = st.dictionaries(st.sampled_from(["score", "loss"]), st.floats())
PAIRS = st.lists(st.tuples(DEFINITIONS, VALUES), max_size=3, unique_by=lambda pair: pair[0].name)
EVENTS = st.one_of(
    st.builds(
        opened,
        objective=st.builds(Objective, st.just("score"), st.sampled_from(["min", "max"])),
        executions=st.integers(1, 2),
        extends=st.booleans(),
        space=st.none() | st.lists(DEFINITIONS, max_size=2).map(tuple),
    ),
    st.builds(Enqueued, values=st.dictionaries(st.just("n"), VALUES)),
    st.builds(
        Started,
        trial=TRIALS,
        attempt=st.integers(1, 3),
        values=st.dictionaries(st.just("n"), VALUES),
        source=st.sampled_from(["queue", "strategy"]),
    ),
    st.builds(lambda trial, pairs, complete: reads(trial, *pairs, complete=complete), TRIALS, PAIRS, st.booleans()),
    st.builds(Reported, trial=TRIALS, execution=st.integers(0, 2), epoch=st.integers(1, 4), metrics=METRICS),
    st.builds(Ended, trial=TRIALS, outcome=st.sampled_from(["completed", "failed", "duplicate", "interrupted"])),
    st.builds(Annotated, key=st.text(), value=VALUES, trial=st.none() | TRIALS),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(EVENTS, max_size=25))
def test_no_sequence_of_events_makes_the_history_raise(events):
    history = History(events)
    ranked = list(history.ranked())
    assert len(ranked) == len({trial.number for trial in ranked})
    skipped = [trial for trial in history.trials if trial.status in ("duplicate", "infeasible")]
    assert 0 <= history.budget_used <= len(history)
    assert len(history) - history.budget_used >= len(skipped)
    for trial in history.trials:
        assert repr(trial)
    history.tree.walk(None)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_mutated_journal_raises_nothing_but_our_errors(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("study")
    a_journal = Journal(directory)
    for event in [opened(), *data.draw(st.lists(EVENTS, max_size=6))]:
        a_journal.append(event)
    a_journal.close()
    content = lines(directory / JOURNAL)
    number = data.draw(st.integers(0, len(content) - 1))
    body = bytearray(content[number][:-18])
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=3)):
        body[place] = data.draw(st.integers(0, 255))
    content[number] = line(bytes(body)) if b"\n" not in body else bytes(body) + b"\n"
    (directory / JOURNAL).write_bytes(b"".join(content))
    try:
        History(read_events(directory)[0])
    except StudyError:
        pass


def test_events_without_a_place_in_the_study_are_those_of_a_trial_of_its_own():
    history = History([Reported(trial=3, execution=0, epoch=1, metrics={"score": 1.0}), Ended(trial=3)])
    assert (len(history), history.next_number, history[3].status) == (1, 4, "completed")


@pytest.mark.parametrize("count", [0, 1001, 10**15, 2.0, "3"])
def test_a_line_that_claims_too_many_executions_is_not_read(count):
    codec = EventCodec()
    line = codec.encode(Started(trial=0, attempt=1, values={}, executions=3))[0]
    assert codec.decode(dict(line)).executions == 3
    with pytest.raises(ValueError, match=r"an integer|above 0|below 1000"):
        codec.decode({**line, "executions": count})
