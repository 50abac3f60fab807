"""What `search` returns, in every form."""

import csv

import pytest

from kerastune_lite.errors import SearchError
from kerastune_lite.results.results import Results, brief
from kerastune_lite.results.tables import show_results
from kerastune_lite.strategies import Grid
from kerastune_lite.study.events import Annotated, Ended, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes


def ladder(hp):
    """0, 1, 2, a failure, 4; `extra` is read by the highest alone."""
    step = hp.Choice("step", [0, 1, 2, 3, 4])
    if step == 3:
        raise ValueError("no third step")
    if step == 4:
        hp.Choice("extra", ["<b>"])
    return {"score": float(step), "cost": 10.0 * step}


@pytest.fixture
def results():
    return Results(fakes.search(ladder, Grid(), max_trials=None))


def test_trials_come_best_first_and_failures_last(results):
    assert [(trial.number, trial.status) for trial in results] == [
        (4, "completed"),
        (2, "completed"),
        (1, "completed"),
        (0, "completed"),
        (3, "failed"),
    ]


def test_an_objective_to_minimise_turns_the_order(results):
    history = fakes.search(ladder, Grid(), max_trials=None, objective=Objective("cost", "min"))
    assert [trial.number for trial in Results(history)] == [0, 1, 2, 4, 3]


def test_it_is_a_sequence(results):
    assert (len(results), results[0].number, [trial.number for trial in results[1:3]]) == (5, 4, [2, 1])
    assert results.best is results[0]


def test_a_trial_tells_all_about_itself(results):
    best = results.best
    assert dict(best.values) == {"step": 4, "extra": "<b>"}
    assert (best.score, best.best_epoch, dict(best.metrics)) == (4.0, 1, {"score": 4.0, "cost": 40.0})
    assert [dict(execution.metrics) for execution in best.executions] == [{1: {"score": 4.0, "cost": 40.0}}]
    assert best.duration >= 0
    failed = results[-1]
    assert failed.reason == "ValueError: no third step"
    assert "in ladder" in failed.error
    assert failed.score is None


def test_the_data_frame_has_a_row_for_every_trial(results):
    frame = results.to_dataframe()
    assert list(frame["number"]) == [4, 2, 1, 0, 3]
    assert list(frame["metric.cost"][:4]) == [40.0, 20.0, 10.0, 0.0]
    assert frame["hp.extra"].isna().sum() == 4
    assert frame.loc[frame["status"] == "failed", "reason"].item() == "ValueError: no third step"


def test_the_csv_has_the_same_columns_and_rows(results, tmp_path):
    results.to_csv(tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(results.to_dataframe().columns)
    assert [row["number"] for row in rows] == ["4", "2", "1", "0", "3"]
    assert rows[-1]["score"] == ""


def test_hyperparameters_and_metrics_may_have_any_name(tmp_path):
    def function(hp):
        status = hp.Choice("status", ["a", "b"])
        return {"score": hp.Float("score", 1, 2), "status": 3.0, "duration": float(status == "a")}

    frame = Results(fakes.search(function, max_trials=3)).to_dataframe()
    assert frame.columns.is_unique
    assert set(frame["status"]) == {"completed"}
    assert set(frame["hp.status"]) <= {"a", "b"}
    assert set(frame["metric.status"]) == {3.0}
    assert list(frame["score"]) == list(frame["hp.score"]) == list(frame["metric.score"])


def test_each_execution_has_a_column_for_its_score():
    scores = iter([1.0, 3.0, float("nan"), 5.0])
    frame = Results(
        fakes.search(lambda hp: next(scores) * hp.Choice("x", [1, 2]) ** 0, Grid(), max_trials=2, executions=2)
    ).to_dataframe()
    assert frame[["score", "score.1", "score.2"]].fillna(-1).to_numpy().tolist() == [[2, 1, 3], [5, -1, 5]]
    assert frame["score.deviation"].fillna(-1).tolist() == [pytest.approx(2**0.5), -1]


def test_the_html_table_shows_the_deviation_of_several_executions():
    scores = iter([1.0, 3.0])
    shown = Results(fakes.search(lambda hp: next(scores), Grid(), max_trials=1, executions=2))._repr_html_()
    assert ">deviation</th>" in shown
    assert ">1.4142</td>" in shown


def test_one_execution_needs_no_columns_of_its_own(results):
    assert not [name for name in results.to_dataframe() if name.startswith("score.")]


def test_the_html_table_escapes_what_users_wrote(results):
    shown = results._repr_html_()
    assert shown.count("<tr>") == 6
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown


def test_the_html_table_shows_twenty_rows_and_counts_the_rest():
    shown = Results(fakes.search(lambda hp: hp.Float("x", 0, 1), max_trials=25))._repr_html_()
    assert shown.count("<tr>") == 21
    assert "and 5 more" in shown


def test_without_a_finished_trial_best_names_the_commonest_failure():
    def function(hp):
        raise RuntimeError("no luck" if hp.Choice("x", [1, 2, 3]) > 1 else "other")

    results = Results(fakes.search(function, Grid(), max_trials=None))
    with pytest.raises(SearchError, match=r"none of the 3 trials finished .*; 2 failed with: RuntimeError: no luck"):
        _ = results.best


def test_numbers_are_brief():
    shown = [brief(value) for value in (None, 0.123456789, 1e-7, 12, "x" * 40)]
    assert shown == ["", "0.12346", "1e-07", "12", "x" * 29 + "..."]


def test_what_a_trial_notes_about_its_resumption_is_shown(capsys):
    events = [fakes.opened(), Started(trial=0, attempt=1, values={}), Annotated(trial=0, key="resume", value="why")]
    history = History([*events, Ended(trial=0, outcome="failed", reason="broken")])
    assert Results(history)._rows()[0]["reason"] == "broken; why"
    show_results(history, 10, where="here")
    assert "trial 0: why" in capsys.readouterr().out


def test_odd_text_is_shown_escaped_in_html_and_can_be_written_as_csv(tmp_path):
    def function(hp):
        hp.Choice("n\x1b\n", ["\x1b]0;<b>\x07\u202e", "b"])
        raise ValueError("\ud800")

    results = Results(fakes.search(function, Grid(), max_trials=None))
    assert results._repr_html_().isprintable()
    assert "<b>" not in results._repr_html_()
    results.to_csv(tmp_path / "trials.csv")
    assert r"\ud800" in (tmp_path / "trials.csv").read_text(encoding="utf-8")
