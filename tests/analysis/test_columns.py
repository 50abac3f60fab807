"""Where values lie on a hyperparameter's own scale."""

import pytest

from kerastune_lite.analysis.columns import columns
from kerastune_lite.strategies import Grid
from tests import fakes


def column(read, **options):
    """The column of the hyperparameter `x` that `read(hp)` reads."""
    (found,) = [one for one in columns(fakes.search(lambda hp: float(bool(read(hp))), **options)) if one.name == "x"]
    return found


@pytest.mark.parametrize(
    ("read", "values", "positions"),
    [
        (lambda hp: hp.Float("x", 0, 10), [0, 5, 10], [0, 0.5, 1]),
        (lambda hp: hp.Float("x", 1e-4, 1, sampling="log"), [1e-4, 1e-2, 1], [0, 0.5, 1]),
        (lambda hp: hp.Float("x", 0.5, 0.99, sampling="reverse_log"), [0.5, 0.99], [0, 1]),
        (lambda hp: hp.Int("x", 0, 4, step=2), [0, 2, 4], [0, 0.5, 1]),
        (lambda hp: hp.Choice("x", ["a", "b", "c"]), ["a", "b", "c"], [0, 0.5, 1]),
        (lambda hp: hp.Choice("x", [16, 32, 1024]), [16, 32, 1024], [0, 0.5, 1]),
        (lambda hp: hp.Boolean("x"), [False, True], [0, 1]),
    ],
)
def test_positions_run_from_0_to_1_on_the_own_scale(read, values, positions):
    found = column(read, max_trials=2)
    assert [found.position(value) for value in values] == pytest.approx(positions)


def test_a_reverse_log_scale_widens_its_upper_end():
    found = column(lambda hp: hp.Float("x", 0.01, 1, sampling="reverse_log"), max_trials=2)
    assert found.position(0.5) < 0.2


def test_true_one_and_one_point_zero_are_three_levels():
    found = column(lambda hp: hp.Choice("x", [True, 1, 1.0], ordered=False), max_trials=2)
    assert [found.coordinate(value) for value in (True, 1, 1.0)] == [0, 1, 2]


def test_a_name_with_several_kinds_is_a_choice_of_its_values():
    def function(hp):
        return 1.0 if hp.Boolean("whole") and hp.Int("x", 1, 2) else float(hp.Choice("x", ["a", "b"]) == "a")

    history = fakes.search(function, Grid(), max_trials=None)
    (found,) = [one for one in columns(history) if one.name == "x"]
    assert found.scale is None
    assert {found.coordinate(trial.values["x"]) for trial in history.trials} == {0, 1, 2, 3}


def test_constants_are_no_columns():
    def function(hp):
        hp.Fixed("a", 1)
        hp.Choice("b", ["only"])
        hp.Int("c", 3, 3)
        return hp.Float("d", 0, 1)

    assert [found.name for found in columns(fakes.search(function, max_trials=2))] == ["d"]
