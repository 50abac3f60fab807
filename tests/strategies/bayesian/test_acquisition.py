from types import SimpleNamespace

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from kerastune_lite.space.kinds import Choice, Float
from kerastune_lite.space.space import Space
from kerastune_lite.strategies.bayesian.acquisition import Acquisition, AcquisitionOptimizer, log_h
from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.surrogate.covariance import Parameters
from kerastune_lite.surrogate.encoder import SpaceEncoder
from kerastune_lite.surrogate.process import FittedProcess, Observations
from tests.fakes import search


@pytest.mark.parametrize("z", [-8.0, -3.0, -1.0001, -0.9999, 0.0, 2.0, 30.0])
def test_log_h_is_the_logarithm_of_the_expected_improvement(z):
    improvement, _ = integrate.quad(lambda x: max(0.0, z - x) * stats.norm.pdf(x), -40, z, epsabs=0, epsrel=1e-10)
    assert log_h(z) == pytest.approx(np.log(improvement), rel=1e-6)


def test_log_h_keeps_telling_better_from_worse_far_in_the_tail():
    values = log_h(-np.logspace(0, 12, 200))
    assert np.isfinite(values).all()
    assert (np.diff(values) < 0).all()


def test_far_in_the_tail_it_follows_its_asymptote():
    z = -1e6
    assert log_h(z) == pytest.approx(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - 2 * np.log(-z), rel=1e-12)


@pytest.mark.parametrize("failures", [False, True])
def test_its_gradients_are_right(failures):
    space_encoder = SpaceEncoder(Space([Float("a", 0, 1), Choice("c", ("x", "y")), Float("b", 0, 1)]))
    rng = np.random.default_rng(0)
    coordinates = np.column_stack([rng.random(15), rng.integers(0, 2, 15), rng.random(15)])
    columns = space_encoder.feature_encoder(coordinates)
    rows = columns.rows(coordinates)
    # with some noise: without, finite differences lose their digits in variances next to nothing
    parameters = Parameters(np.array([4.0, 1.0, 2.0]), 1.3, 1e-3, 0.4, np.array([[1.5, 1.0, 0.7], [0.8, 1.0, 1.2]]))
    model = FittedProcess(columns.features, Observations(rows, np.sin(6 * coordinates[:, 0]), np.ones(15)), parameters)
    labels = np.where(coordinates[:, 2] > 0.5, 1.0, -1.0)
    feasibility = FittedProcess.fit(columns.features, Observations(rows, labels, np.ones(15))) if failures else None
    acquisition = Acquisition(columns, model, -0.9, feasibility)
    points = np.column_stack([rng.random(6), rng.integers(0, 2, 6), rng.random(6)])
    value, gradients = acquisition.with_gradients(points, np.array([0, 2]))
    np.testing.assert_allclose(value, acquisition(points))
    for place, index in enumerate([0, 2]):
        ahead, behind = points.copy(), points.copy()
        ahead[:, index] += 1e-6
        behind[:, index] -= 1e-6
        expected = (acquisition(ahead) - acquisition(behind)) / 2e-6
        np.testing.assert_allclose(gradients[:, place], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_no_step_from_the_best_point_is_worth_taking(seed):
    rng = np.random.default_rng(seed)
    coordinates = rng.random((20, 4))
    columns = SpaceEncoder(Space([Float(name, 0, 1) for name in "abcd"])).feature_encoder(coordinates)
    targets = stats.zscore(((coordinates - 0.4) ** 2).sum(axis=1))
    model = FittedProcess.fit(columns.features, Observations(columns.rows(coordinates), targets, np.ones(20)))
    acquisition = Acquisition(columns, model, targets.min())
    anything = SimpleNamespace(complete=lambda wanted, uniform: np.clip(wanted, 0, 1), walk=lambda point: ())
    best = AcquisitionOptimizer(anything, acquisition, rng)(rng.random((256, 4)))[0]
    found = optimize.minimize(lambda point: -acquisition(point[None])[0], best, bounds=[(0, 1)] * 4, method="L-BFGS-B")
    assert -found.fun < acquisition(best[None])[0] + 5e-6


def test_a_category_of_many_levels_is_changed_in_the_climb():
    choice = Choice("kind", tuple(f"k{i}" for i in range(40)))

    def function(hp):
        levels = list(choice.values)
        return abs(levels.index(hp.Choice("kind", levels)) - 33) / 40 + (hp.Float("x", 0, 1) - 0.4) ** 2

    history = search(function, max_trials=60)
    space_encoder = SpaceEncoder(history.space)
    space = ConditionalSpace(history.tree, space_encoder, lambda owner: True)
    coordinates = np.array([space_encoder.coordinates(trial.definitions, trial.values) for trial in history.trials])
    columns = space_encoder.feature_encoder(coordinates)
    targets = stats.zscore([trial.score for trial in history.trials])
    model = FittedProcess.fit(columns.features, Observations(columns.rows(coordinates), targets, np.ones(60)))
    acquisition = Acquisition(columns, model, targets.min())
    best = AcquisitionOptimizer(space, acquisition, np.random.default_rng(0))(coordinates[:6])[0]
    others = np.repeat(best[None], 40, axis=0)
    others[:, 0] = np.arange(40)
    assert acquisition(others).max() == pytest.approx(acquisition(best[None])[0])


def test_improvement_is_counted_by_the_second_where_durations_are_modelled():
    columns = SpaceEncoder(Space([Float("x", 0, 1)])).feature_encoder(np.zeros((1, 1)))
    rows = np.linspace(0, 1, 9)[:, None]
    model = FittedProcess.fit(columns.features, Observations(rows, np.cos(12 * rows[:, 0]), np.ones(9)))
    log_duration = FittedProcess.fit(columns.features, Observations(rows, 2 * rows[:, 0] - 1, np.ones(9)))
    by_trial, by_second = (Acquisition(columns, model, -0.8, log_duration=given) for given in (None, log_duration))
    points = np.array([[0.1], [0.85]])
    np.testing.assert_allclose(by_trial(points) - by_second(points), [-0.8, 0.7], atol=0.05)
    ahead = (by_second(points + 1e-6) - by_second(points - 1e-6)) / 2e-6
    np.testing.assert_allclose(by_second.with_gradients(points, np.array([0]))[1][:, 0], ahead, rtol=1e-3)
