"""The record of what takes a fit."""

import json
import math
from itertools import count

import pytest

from kerastune_lite.analysis.analysis import analysis_record, short
from kerastune_lite.analysis.records import bounded, trial_record
from kerastune_lite.study.history import History
from tests import fakes


def function(hp):
    if hp.Choice("kind", [("a", 1), ("b", 2)]) == ("a", 1):
        return hp.Float("inner", 0, 1)
    return hp.Float("x", 1e-3, 1, sampling="log") / 2


@pytest.fixture(scope="module")
def record():
    return analysis_record(fakes.search(function, max_trials=60), 60.0)


def test_the_record_is_json_without_infinities(record):
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_record_has_all_its_fields(record):
    assert list(record) == ["v", "trials", "importance", "slices", "contours", "seconds", "note"]
    assert (record["v"], record["trials"], record["note"]) == (1, 60, None)


def test_importance_is_listed_for_all_and_for_the_top_quarter(record):
    assert record["importance"]["method"] == "PED-ANOVA"
    for part in ("all", "top_quarter"):
        names, shares = zip(*record["importance"][part], strict=True)
        assert set(names) == {"kind", "inner", "x"}
        assert list(shares) == sorted(shares, reverse=True)


def test_each_hyperparameter_has_a_slice_and_each_pair_read_together_a_contour(record):
    assert set(record["slices"]) == {"kind", "inner", "x"}
    pairs = {frozenset((contour["x"], contour["y"])) for contour in record["contours"]}
    assert pairs == {frozenset(("kind", "inner")), frozenset(("kind", "x"))}


def test_parts_that_come_after_the_budget_are_left_out_and_counted():
    ticks = count()
    record = analysis_record(fakes.search(function, max_trials=20), 2.5, clock=lambda: float(next(ticks)))
    assert len(record["slices"]) == 2
    assert record["contours"] == []
    assert "4 slices and contours did not fit into 2.5 s" in record["note"]


@pytest.mark.parametrize("events", [[fakes.opened()], []])
def test_a_study_without_trials_says_what_is_missing(events):
    record = analysis_record(History(events))
    assert (record["importance"], record["slices"], record["contours"]) == (None, {}, [])
    assert "importance needs 10 trials with a score, there are 0" in record["note"]


def test_names_and_values_are_those_of_the_records_of_trials():
    name = "n" * 1000

    def function(hp):
        return sum(hp.Choice(name, [(1, 1), (2, 2), (3, 3)])) + hp.Float("x", 0, 1)

    history = fakes.search(function, max_trials=20)
    record = analysis_record(history, 60.0)
    shown = trial_record(history[0], history)["values"]
    assert {one for one, _ in record["importance"]["all"]} == set(record["slices"]) == set(shown)
    (contour,) = record["contours"]
    assert {contour["x"], contour["y"]} == set(shown)
    assert record["slices"][bounded(name)]["x"] == ["(1, 1)", "(2, 2)", "(3, 3)"]
    json.dumps(record, allow_nan=False)


def test_a_number_that_json_cannot_hold_is_a_text():
    assert [short(value) for value in (0.123456, math.nan, -math.inf)] == [0.12346, "nan", "-inf"]
