"""What a user believes beforehand: it comes first, counts at once, and gives way to trials."""

from dataclasses import replace

import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import StudyChanged, UsageError
from kerastune_lite.search.session import _differences
from kerastune_lite.space.kinds import Choice, Float, Int
from kerastune_lite.space.space import Space
from kerastune_lite.strategies import Bayesian, fingerprint
from kerastune_lite.strategies.bayesian.prior import Prior, as_priors, check_priors
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests.fakes import opened, points, search

LOSS = Objective("loss", "min")
CENTERS = (0.2, 0.7, 0.4, 0.9, 0.3)


def bowl(hp):
    return sum((hp.Float(f"x{i}", 0, 1) - center) ** 2 for i, center in enumerate(CENTERS))


def condition_on_fantasies(function, centers, trials, seed=0, **options):
    priors = {f"x{i}": center for i, center in enumerate(centers)}
    return search(function, Bayesian(priors=priors), objective=LOSS, max_trials=trials, seed=seed, **options)


def test_the_first_trial_is_what_is_believed_and_the_middle_of_the_rest():
    space = (Float("rate", 1e-4, 1.0, sampling="log"), Int("units", 1, 9), Choice("kind", ("a", "b", "c")))

    def function(hp):
        hp.Choice("kind", ["a", "b", "c"])
        return hp.Float("rate", 1e-4, 1.0, sampling="log") + hp.Int("units", 1, 9)

    strategy = Bayesian(priors={"rate": 0.01, "kind": "c"})
    first = search(function, strategy, objective=LOSS, max_trials=1, space=space)[0]
    assert dict(first.values) == {"kind": "c", "rate": 0.01, "units": 5}


def test_only_the_first_point_of_the_design_is_what_is_believed():
    history = search(bowl, Bayesian(initial=8, priors={"x0": 0.2}), objective=LOSS, max_trials=8)
    assert [trial.values["x0"] == 0.2 for trial in history.trials] == [True] + [False] * 7


def test_a_right_belief_saves_trials():
    right = [condition_on_fantasies(bowl, np.add(CENTERS, 0.05), 6, seed).best.score for seed in range(3)]
    without = [condition_on_fantasies(bowl, (), 6, seed).best.score for seed in range(3)]
    assert max(right) < 0.02 < min(without)


def test_trials_outweigh_a_wrong_belief():
    wrong = [
        condition_on_fantasies(bowl, np.where(np.array(CENTERS) > 0.5, 0.0, 1.0), 35, seed).best.score
        for seed in range(3)
    ]
    assert max(wrong) < 0.02


def test_what_is_believed_of_a_branch_waits_until_it_is_read():
    def branches(hp):
        if hp.Choice("kind", ["plain", "deep"]) == "deep":
            return (hp.Float("rate", 0, 1) - 0.8) ** 2
        return 0.5

    history = search(branches, Bayesian(priors={"rate": 0.8}), objective=LOSS, max_trials=8)
    assert history.best.score < 1e-3


def test_a_search_with_beliefs_is_the_same_when_cut_and_gone_on_with():
    store = MemoryStore()
    condition_on_fantasies(bowl, CENTERS, 6, store=store)
    assert points(condition_on_fantasies(bowl, CENTERS, 12, store=store)) == points(
        condition_on_fantasies(bowl, CENTERS, 12)
    )


def test_a_center_outside_of_the_range_is_refused_with_the_range():
    with pytest.raises(
        UsageError, match=r"the prior of 'x0' has center=3, which Float\('x0', min_value=0.0, max_value=1"
    ):
        condition_on_fantasies(bowl, [3], 5)


def test_a_misspelt_name_is_refused():
    with pytest.raises(UsageError, match="a prior is given for 'learning_rat', which no trial reads; did you mean"):
        check_priors(as_priors({"learning_rat": 0.1}), Space([Float("learning_rate", 0, 1)]))


def test_a_name_that_may_be_read_later_is_no_misspelling():
    check_priors(as_priors({"units_3": 5, "momentum": 0.9}), Space([Int("units_0", 1, 9)]))


@pytest.mark.parametrize("strength", [0, -1, 5.1, float("nan"), "strong", True])
def test_an_impossible_strength_is_refused(strength):
    with pytest.raises(UsageError, match=r"Prior\(strength="):
        Prior(0.1, strength)


def test_priors_must_be_given_by_name():
    with pytest.raises(UsageError, match=r"must be a dict of values or kt\.Prior"):
        Bayesian(priors=[0.1])


def test_beliefs_are_on_record():
    assert fingerprint(Bayesian(priors={"x": 0.5}))["priors"] == {"x": {"center": 0.5, "strength": 1.0}}


def test_a_tuner_believes_what_it_is_told_last():
    tuner = kt.BayesianOptimization(bowl, "val_loss")
    tuner.believe({"x0": 0.1, "x1": 0.2})
    tuner.believe({"x0": kt.Prior(0.3, 2)})
    assert tuner._settings.strategy.priors == {"x0": Prior(0.3, 2), "x1": Prior(0.2)}


def test_only_bayesian_search_can_believe():
    with pytest.raises(UsageError, match=r"believe\(\) needs a strategy with priors, not Random"):
        kt.RandomSearch(bowl, "val_loss").believe({"x0": 0.1})


def test_another_belief_is_another_search(tmp_path):
    def tune(trials, **priors):
        strategy, objective = Bayesian(priors=priors), kt.Objective("loss", "min")
        options = {"objective": objective, "strategy": strategy, "directory": tmp_path, "verbose": 0, "seed": 0}
        return kt.tune(bowl, max_trials=trials, **options)

    tune(3, x0=0.3)
    assert len(tune(4, x0=0.3)) == 4
    with pytest.raises(StudyChanged, match="strategy"):
        tune(5, x0=0.4)


def test_a_field_that_the_record_lacks_is_no_difference_at_its_default():
    recorded = {"strategy": "Bayesian", "initial": None, "candidates": 2048, "name_priors": True}
    assert fingerprint(Bayesian(), recorded) == recorded
    assert fingerprint(Bayesian(cost="time"), recorded) != recorded
    assert fingerprint(Bayesian(initial=3), recorded) != recorded


def test_a_study_from_before_a_field_existed_is_no_other_search():
    now = opened(Bayesian())
    before = replace(now, strategy={name: now.strategy[name] for name in ("strategy", "initial", "candidates")})
    assert list(_differences(before, now, Bayesian())) == []
    assert list(_differences(before, now, Bayesian(initial=3))) != []
