"""Search by scikit-optimize as a whole; what every strategy must do is in the conformance suite."""

import json
import math
import random
import sys
import warnings

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kerastune_lite as kt
from kerastune_lite.errors import Infeasible, StudyChanged, UsageError
from kerastune_lite.space.kinds import Choice, Float
from kerastune_lite.strategies import Random, Skopt, fingerprint
from kerastune_lite.study.events import ExternalResult, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests.fakes import SCORE, cut_and_resumed, opened, points, search
from tests.test_architecture import HEAVY, loaded_by

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its last release is from 2024
    import skopt

LOSS = Objective("loss", "min")
CHEAP = {"acq_func": "LCB", "acq_optimizer_kwargs": {"n_points": 200}}


def ridge(**options):
    """A strategy whose fit takes a millisecond."""
    return Skopt(BayesianRidge(), **{"n_initial_points": 3, "acq_optimizer_kwargs": {"n_points": 64}, **options})


def bowl(hp):
    return (hp.Float("x", -1, 1) - 0.3) ** 2 + (hp.Float("y", -1, 1) + 0.4) ** 2


def branches(hp):
    if hp.Choice("optimizer", ["sgd", "adam"]) == "sgd":
        return 0.5 + (hp.Float("momentum", 0, 1) - 0.9) ** 2
    return (hp.Float("rate", 1e-4, 1.0, sampling="log") - 0.01) ** 2 + 0.1 * abs(hp.Int("layers", 1, 5) - 3)


def every_kind(hp):
    """Reads all kinds of hyperparameters; the best is where most are large."""
    score = hp.Float("rate", 1e-4, 1.0, sampling="log") + hp.Float("step", 0, 1, step=0.1) + hp.Int("units", 8, 64, 8)
    score += hp.Choice("numbers", [1, 2.5, True]) + hp.Boolean("flag") + hp.Fixed("fixed", 3) + hp.Int("one", 2, 2)
    return score + (hp.Choice("texts", ["a", None, (1, 2), "1", 1]) == "a")


@pytest.fixture
def told(monkeypatch):
    """The arguments of all calls of `skopt.Optimizer.tell` from now on: (points, targets)."""
    calls = []

    class Spy(skopt.Optimizer):
        def tell(self, x, y, fit=True):
            calls.append((x, y))
            return super().tell(x, y, fit)

    monkeypatch.setattr(skopt, "Optimizer", Spy)
    return calls


def propose(strategy, history):
    return strategy(history, np.random.default_rng(0))


def started(history, **values):
    history.apply(Started(trial=history.next_number, attempt=1, values=values))


@pytest.mark.parametrize("estimator", ["GP", kt.surrogates.GaussianProcess()], ids=["GP", "ours"])
def test_it_comes_closer_than_random_search(estimator):
    found = search(bowl, Skopt(estimator, **CHEAP, n_initial_points=5), objective=LOSS, max_trials=20).best.score
    assert found < 5e-3 < search(bowl, Random(), objective=LOSS, max_trials=20).best.score


def test_a_space_with_branches_is_searched():
    best = search(branches, Skopt(**CHEAP, n_initial_points=8), objective=LOSS, max_trials=20).best
    assert best.values["optimizer"] == "adam"
    assert best.score < 0.15


@pytest.mark.parametrize("name", ["GP", "RF", "ET", "GBRT"])
def test_every_estimator_by_name_proposes_pythons_types_that_differ(name):
    history = search(every_kind, Skopt(name, n_initial_points=4, acq_optimizer_kwargs={"n_points": 100}), max_trials=7)
    types = {type(value) for trial in history.trials for value in trial.proposal.values.values()}
    assert types <= {float, int, bool, str, tuple, type(None)}
    assert [trial.note is not None for trial in history.trials] == [False] * 4 + [True] * 3
    assert len(set(points(history))) == 7


@pytest.mark.parametrize("acquisition", ["gp_hedge", "EI", "PI", "LCB"])
def test_every_acquisition_function_proposes(acquisition):
    history = search(bowl, ridge(acq_func=acquisition), objective=LOSS, max_trials=6)
    assert len(set(points(history))) == 6


def test_trials_are_told_all_at_once_as_something_to_minimise(told):
    search(lambda hp: hp.Int("x", 1, 9) / 2, ridge(), objective=SCORE, max_trials=5)
    assert [len(targets) for _, targets in told] == [3, 4]
    assert [(row, loss) for row, loss in zip(*told[-1], strict=True)] == [([-2 * loss], loss) for loss in told[-1][1]]


def test_what_a_trial_did_not_read_is_told_at_its_default(told):
    def function(hp):
        return 1.0 if hp.Choice("kind", ["a", "b"]) == "a" else hp.Float("rate", 0, 1, default=0.25)

    search(function, ridge(), max_trials=6)
    without = [dict(zip(("kind", "rate"), row, strict=False)) for row in told[-1][0] if row[0] == "a"]
    assert without
    assert {row.get("rate", 0.25) for row in without} == {0.25}


@pytest.mark.parametrize("how", ["raises", "nan", "infinite", "infeasible"])
def test_failures_are_told_at_the_worst_finite_value(told, how):
    def function(hp):
        x = hp.Int("x", 0, 99)
        if x < 50:
            if how == "raises":
                raise RuntimeError("out of memory")
            if how == "infeasible":
                raise Infeasible("too large")
            return math.nan if how == "nan" else math.inf
        return float(x)

    history = search(function, Random(), objective=LOSS, max_trials=6)
    propose(ridge(), history)
    worst = max(trial.minimized for trial in history.trials if trial.minimized is not None)
    ((rows, targets),) = told
    assert {loss for (x,), loss in zip(rows, targets, strict=True) if x < 50} == {worst}


def test_trials_under_way_are_told_at_the_best_value(told):
    history = search(lambda hp: hp.Float("x", 0, 1), Random(), objective=LOSS, max_trials=4)
    started(history, x=0.125)
    propose(ridge(), history)
    ((rows, targets),) = told
    assert (rows[-1], targets[-1]) == ([0.125], history.best.minimized)


def test_results_from_elsewhere_are_learnt_from(told):
    history = search(lambda hp: hp.Float("x", 0, 1), Random(), max_trials=2)
    history.apply(ExternalResult(values={"x": 0.5}, score=77.0))
    propose(ridge(), history)
    ((rows, targets),) = told
    assert (rows[-1], targets[-1]) == ([0.5], -77.0)


def test_without_any_finite_value_points_are_drawn(told):
    history = search(lambda hp: math.nan * hp.Float("x", 0, 1), ridge(), objective=LOSS, max_trials=6)
    assert len(set(points(history))) == 6
    assert told == []


@pytest.mark.parametrize("scores", [(1.0, 1.0), (1e-320, 1e300)], ids=["equal", "huge"])
@pytest.mark.parametrize("estimator", ["GP", "ET"])
def test_scores_of_any_size_can_be_told(estimator, scores):
    def function(hp):
        return scores[hp.Float("x", 0, 1) > 0.5]

    strategy = Skopt(estimator, n_initial_points=3, acq_optimizer_kwargs={"n_points": 50})
    assert len(search(function, strategy, max_trials=5)) == 5


def test_the_most_promising_other_point_takes_the_place_of_one_that_was_tried():
    """The optimiser wants the end of the slope again and again: those next to it follow, best first."""
    history = search(lambda hp: float(hp.Int("x", 1, 30)), ridge(acq_func="LCB"), objective=LOSS, max_trials=13)
    proposed = [trial.values["x"] for trial in history.trials[3:]]
    assert proposed == sorted(set(range(1, 31)) - {trial.values["x"] for trial in history.trials[:3]})[:10]


def test_a_search_killed_and_gone_on_with_is_the_same():
    options = {"objective": LOSS, "max_trials": 16}
    assert points(cut_and_resumed(branches, ridge(), **options)) == points(search(branches, ridge(), **options))


def test_gp_hedge_remembers_how_each_acquisition_function_did():
    history = search(bowl, ridge(), objective=LOSS, max_trials=6)
    first, second = (trial.note["hedge"] for trial in history.trials[3:5])
    assert first["gains"] == [0.0, 0.0, 0.0]
    known = history.trials[:4]
    model = BayesianRidge().fit([[t.values["x"], t.values["y"]] for t in known], [t.minimized for t in known])
    predicted = model.predict([[asked["x Float"], asked["y Float"]] for asked in first["asked"]])
    assert second["gains"] == pytest.approx((-predicted).tolist())


def test_a_hyperparameter_first_read_late_joins_the_model(told):
    def late(hp):
        return hp.Float("x", 0, 1) + (hp.Int("late", 1, 5) if hp.Boolean("more") else 0)

    search(late, ridge(), max_trials=12)
    assert [len(rows[0]) for rows, _ in told] == sorted(len(rows[0]) for rows, _ in told)
    assert {len(row) for row in told[-1][0]} == {3}


def test_a_study_whose_space_has_changed_is_gone_on_with(tmp_path):
    options = {"objective": "loss", "directory": tmp_path, "seed": 0, "verbose": 0, "strategy": ridge()}
    kt.tune(lambda hp: float(hp.Int("x", 1, 4)) + hp.Choice("c", [1, 2]), max_trials=5, **options)
    results = kt.tune(
        lambda hp: float(hp.Int("x", 3, 9)) + (hp.Choice("c", ["a", 2]) == "a"), max_trials=9, extend=True, **options
    )
    assert [trial.status for trial in results] == ["completed"] * 9


def test_one_name_of_two_kinds_is_two_dimensions(told):
    def function(hp):
        if hp.Boolean("flag"):
            return float(hp.Int("x", 1, 40))
        return 41.0 + len(hp.Choice("x", ["a", "bb", "ccc"]))

    search(function, ridge(), objective=LOSS, max_trials=9)
    assert {len(row) for row in told[-1][0]} == {3}


@pytest.mark.parametrize("generator", ["sobol", "halton", "hammersly", "lhs", "grid"])
def test_an_initial_design_is_made_once_and_walked_through(generator):
    strategy = ridge(initial_point_generator=generator, n_initial_points=6)
    space = (Float("x", -1, 1), Float("y", -1, 1))
    history = search(bowl, strategy, objective=LOSS, max_trials=6, space=space)
    design = [tuple(trial.proposal.values.values()) for trial in history.trials]
    assert (len(set(design)), {len(point) for point in design}) == (6, {2})
    assert points(search(bowl, strategy, objective=LOSS, max_trials=6, space=space)) == points(history)


def test_while_the_space_is_not_known_it_is_random_search():
    history = History([opened()])
    assert propose(Skopt(), history) == propose(Random(), history)


def test_a_space_that_is_known_beforehand_is_modelled_before_the_first_trial():
    settled = opened(objective=LOSS, space=(Float("x", 0, 1), Choice("c", ("a", "b"))))
    results = [ExternalResult(values={"x": x, "c": "a"}, score=x) for x in (0.2, 0.5, 0.9)]
    proposal = propose(ridge(acq_func="LCB"), History([settled, *results]))
    assert proposal.values["x"] < 0.2


def test_an_int_over_a_log_scale_stays_in_its_range():
    history = search(lambda hp: float(hp.Int("n", 1, 1000, sampling="log")), ridge(), objective=LOSS, max_trials=12)
    assert all(trial.values == trial.proposal.values for trial in history.trials[3:])


def test_the_ends_of_a_range_are_reached_exactly():
    history = search(bowl_at_the_corner, Skopt(**CHEAP, n_initial_points=4), objective=LOSS, max_trials=10)
    assert dict(history.best.values) == {"x": 1.0, "y": -1.0}


def bowl_at_the_corner(hp):
    return (hp.Float("x", -1, 1) - 3) ** 2 + (hp.Float("y", -1, 1) + 3) ** 2


@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "sampling"])
def test_a_space_of_categories_alone_is_searched(optimizer):
    def function(hp):
        return float(len(hp.Choice("a", ["x", "yy", "zzz"])) + len(hp.Choice("b", ["x", "yy", "zzz"])))

    strategy = Skopt(n_initial_points=3, acq_optimizer=optimizer, acq_optimizer_kwargs={"n_points": 50})
    assert len(search(function, strategy, max_trials=None)) == 9


@pytest.mark.parametrize(
    "estimator",
    [
        skopt.learning.ExtraTreesRegressor(n_estimators=4),
        make_pipeline(StandardScaler(), GaussianProcessRegressor(n_restarts_optimizer=1)),
        skopt.learning.GaussianProcessRegressor(noise="gaussian", n_restarts_optimizer=1),
    ],
    ids=["trees", "pipeline", "process"],
)
def test_an_estimator_without_a_seed_is_given_one(estimator):
    strategy = Skopt(estimator, n_initial_points=3, acq_optimizer_kwargs={"n_points": 50})
    before = (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - it is the global one that is meant
    found = [points(search(bowl, strategy, objective=LOSS, max_trials=6)) for _ in range(2)]
    assert found[0] == found[1]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_a_fingerprint_tells_estimators_apart_by_class_and_parameters():
    one, same, other = (
        json.dumps(fingerprint(Skopt(GaussianProcessRegressor(kernel, alpha=alpha))))
        for kernel, alpha in ((None, 1e-10), (None, 1e-10), (None, 1e-3))
    )
    assert one == same != other
    assert json.loads(one)["base_estimator"]["kernel"] is None
    assert fingerprint(Skopt(GaussianProcessRegressor(RBF([1.0, 2.0]))))["base_estimator"]["kernel"] == {
        "class": "RBF",
        "length_scale": [1.0, 2.0],
        "length_scale_bounds": [1e-5, 1e5],
    }
    assert fingerprint(Skopt(BayesianRidge(tol=0.5)))["base_estimator"]["class"] == "BayesianRidge"
    assert fingerprint(Skopt(acq_func_kwargs={"kappa": 2.0}))["acq_func_kwargs"] == {"kappa": 2.0}


def test_a_study_goes_on_with_an_equal_estimator_and_not_with_another(tmp_path):
    options = {"objective": "loss", "directory": tmp_path, "seed": 0, "verbose": 0}
    kt.tune(bowl, max_trials=4, strategy=ridge(), **options)
    assert len(kt.tune(bowl, max_trials=6, strategy=ridge(), **options)) == 6
    with pytest.raises(StudyChanged, match="BayesianRidge"):
        kt.tune(bowl, max_trials=8, strategy=Skopt(BayesianRidge(tol=0.5), n_initial_points=3), **options)


class Unordered(GaussianProcessRegressor):
    """Not a regressor to scikit-learn."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        return tags


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_estimator": "GPP"}, r"base_estimator='GPP'\) is unknown; use one of 'GP', .*; did you mean 'GP'\?"),
        ({"base_estimator": "gp"}, r"base_estimator='gp'\) is unknown.*did you mean 'GP'\?"),
        ({"base_estimator": BayesianRidge}, r"give an instance, such as BayesianRidge\(\)"),
        ({"base_estimator": 3}, r"base_estimator=3\) is not a scikit-learn regressor: it has no fit\(\)"),
        ({"base_estimator": LinearRegression()}, r"LinearRegression\(\)\): its predict takes no return_std"),
        ({"base_estimator": make_pipeline(StandardScaler(), LinearRegression())}, "its predict takes no return_std"),
        ({"base_estimator": Unordered()}, "is not a regressor according to scikit-learn"),
        ({"acq_func": "ei"}, r"acq_func='ei'\) is unknown; use one of 'gp_hedge', 'EI', 'PI', 'LCB'; did you mean"),
        ({"acq_func": "gp_hege"}, r"did you mean 'gp_hedge'\?"),
        ({"acq_func": "EIps"}, "improvement per second is not supported.*use 'EI'"),
        ({"acq_func": "PIps"}, "improvement per second is not supported.*use 'PI'"),
        ({"acq_func": None}, r"acq_func=None\) is unknown"),
        ({"n_initial_points": 0}, r"n_initial_points=0\): n_initial_points must be an integer >= 1"),
        ({"n_initial_points": True}, r"n_initial_points=True\)"),
        ({"initial_point_generator": "soboll"}, r"did you mean 'sobol'\?"),
        ({"acq_optimizer": "lbgfs"}, r"did you mean 'lbfgs'\?"),
        ({"acq_optimizer": "lbfgs", "base_estimator": "ET"}, "base_estimator='ET' has no derivatives"),
        ({"acq_func_kwargs": {"kapa": 1}}, r"'kapa' is unknown; use 'xi', 'kappa', 'eta'; did you mean 'kappa'\?"),
        ({"acq_func_kwargs": 3}, r"acq_func_kwargs=3\): acq_func_kwargs must be a dict"),
        ({"acq_optimizer_kwargs": {"n_points": 0}}, r"n_points=0\): n_points must be an integer >= 1"),
    ],
)
def test_invalid_options_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        Skopt(**options)


def test_without_scikit_optimize_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skopt", None)
    with pytest.raises(UsageError, match=r"not installed: pip install 'scikit-optimize>=0\.10\.2,<0\.11'"):
        Skopt()


def test_bayesian_optimization_takes_it_as_its_engine():
    def strategy(**options):
        return kt.BayesianOptimization(lambda hp: None, "val_loss", **options)._settings.strategy

    assert strategy(engine="skopt") == Skopt()
    assert strategy(engine="skopt", num_initial_points=3) == Skopt(n_initial_points=3)
    assert (
        strategy(engine="kerastune", num_initial_points=3)
        == strategy(num_initial_points=3)
        == kt.strategies.Bayesian(3)
    )


def test_an_unknown_engine_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match=r"engine='scopt' is unknown; .*; did you mean 'skopt'\?"):
        kt.BayesianOptimization(lambda hp: None, "val_loss", engine="scopt")


def test_making_a_tuner_with_it_loads_no_heavy_library():
    code = "import kerastune_lite as kt; kt.BayesianOptimization(lambda hp: None, 'val_loss', engine='skopt')"
    assert loaded_by(code).isdisjoint(HEAVY - {"rich"})
