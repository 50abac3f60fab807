"""Bayesian search as a whole; what every strategy must do is in the conformance suite."""

import math

import numpy as np
import pytest

from kerastune_lite.errors import Infeasible, UsageError
from kerastune_lite.space.kinds import Float, Int
from kerastune_lite.strategies import Bayesian, Random
from kerastune_lite.study.events import ExternalResult, Started
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests.fakes import cut_and_resumed, points, search

LOSS = Objective("loss", "min")


def bowl(hp):
    return (hp.Float("x", -1, 1) - 0.3) ** 2 + (hp.Float("y", -1, 1) + 0.4) ** 2


def branches(hp):
    if hp.Choice("optimizer", ["sgd", "adam"]) == "sgd":
        return 0.5 + (hp.Float("momentum", 0, 1) - 0.9) ** 2
    return (hp.Float("rate", 1e-4, 1.0, sampling="log") - 0.01) ** 2 + 0.1 * abs(hp.Int("layers", 1, 5) - 3)


def minimised(function, trials=25, **options):
    return search(function, Bayesian(), objective=LOSS, max_trials=trials, **options)


def test_it_comes_closer_than_random_search():
    found = minimised(bowl, trials=30).best.score
    assert found < 1e-3 < search(bowl, Random(), objective=LOSS, max_trials=30).best.score


def corner(hp):
    """1 where every hyperparameter is at its better end."""
    return 8 - sum((i + 1) / 4 * abs(hp.Float(f"x{i}", 0, 1) - i % 2) for i in range(7))


def test_the_corner_of_seven_dimensions_is_mostly_found_in_ten_trials_and_always_in_fourteen():
    searches = [minimised(corner, trials=14, seed=seed) for seed in range(5)]
    assert sorted(min(trial.score for trial in history.trials[:10]) for history in searches)[3] < 1.05
    assert max(history.best.score for history in searches) < 1.05


def untrained(hp):
    """The loss of a network of ten classes: log(10), but for some noise, wherever it learns nothing."""
    rate = math.log10(hp.Float("learning_rate", 1e-5, 1.0, sampling="log"))
    batch, layers = hp.Choice("batch_size", [16, 32, 64, 128, 256]), hp.Int("layers", 1, 3)
    units, dropout = hp.Int("units", 8, 128), hp.Float("dropout", 0.0, 0.7)
    activation = hp.Choice("activation", ["relu", "tanh", "sigmoid"])
    optimizer = hp.Choice("optimizer", ["sgd", "adam", "rmsprop"])
    goal = {"sgd": -0.7, "adam": -2.5, "rmsprop": -2.7}[optimizer] + 0.15 * math.log2(batch / 64)
    learnt = max(0.0, 1 - ((rate - goal) / 0.8) ** 2) * (1 - 0.1 * math.log2(batch / 16)) * (1 - 0.7 * dropout)
    learnt *= {"relu": 1.0, "tanh": 0.9, "sigmoid": 0.5 / layers}[activation]
    diverged = 10 * max(0.0, rate + 0.3) if optimizer == "sgd" and activation == "relu" else 0.0
    return math.log(10) + 0.02 * math.sin(97 * rate + 13 * units + 5 * dropout) - 2.1 * learnt + diverged


@pytest.mark.parametrize("seed", range(6))
def test_a_plateau_with_a_point_above_it_does_not_hold_the_search(seed):
    """A trend fitted to four such losses leads into a corner of the plateau, and seeds 3 and others stayed there."""
    history = minimised(untrained, trials=20, seed=seed)
    assert history.best.score < 1.2
    late = {round(math.log10(trial.values["learning_rate"])) for trial in history.trials[4:]}
    assert len(late) > 1


def test_a_space_with_branches_is_modelled():
    best = minimised(branches, trials=35).best
    assert (best.values["optimizer"], best.values["layers"]) == ("adam", 3)
    assert best.score < 1e-3


def test_a_hyperparameter_first_read_late_joins_the_model():
    calls = []

    def function(hp):
        calls.append(1)
        x = hp.Float("x", 0, 1)
        return (x - 0.5) ** 2 + (hp.Float("late", 0, 1) if x > 0.9 or len(calls) > 400 else 0.2)

    history = minimised(function, trials=20)
    assert all(math.isfinite(trial.score) for trial in history.trials)


def test_a_search_killed_and_gone_on_with_is_the_same():
    options = {"objective": LOSS, "max_trials": 20}
    assert points(cut_and_resumed(bowl, Bayesian(), **options)) == points(search(bowl, Bayesian(), **options))


@pytest.mark.parametrize("how", ["raises", "nan", "infinite", "infeasible"])
def test_a_region_that_fails_is_left_alone(how):
    """Half of the space fails; at most 2 of 20 trials that the model proposed fall there."""

    def function(hp):
        x, y = hp.Float("x", -1, 1), hp.Float("y", -1, 1)
        if x < 0:
            if how == "raises":
                raise RuntimeError("out of memory")
            if how == "infeasible":
                raise Infeasible("too large")
            return math.nan if how == "nan" else math.inf
        return (x - 0.2) ** 2 + y**2

    history = search(function, Bayesian(initial=6), objective=LOSS, max_trials=26)
    assert sum(trial.values["x"] < 0 for trial in history.trials[6:26]) <= 2


def test_noise_does_not_make_it_repeat_itself():
    def noisy(hp):
        x = hp.Float("x", -1, 1)
        return x**2 + 0.3 * np.random.default_rng(int(1e9 * abs(x))).standard_normal()

    history = minimised(noisy, trials=40)
    late = [abs(trial.values["x"]) for trial in history.trials[20:]]
    assert np.median(late) < 0.4


def test_executions_tell_the_noise():
    def noisy(hp):
        hp.Float("x", 0, 1)
        return float(rng.standard_normal())

    rng = np.random.default_rng(0)
    history = search(noisy, Bayesian(initial=4), objective=LOSS, max_trials=12, executions=3)
    fitted = [trial.note["noise"] for trial in history.trials if trial.note is not None and "noise" in trial.note]
    assert min(fitted) > 0.05


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_constant_scores_do_no_harm(value):
    def constant(hp):
        hp.Float("x", 0, 1)
        return value

    assert len(set(points(minimised(constant, trials=15)))) == 15


def test_thirty_dimensions_and_twelve_trials():
    def wide(hp):
        return sum((hp.Float(f"x{i}", 0, 1) - 0.5) ** 2 for i in range(30))

    assert len(set(points(minimised(wide, trials=12)))) == 12


def test_when_all_trials_fail_it_goes_on_and_says_why():
    def fails(hp):
        hp.Float("x", 0, 1)
        raise RuntimeError

    history = minimised(fails, trials=10, max_consecutive_failed_trials=None)
    assert "no trial has given a score yet" in history.trials[-1].note["because"]
    assert len({trial.values["x"] for trial in history.trials}) == 10


def test_eight_points_at_once_are_distinct_and_spread():
    history = minimised(bowl, trials=15)
    for number in range(15, 23):
        proposal = Bayesian()(history, np.random.default_rng([0, number]))
        history.apply(Started(trial=number, attempt=1, values=proposal.values))
    batch = np.array([list(trial.values.values()) for trial in history.running])
    apart = np.linalg.norm(batch[:, None] - batch[None, :], axis=-1)[np.triu_indices(8, 1)]
    assert apart.min() > 1e-4


def test_results_from_elsewhere_are_learnt_from():
    store = MemoryStore()
    for x in np.linspace(-1, 1, 9):
        for y in np.linspace(-1, 1, 9):
            store.append(ExternalResult(values={"x": x, "y": y}, score=(x - 0.3) ** 2 + (y + 0.4) ** 2))
    space = (Float("x", -1, 1), Float("y", -1, 1))
    history = search(bowl, Bayesian(initial=1), store=store, objective=LOSS, max_trials=2, space=space)
    assert history.trials[-1].score < 0.001


def test_the_users_defaults_come_first_and_the_middle_of_what_has_none():
    space = (Float("rate", 1e-4, 1.0, sampling="log", default=0.03), Int("units", 1, 9))

    def function(hp):
        return hp.Float("rate", 1e-4, 1.0, sampling="log", default=0.03) + hp.Int("units", 1, 9)

    assert dict(minimised(function, trials=1, space=space)[0].values) == {"rate": 0.03, "units": 5}


def test_initial_points_spread_better_than_random_ones():
    history = search(bowl, Bayesian(initial=8), objective=LOSS, max_trials=8)
    quarters = {tuple(value > 0 for value in trial.values.values()) for trial in history.trials[1:]}
    assert len(quarters) == 4


def test_the_share_of_initial_points_follows_the_budget():
    def initial(trials):
        history = minimised(bowl, trials=trials)
        return sum(trial.note is None for trial in history.trials)

    assert [initial(5), initial(15), initial(25)] == [2, 3, 4]


def test_a_study_of_many_trials_is_learnt_from_in_part():
    history = search(bowl, Random(), objective=LOSS, max_trials=900)
    proposal = Bayesian()(history, np.random.default_rng(0))
    assert abs(proposal.values["x"] - 0.3) + abs(proposal.values["y"] + 0.4) < 0.1


def test_any_number_of_candidates_will_do():
    assert len(search(bowl, Bayesian(initial=4, candidates=100), objective=LOSS, max_trials=6)) == 6


@pytest.mark.parametrize("options", [{"initial": 0}, {"initial": 1.5}, {"candidates": 3}, {"name_priors": 1}])
def test_impossible_options_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(UsageError, match=rf"Bayesian\({name}={value}\)"):
        Bayesian(**options)
