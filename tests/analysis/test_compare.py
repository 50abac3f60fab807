"""Two trials compared."""

from kerastune_lite.analysis.compare import ablation_path, default_trial, differences
from kerastune_lite.strategies import Grid
from tests import fakes


def function(hp):
    a, b = hp.Choice("a", [0, 1]), hp.Choice("b", [0, 1])
    return a + 2 * b + (hp.Choice("c", [0, 4]) if a else 0)


def with_values(history, **values):
    (trial,) = [trial for trial in history.trials if trial.values == values]
    return trial


def test_differences_are_other_values_and_values_that_one_alone_has():
    history = fakes.search(function, Grid(), max_trials=None)
    one, other = with_values(history, a=0, b=1), with_values(history, a=1, b=1, c=4)
    assert differences(one, other) == ["a", "c"]
    assert differences(one, one) == []


def test_a_path_goes_by_recorded_trials_that_mix_both():
    history = fakes.search(function, Grid(), max_trials=None)
    start, end = with_values(history, a=1, b=0, c=0), with_values(history, a=1, b=1, c=4)
    path = ablation_path(history, start, end)
    between = with_values(history, a=1, b=0, c=4)
    assert [(change.trial, change.names, change.score) for change in path] == [
        (between.number, ("c",), between.score),
        (end.number, ("b",), end.score),
    ]


def test_a_trial_with_a_value_of_neither_is_no_step():
    def some(hp):
        b, c = hp.Choice("b", [0, 1, 2]), hp.Choice("c", [0, 4])
        if (b, c) in ((0, 4), (1, 0)):
            raise ValueError("no")
        return b + c

    history = fakes.search(some, Grid(), max_trials=None, max_consecutive_failed_trials=None)
    path = ablation_path(history, with_values(history, b=0, c=0), with_values(history, b=1, c=4))
    assert [change.names for change in path] == [("b", "c")]


def test_where_the_record_holds_nothing_in_between_the_path_is_one_step():
    history = fakes.search(lambda hp: hp.Float("x", 0, 1) + hp.Float("y", 0, 1), max_trials=5)
    start, end = history.trials[0], history.trials[1]
    assert [(change.trial, change.names) for change in ablation_path(history, start, end)] == [(1, ("x", "y"))]


def test_the_trial_of_the_defaults_is_found_by_its_values():
    history = fakes.search(function, Grid(), max_trials=None)
    assert default_trial(history) is with_values(history, a=0, b=0)


def test_there_may_be_no_trial_of_the_defaults():
    assert default_trial(fakes.search(lambda hp: hp.Float("x", 0.1, 1), max_trials=3)) is None
