"""scikit-optimize's own plots take what a search gives."""

import warnings

import matplotlib as mpl
import pytest

from kerastune_lite.errors import SearchError
from kerastune_lite.results.results import Results
from kerastune_lite.strategies import Bayesian
from kerastune_lite.study.objective import Objective
from tests import fakes

mpl.use("Agg")


def function(hp):
    score = hp.Float("rate", 1e-4, 1.0, sampling="log") + hp.Int("units", 1, 9)
    if hp.Choice("kind", ["a", None, (1, 2)]) == "a":
        score += hp.Float("extra", 0, 1)
    hp.Fixed("fixed", 3)
    return score


@pytest.fixture
def results():
    return Results(fakes.search(function, Bayesian(), objective=Objective("score", "max"), max_trials=12))


@pytest.fixture(autouse=True)
def skopt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its last release is from 2024
        import skopt.plots

        yield skopt


def test_points_and_losses_are_in_the_order_tried(results):
    result = results.to_optimize_result()
    trials = sorted(results, key=lambda trial: trial.number)
    assert [point[1] for point in result.x_iters] == [trial.values["units"] for trial in trials]
    assert list(result.func_vals) == [-trial.score for trial in trials]
    assert result.fun == -results.best.score
    assert result.space.dimension_names == ["rate", "units", "kind", "extra"]


@pytest.mark.parametrize("plot", ["plot_convergence", "plot_evaluations"])
def test_its_plots_work(results, skopt, plot):
    assert getattr(skopt.plots, plot)(results.to_optimize_result()) is not None


def test_nothing_finished_is_said():
    def fails(hp):
        raise RuntimeError

    with pytest.raises(SearchError, match="nothing to plot"):
        Results(fakes.search(fails, max_trials=1)).to_optimize_result()
