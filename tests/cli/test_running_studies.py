"""Commands on studies that are searched, or whose search has died; and what a study from somebody else may not do."""

import argparse
import json
import os
import re
import socket
import time
from contextlib import closing
from dataclasses import replace

import pytest

from kerastune_lite.cli import main
from kerastune_lite.cli.output import Screen
from kerastune_lite.cli.running import _fit_arguments
from kerastune_lite.cli.studies import Study
from kerastune_lite.cli.watch import sparkline, watch
from kerastune_lite.errors import StudyError, UsageError
from kerastune_lite.study.events import SILENT, Annotated, Ended, Reported, Stamp, Started
from kerastune_lite.study.files import lock_holder
from kerastune_lite.study.layout import COMMAND, JOURNAL, LOCK, MODEL, STOP_REQUEST, checkpoint_directory
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import Journal
from tests.cli.test_cli import MODEL_SCRIPT, said, study
from tests.fakes import opened

METRIC = opened().objective.name
DEAD = 1 << 22  # no process of Linux has this number


def search_under_way(directory):
    """The journal of a search that has begun a trial; whoever closes it ends the process, as it were."""
    journal = Journal(directory)
    journal.append(opened())
    journal.append(Started(trial=0, attempt=1, values={}))
    return journal


def test_a_search_is_running_while_its_process_holds_the_lock(tmp_path, capsys):
    with closing(search_under_way(tmp_path)):
        assert said(capsys, "status", tmp_path).rstrip().endswith("running")
        assert lock_holder(tmp_path / LOCK).process == os.getpid()
    # the process is alive, but does not search any more
    assert "interrupted: its process has died" in said(capsys, "status", tmp_path)


def test_a_search_whose_process_is_dead_is_not_running_and_not_asked_to_stop(tmp_path, capsys):
    search_under_way(tmp_path).close()
    (tmp_path / LOCK).write_text(f"process {DEAD} on {socket.gethostname()}\n")
    assert "interrupted: its process has died" in said(capsys, "status", tmp_path)
    assert "is not being searched: interrupted" in said(capsys, "stop", tmp_path, code=1)
    assert not (tmp_path / STOP_REQUEST).exists()


@pytest.mark.parametrize("text", ["", "nonsense", f"process {10**30} on x", "process 12 on"])
def test_a_lock_that_names_nobody_has_no_holder(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    assert lock_holder(tmp_path / LOCK) is None


def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path, capsys):
    search_under_way(tmp_path).close()
    (tmp_path / LOCK).unlink()
    os.mkfifo(tmp_path / LOCK)
    assert "its process has died" in said(capsys, "status", tmp_path)


def test_a_study_that_cannot_be_read_does_not_hide_the_others(tmp_path, capsys):
    study(tmp_path, "good", trials=2)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / JOURNAL).write_text("something else\n")
    printed = said(capsys, "status", tmp_path, code=1)
    assert "2 of 2" in printed
    assert f"{tmp_path / 'bad' / JOURNAL} is not a study" in printed


def test_reading_leaves_every_file_as_it_is(tmp_path, capsys):
    study(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}
    for words in (["status"], ["show"], ["best"], ["watch", "--once"], ["export", "--json", "-"]):
        said(capsys, words[0], tmp_path / "study", *words[1:])
    assert {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))} == before


def test_a_study_does_not_choose_what_is_run_without_a_yes(tmp_path, capsys, monkeypatch):
    study(tmp_path, trials=1)
    (tmp_path / "evil.py").write_text("raise SystemExit('it ran')")
    command = {"words": ["evil.py", "--data", "evil.py"], "directory": str(tmp_path)}
    (tmp_path / "study" / COMMAND).write_text(json.dumps(command))
    printed = said(capsys, "resume", tmp_path / "study", code=1)
    assert "kerastune-lite run evil.py --data evil.py" in printed
    assert "not resumed; --yes resumes without asking" in printed
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="it ran"):
        main(["resume", str(tmp_path / "study"), "--yes"])


@pytest.mark.parametrize("text", ["[]", "{", '{"words": [1], "directory": "/"}', '{"words": []}'])
def test_what_is_no_command_is_not_run(tmp_path, capsys, text):
    study(tmp_path, trials=1)
    (tmp_path / "study" / COMMAND).write_text(text)
    assert COMMAND in said(capsys, "resume", tmp_path / "study", "--yes", code=1)


def test_a_model_that_is_a_link_is_not_copied(tmp_path, capsys):
    best = study(tmp_path, trials=1).best
    place = checkpoint_directory(tmp_path / "study", best.number)
    place.mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (place / MODEL).symlink_to(tmp_path / "secret")
    said(capsys, "best", tmp_path / "study", "--save", tmp_path / "copy", code=1)
    assert not (tmp_path / "copy").exists()


def test_rows_go_to_standard_output(tmp_path, capsys):
    study(tmp_path, trials=2)
    rows = said(capsys, "export", tmp_path / "study", "--csv", "-").splitlines()
    assert rows[0].startswith("number,status,score")
    assert len(rows) == 3


def test_rows_hold_no_escapes_on_a_terminal_and_all_of_a_text_in_a_file(capsys, monkeypatch):
    Screen().write("a\x1b[31m,b\r\n")
    assert capsys.readouterr().out == "a\x1b[31m,b\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    Screen().write("a\x1b[31m,b\r\n")
    assert capsys.readouterr().out == "a\\x1b[31m,b\n"


def test_a_search_is_remembered_once_it_has_begun(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(search_under_way(tmp_path / "logs" / "study")):
        (tmp_path / "locked_out.py").write_text(MODEL_SCRIPT)
        printed = said(capsys, "run", "locked_out.py", "--data", "locked_out.py", code=1)
        assert "is being written by process" in printed
    assert not (tmp_path / "logs" / "study" / COMMAND).exists()
    assert len(Study.read(tmp_path / "logs" / "study").history) == 1


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (([0.0], [1.0]), {"x", "y"}),
        (([0.0, 0.0], [1.0, 1.0]), {"x", "y"}),
        (((0, 1), (2, 3)), {"x", "y", "validation_data"}),
        (((0, 1), (2, 3), (4, 5)), {"x", "y", "validation_data"}),
        ({"x": 0, "batch_size": 8}, {"x", "batch_size"}),
    ],
)
def test_data_become_arguments_of_fit(data, names):
    assert _fit_arguments(data, "a.py:f").keys() == names


@pytest.mark.parametrize("data", [None, (1,), (1, 2, 3), "xy"])
def test_data_of_another_form_are_refused(data):
    with pytest.raises(UsageError, match=re.escape("a.py:f must return a dict of arguments of fit, (x, y), or")):
        _fit_arguments(data, "a.py:f")


def watched(study, waits):
    """What `watch` has shown when it ends; each of the functions in `waits` is called in place of a pause."""
    pauses = iter(waits)
    watch(argparse.Namespace(directory=study, once=False), lambda seconds: next(pauses)())


def test_watch_ends_when_the_process_has_died(tmp_path, capsys):
    journal = search_under_way(tmp_path)
    watched(tmp_path, [lambda: None, journal.close])
    assert "its process has died" in capsys.readouterr().out


def test_watch_shows_what_is_added_meanwhile(tmp_path, capsys):
    def report():
        journal.append(Reported(trial=0, execution=0, epoch=1, metrics={METRIC: 0.5}))

    journal = search_under_way(tmp_path)
    watched(tmp_path, [report, journal.close])
    assert f"trial 0, epoch 1 {METRIC} 0.5" in capsys.readouterr().out


def test_watch_ends_with_an_error_when_the_study_is_deleted(tmp_path):
    with closing(search_under_way(tmp_path)), pytest.raises(StudyError, match="is no study"):
        watched(tmp_path, [(tmp_path / JOURNAL).unlink])


def test_ctrl_c_ends_watch_and_nothing_else(tmp_path, capsys):
    def press():
        raise KeyboardInterrupt

    with closing(search_under_way(tmp_path)):
        watched(tmp_path, [press])
    assert "running" in capsys.readouterr().out


def test_watch_tells_how_long_a_running_search_will_take(tmp_path, capsys):
    with closing(Journal(tmp_path)) as journal:
        journal.append(replace(opened(), max_trials=3))
        begin, end = Stamp(1.0, 100.0, "w"), Stamp(91.0, 190.0, "w")
        journal.append(Started(trial=0, attempt=1, values={}, stamp=begin))
        journal.append(Reported(trial=0, execution=0, epoch=1, metrics={METRIC: 0.5}, stamp=begin))
        journal.append(Ended(trial=0, stamp=end))
        assert "1 of 3 trials, 1 completed, about 3 min 0 s left" in said(capsys, "watch", tmp_path, "--once")


def test_a_worker_that_is_silent_is_told(tmp_path, capsys):
    since = time.time() - 3600
    with closing(search_under_way(tmp_path)) as journal:
        journal.append(Annotated(trial=0, key=SILENT, value=since))
        assert "epoch 0, no sign of life from its worker for 1 h 0 min" in said(capsys, "watch", tmp_path, "--once")
        (found,) = json.loads(said(capsys, "status", tmp_path, "--json"))
    assert found["running"][0]["silent_since"] == since
    assert found["reason"].startswith("trial 0: no sign of life")


def test_a_trial_is_running_only_while_its_search_is(tmp_path, capsys):
    with closing(search_under_way(tmp_path)):
        assert [trial["trial"] for trial in json.loads(said(capsys, "status", tmp_path, "--json"))[0]["running"]] == [0]
    assert json.loads(said(capsys, "status", tmp_path, "--json"))[0]["running"] == []


def test_bars_of_an_old_terminal_are_plain_characters():
    assert sparkline([0, 7], bars="_#") == "_#"


class FakeTuner:
    made: dict[str, object]
    searched: dict[str, object]

    def __init__(self, build_model, objective, **options):
        type(self).made = {"build_model": build_model, "objective": objective, **options}

    def search(self, **arguments):
        type(self).searched = arguments


def test_options_of_run_reach_the_tuner(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kerastune_lite.BayesianOptimization", FakeTuner, raising=False)
    (tmp_path / "opts.py").write_text("def build_model(hp): ...\ndef load_data(): return {'x': 1, 'batch_size': 8}\n")
    words = "run opts.py --objective auc --direction max --trials 7 --epochs 3 --batch-size 16 --patience 2 --target .9"
    said(capsys, *words.split(), "--executions", "2", "--max-time", "2h", "--stopping", "auto", "--extend")
    assert FakeTuner.searched == {"x": 1, "batch_size": 16, "epochs": 3}
    assert FakeTuner.made["objective"] == Objective("auc", "max")
    expected = {"max_trials": 7, "patience": 2, "target": 0.9, "executions_per_trial": 2, "max_time": "2h"}
    expected |= {"stopping": "auto", "extend": True, "overwrite": False, "workers": 1, "seed": None}
    assert {name: FakeTuner.made[name] for name in expected} == expected


def test_run_refuses_what_is_no_number(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["run", "a.py", "--epochs", "nine"])
    assert "--epochs: 'nine' must be an integer >= 1" in capsys.readouterr().err


def test_diff_shows_what_both_studies_have_tried(tmp_path, capsys):
    study(tmp_path, "a", trials=4)
    study(tmp_path, "b", trials=6)
    study(tmp_path, "c", trials=4, seed=2)
    assert "4 configurations tried in both" in said(capsys, "diff", tmp_path / "a", tmp_path / "b", code=3)
    assert "tried in both" not in said(capsys, "diff", tmp_path / "a", tmp_path / "c", code=3)
    found = json.loads(said(capsys, "diff", tmp_path / "a", tmp_path / "b", "--json", code=3))
    assert found["differences"][0]["what"] == "trials"
    assert len(found["shared"]) == 4
    assert all(one["first"] == one["second"] for one in found["shared"])
    same = json.loads(said(capsys, "diff", tmp_path / "a", tmp_path / "a", "--json"))
    assert same["differences"] == []


def test_names_of_anything_are_printed_without_what_a_terminal_obeys(tmp_path, capsys):
    evil = "\x1b[31mred\u202e"
    for name in (evil, "b"):
        study(tmp_path, name, lambda hp: {evil: hp.Float(evil, 0, 1)}, trials=2, objective=Objective(evil, "min"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / JOURNAL).write_text(evil)
    printed = said(capsys, "status", tmp_path, code=1)
    printed += said(capsys, "diff", tmp_path / evil, tmp_path / "b")
    study(tmp_path, "c", trials=1)
    printed += said(capsys, "diff", tmp_path / evil, tmp_path / "c", code=3)
    printed += said(capsys, "watch", tmp_path / evil, "--once") + said(capsys, "show", tmp_path / evil)
    printed += said(capsys, "best", tmp_path / evil) + said(capsys, "stop", tmp_path / evil, code=1)
    printed += said(capsys, "export", tmp_path / evil, "--json", "-")
    assert "x1b[31mred" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
