"""Slices and contours of the model of the score."""

import numpy as np
import pytest

from kerastune_lite.analysis.surface import ScoreModel
from kerastune_lite.errors import SearchError
from kerastune_lite.strategies import Grid
from kerastune_lite.study.objective import Objective
from tests import fakes

LOSS = Objective("loss", "min")


def peak(hp):
    rate, units = hp.Float("rate", 1e-4, 1e-1, sampling="log"), hp.Int("units", 8, 64)
    return 0.9 - 0.1 * (np.log10(rate) + 3) ** 2 - 0.1 * abs(units / 64 - 0.5)


def conditional(hp):
    if hp.Choice("kind", ["a", "b"]) == "a":
        return 0.5 + 0.3 * hp.Float("inner", 0, 1)
    return 0.2 + 0.1 * hp.Float("other", 0, 1)


def test_a_slice_peaks_where_the_function_does_in_the_scores_units():
    found = ScoreModel(fakes.search(peak, max_trials=40)).slice("rate")
    best = found.x[int(np.argmax(found.mean))]
    assert 4e-4 < best < 2.5e-3
    assert 0.8 < max(found.mean) < 0.95
    assert min(found.mean) < 0.6


def test_a_loss_keeps_its_sign():
    history = fakes.search(lambda hp: 1 - peak(hp), max_trials=40, objective=LOSS)
    found = ScoreModel(history).slice("rate")
    assert 4e-4 < found.x[int(np.argmin(found.mean))] < 2.5e-3
    assert 0.05 < min(found.mean) < 0.2


@pytest.mark.parametrize("objective", [fakes.SCORE, LOSS])
def test_the_band_lies_around_the_mean(objective):
    found = ScoreModel(fakes.search(peak, max_trials=20, objective=objective)).slice("units")
    assert np.all(np.array(found.low) <= found.mean)
    assert np.all(np.array(found.mean) <= found.high)
    assert min(np.subtract(found.mean, found.low)) > 0
    assert min(np.subtract(found.high, found.mean)) > 0


def test_values_of_a_slice_are_evenly_spaced_on_the_own_scale_with_both_ends():
    found = ScoreModel(fakes.search(peak, max_trials=20)).slice("rate", points=4)
    assert found.x == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])


def test_whole_numbers_stay_whole():
    found = ScoreModel(fakes.search(peak, max_trials=20)).slice("units")
    assert (found.x[0], found.x[-1]) == (8, 64)
    assert all(type(value) is int for value in found.x)


def test_categories_are_the_levels():
    found = ScoreModel(fakes.search(conditional, max_trials=30)).slice("kind")
    assert found.x == ["a", "b"]
    assert found.mean[0] > found.mean[1] + 0.2


def test_a_conditional_hyperparameter_is_averaged_where_it_is_read():
    found = ScoreModel(fakes.search(conditional, max_trials=40)).slice("inner")
    assert found.mean[0] == pytest.approx(0.5, abs=0.05)
    assert found.mean[-1] == pytest.approx(0.8, abs=0.05)


def test_two_hyperparameters_never_read_together_have_no_contour():
    model = ScoreModel(fakes.search(conditional, max_trials=30))
    assert model.contour("inner", "other") is None
    assert model.contour("kind", "inner") is not None


def test_a_contour_has_a_row_for_each_y():
    found = ScoreModel(fakes.search(peak, max_trials=30)).contour("rate", "units", points=5)
    assert (len(found.xs), len(found.ys), np.shape(found.mean)) == (5, 5, (5, 5))
    row, column = np.unravel_index(np.argmax(found.mean), (5, 5))
    assert found.xs[column] == pytest.approx(10**-3.25)
    assert found.ys[row] == 36


def test_unknown_names_have_nothing():
    model = ScoreModel(fakes.search(peak, max_trials=20))
    assert (model.slice("nothing"), model.contour("rate", "nothing")) == (None, None)


def test_a_diverged_trial_does_not_move_the_slice():
    def function(hp):
        loss = 1 - peak(hp)
        return 1e5 if hp.values["units"] == 60 else loss

    history = fakes.search(function, max_trials=40, objective=LOSS)
    assert history.objective.score(max(trial.minimized for trial in history.trials)) == 1e5
    assert max(ScoreModel(history).slice("rate").mean) < 1.5


def test_a_grid_search_can_be_looked_at_too():
    history = fakes.search(peak, Grid(points=4), max_trials=60)
    assert ScoreModel(history).slice("rate") is not None


@pytest.mark.parametrize(
    ("function", "trials", "needs"),
    [
        (peak, 4, "needs 5 trials with a score, there are 4"),
        (lambda hp: hp.Fixed("x", 1.0), 5, "needs 5 trials with a score, there are 1"),
        (lambda hp: 0.0 * hp.Float("x", 0, 1), 6, "needs different scores"),
    ],
)
def test_what_a_model_lacks_is_told(function, trials, needs):
    with pytest.raises(SearchError, match=needs):
        ScoreModel(fakes.search(function, max_trials=trials))


def test_a_contour_is_empty_where_one_of_the_two_is_not_read():
    found = ScoreModel(fakes.search(conditional, max_trials=30)).contour("kind", "inner", points=3)
    assert np.isfinite(found.mean).tolist() == [[True, False]] * 3
    turned = ScoreModel(fakes.search(conditional, max_trials=30)).contour("inner", "kind", points=3)
    assert np.isfinite(turned.mean).tolist() == [[True] * 3, [False] * 3]
