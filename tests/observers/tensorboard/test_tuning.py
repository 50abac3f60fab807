"""The records that the board writes for the Tuning tab; what the plugin makes of them is tested in tests/plugin."""

import json
from types import SimpleNamespace

import pytest
from tensorboard.backend.event_processing import event_file_loader

from kerastune_lite.observers.tensorboard import SearchBoard, columns, tuning
from kerastune_lite.observers.tensorboard.event_file import event_files
from kerastune_lite.observers.tensorboard.tuning import Analyses, affordable
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    SILENT,
    STOPPING,
    Annotated,
    Ended,
    ReadsRecorded,
    Reported,
    Stamp,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests import fakes


def records(run, tag):
    """All records of a tag, in the order written."""
    (file,) = event_files(run)
    values = (value for event in event_file_loader.RawEventFileLoader(str(file)).Load() for value in summary(event))
    return [json.loads(value.tensor.string_val[0]) for value in values if value.tag == tag]


def summary(content):
    from tensorboard.compat.proto import event_pb2

    return event_pb2.Event.FromString(content).summary.value


def score(hp):
    return hp.Float("x", 0, 1)


class Told:
    """A search whose events a test sends, each at a second of its own."""

    def __init__(self, directory, **settings):
        self.directory = directory
        self.board, self.history = SearchBoard(directory), History()
        self.send(0, fakes.opened(**settings))

    def send(self, second, *events):
        for event in events:
            stamped = type(event)(**{**fields(event), "stamp": Stamp(1000.0 + second, second, "box:1")})
            self.history.apply(stamped)
            self.board(stamped, self.history)

    def begin(self, second, trial=0):
        reads = ReadsRecorded(trial=trial, values={}, definitions=(), space=(), complete=True)
        self.send(second, Started(trial=trial, attempt=1, values={}), reads)

    def report(self, second, epoch):
        self.send(second, Reported(trial=0, execution=0, epoch=epoch, metrics={"score": epoch / 100}))

    def trial(self, run="trial_0000_unfinished"):
        return records(self.directory / run, "tuning/trial")

    def study(self):
        return records(self.directory / "_tuning", "tuning/study")


def fields(event):
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


@pytest.fixture
def told(tmp_path):
    made = Told(tmp_path)
    yield made
    made.board.close()


def test_a_trial_is_written_when_its_reads_are_known(told):
    told.begin(1)
    assert [record["status"] for record in told.trial()] == ["running"]


def test_reports_are_written_at_most_once_a_second(told):
    told.begin(1)
    for count in range(1, 41):
        told.report(1 + count / 10, count)
    assert [record["epochs"] for record in told.trial()] == [0, 10, 20, 30, 40]


def test_a_report_after_a_pause_is_written_at_once(told):
    told.begin(1)
    for second, epoch in ((5, 1), (5.1, 2), (9, 3)):
        told.report(second, epoch)
    assert [record["epochs"] for record in told.trial()] == [0, 1, 2, 3]


def test_a_worker_that_is_silent_is_a_warning_until_it_is_heard_again(told):
    told.begin(1)
    told.send(30, Annotated(trial=0, key=SILENT, value=1005.0))
    told.send(60, Annotated(trial=0, key=SILENT))
    *_, silent, heard = (record["diagnostics"] for record in told.study())
    assert [(one["level"], one["text"][:36]) for one in silent] == [("warning", "trial 0: no sign of life from its wo")]
    assert heard == []


def test_a_trial_that_is_interrupted_says_so_in_its_unfinished_run(told):
    told.begin(1)
    told.send(2, Ended(trial=0, outcome="interrupted"))
    assert told.trial()[-1]["status"] == "interrupted"


def test_an_ended_trial_has_one_record(told):
    told.begin(1)
    told.report(2, 1)
    told.send(3, Ended(trial=0))
    (record,) = told.trial("trial_0000")
    assert (record["status"], record["score"]) == ("completed", 0.01)


def test_the_study_is_written_at_its_start_and_at_its_end(told):
    told.send(1, Annotated(key=SEARCH_ENDED, value="max_trials=0 reached"))
    first, *_, last = told.study()
    assert (first["state"], last["state"]) == ("running", "finished")
    assert last["end_reason"] == "max_trials=0 reached"


def test_a_search_that_gives_up_without_an_end_is_interrupted(told):
    told.begin(1)
    told.board.close()
    assert told.study()[-1]["state"] == "interrupted"


def test_the_study_bears_the_name_of_its_directory(tmp_path):
    for directory, shared_by, name in (
        (tmp_path / "digits" / "tensorboard", None, "digits"),
        (tmp_path / "runs", tmp_path / "letters", "letters"),
    ):
        fakes.search(score, observers=[SearchBoard(directory, shared_by=shared_by)], max_trials=1)
        (run,) = directory.rglob("_tuning")
        assert records(run, "tuning/study")[-1]["name"] == name


def test_the_study_is_written_seldom_in_a_fast_search(tmp_path):
    history = fakes.search(score, observers=[SearchBoard(tmp_path)], max_trials=100)
    most = 2 + affordable(history.elapsed + 1)
    assert len(records(tmp_path / "_tuning", "tuning/study")) <= most < 100


@pytest.mark.parametrize(
    ("seconds", "count"),
    [
        (-3, 5),
        (float("nan"), 5),
        (float("inf"), 5),
        (0, 5),
        (0.9, 5),
        (1, 6),
        (500, 505),
        (500 * 2.718281828, 1004),
        (360_000, 3794),
    ],
)
def test_the_records_of_a_tag_grow_with_the_logarithm_of_time(seconds, count):
    assert affordable(seconds) == count


def test_a_run_of_an_earlier_version_is_written_again_once(tmp_path, monkeypatch):
    store = MemoryStore()
    with monkeypatch.context() as before:
        before.setattr(columns, "_FORMAT", 1)
        fakes.search(score, store=store, observers=[SearchBoard(tmp_path)], max_trials=1)
    files = [set(event_files(tmp_path / "trial_0000"))]
    for _ in range(2):
        fakes.search(score, store=store, observers=[SearchBoard(tmp_path)], max_trials=1)
        files.append(set(event_files(tmp_path / "trial_0000")))
    assert files[0] != files[1] == files[2]


def test_overwriting_deletes_the_run_of_the_study(tmp_path):
    store = MemoryStore()
    fakes.search(score, store=store, observers=[SearchBoard(tmp_path)], max_trials=1)
    assert (tmp_path / "_tuning").exists()
    SearchBoard(tmp_path).delete_runs(store.events())
    assert list(tmp_path.iterdir()) == []


class Clock:
    """A clock that an analysis moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def analyses(monkeypatch):
    """(analyses, the trials that each analysis was of, its budget); an analysis takes a second."""
    clock, made = Clock(), []

    def analysis_record(history, seconds):
        clock.now += 1.0
        made.append((history.scored, seconds))
        return {"trials": history.scored}

    monkeypatch.setattr(tuning, "analysis_record", analysis_record)
    found = SimpleNamespace(fit=(True, "predicted well"))
    monkeypatch.setattr("kerastune_lite.results.diagnostics.diagnose", lambda history: found)
    monkeypatch.setattr("kerastune_lite.results.diagnostics.messages", lambda history, found: ("widen x",))
    return Analyses(clock), made


class Study:
    """What the analyses ask of a history."""

    def __init__(self, scored, elapsed):
        self.scored, self.elapsed, self.notes, self.running = scored, elapsed, {}, []


def test_analyses_are_made_at_10_20_40_scored_trials(analyses):
    due, made = analyses
    for scored in range(1, 100):
        due.next(Study(scored, 1e6), ended=False)
    assert [count for count, _ in made] == [10, 20, 40, 80]


def test_analyses_take_at_most_a_fiftieth_of_the_time(analyses):
    due, made = analyses
    for scored in range(1, 2000):
        due.next(Study(scored, float(scored)), ended=False)
    assert [count for count, _ in made] == [50, 100, 160, 320, 640, 1280]
    assert all(number <= count / 50 for number, (count, _) in enumerate(made, start=1))


def test_an_analysis_is_made_when_a_search_ends_whatever_it_takes(analyses):
    due, made = analyses
    due.next(Study(12, 1.0), ended=True)
    assert made == [(12, 1.0)]


def test_nothing_is_analysed_twice(analyses):
    due, made = analyses
    due.next(Study(20, 1e6), ended=False)
    due.next(Study(20, 1e6), ended=True)
    assert len(made) == 1


def test_few_trials_are_not_analysed(analyses):
    due, made = analyses
    assert due.next(Study(9, 1e6), ended=True) is None
    assert made == []


def test_diagnostics_are_those_of_the_last_analysis_and_of_the_stopping_policy(analyses):
    due, _ = analyses
    study = Study(10, 1e6)
    assert due.diagnostics(study) == []
    due.next(study, ended=False)
    study.notes[STOPPING] = "stops no trial"
    assert due.diagnostics(study) == [
        ("warning", "widen x"),
        ("hint", "stops no trial"),
        ("ok", "predicted well"),
    ]


def test_an_analysis_that_fails_does_not_end_the_search(analyses, monkeypatch):
    def fail(history, seconds):
        raise ZeroDivisionError("of zero")

    monkeypatch.setattr(tuning, "analysis_record", fail)
    record = analyses[0].next(Study(10, 1e6), ended=False)
    assert record["note"] == "the analysis failed: ZeroDivisionError: of zero"
    assert (record["trials"], record["importance"], record["slices"], record["contours"]) == (10, None, {}, [])


def test_until_the_first_analysis_there_is_a_note(told):
    (record,) = records(told.directory / "_tuning", "tuning/analysis")
    assert (record["trials"], record["note"]) == (0, tuning.NOT_YET["note"])


def test_an_interrupted_search_is_not_kept_waiting_by_an_analysis(tmp_path):
    told = Told(tmp_path, objective=Objective("score", "max"))
    for trial in range(12):
        told.begin(trial, trial)
        told.send(trial, Reported(trial=trial, execution=0, epoch=1, metrics={"score": trial}), Ended(trial=trial))
    told.send(13, Annotated(key=SEARCH_ENDED, value="interrupted by the user"))
    assert [record["trials"] for record in records(tmp_path / "_tuning", "tuning/analysis")] == [0]
    assert told.study()[-1]["state"] == "interrupted"


def test_epochs_leave_records_of_the_study_to_the_ends_of_trials(told):
    told.begin(0)
    for epoch in range(1, 30):
        told.report(epoch / 100, epoch)
    told.send(0.3, Ended(trial=0))
    assert told.study()[-1]["epochs_used"] == 29
