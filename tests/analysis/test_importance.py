"""Conditional PED-ANOVA, on searches whose truth is known."""

import numpy as np
import pytest

from kerastune_lite.analysis.importance import importance
from kerastune_lite.errors import SearchError
from kerastune_lite.space.kinds import Choice
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

LOSS = Objective("loss", "min")


def rate_decides(hp):
    rate, units = hp.Float("rate", 1e-5, 1e-1, sampling="log"), hp.Int("units", 8, 256)
    hp.Float("nothing", 0, 1)
    return -((np.log10(rate) + 3) ** 2) - 0.1 * (units / 256 - 0.7) ** 2


def test_the_hyperparameter_that_decides_comes_first_and_one_without_effect_gets_little():
    found = importance(fakes.search(rate_decides, max_trials=100))
    assert next(iter(found)) == "rate"
    assert found["rate"] > 0.7
    assert found["nothing"] < 0.1


def test_shares_sum_to_one():
    assert sum(importance(fakes.search(rate_decides, max_trials=30)).values()) == pytest.approx(1)


def test_the_direction_of_the_objective_counts():
    def function(hp):
        x, sign = hp.Float("x", 0, 1), hp.Choice("sign", [-1, 1])
        return max(0.0, x - 0.7) * sign  # the best have sign 1; the worst have sign -1; both have a large x

    high = importance(fakes.search(function, max_trials=200))
    low = importance(fakes.search(lambda hp: -function(hp), max_trials=200, objective=LOSS))
    assert high == low


def test_a_conditional_hyperparameter_is_not_credited_with_its_parents_effect():
    def function(hp):
        on = hp.Choice("outer", ["on", "off"]) == "on"
        if on:
            hp.Float("inner", 0, 1)  # no effect of its own
        return float(on) + 0.3 * hp.Float("x", 0, 1)

    found = importance(fakes.search(function, max_trials=200))
    assert found["outer"] > found["inner"] * 5


def test_a_conditional_hyperparameter_with_an_effect_is_found():
    def function(hp):
        hp.Float("nothing", 0, 1)
        return hp.Float("inner", 0, 1) if hp.Choice("outer", ["on", "off"]) == "on" else 0.0

    found = importance(fakes.search(function, max_trials=200))
    assert found["inner"] > found["nothing"] * 5


def test_ranges_that_differ_by_branch_are_regimes_of_their_own():
    def function(hp):  # good values lie at the upper end of either range
        x = hp.Float("x", 0, 1) if hp.Boolean("small") else 10 * hp.Float("x", 10, 20)
        hp.Float("nothing", 0, 1)
        return x % 1 if x <= 1 else (x / 10 - 10) / 10

    found = importance(fakes.search(function, max_trials=200))
    assert found["x"] > 0.7


def test_ranges_of_a_few_trials_each_are_taken_together():
    def function(hp):
        return -abs(hp.Float("x", 0, hp.Float("width", 1, 1.2)) - 0.5)  # each trial has its own range of x

    assert importance(fakes.search(function, max_trials=60))["x"] > 0.7


def scored(number, score, *pairs):
    """The events of a trial that has read these (definition, value) pairs."""
    yield Started(trial=number, attempt=1, values={})
    yield fakes.reads(number, *pairs)
    yield Reported(trial=number, execution=0, epoch=1, metrics={"score": score})
    yield Ended(trial=number)


def test_the_formula_by_hand():
    outer, inner = Choice("outer", ("on", "off")), Choice("inner", ("p", "q"))
    events = [fakes.opened()]
    for number in range(
        20
    ):  # on and p: 8, on and q: 4, off: 8; the best five are four of the first and one of the last
        inside = ((inner, "p" if number < 8 else "q"),) if number < 12 else ()
        score = float(number in (0, 1, 2, 3, 12))
        events += scored(number, score, (outer, "on" if number < 12 else "off"), *inside)

    def divergence(top, region):
        """With one pseudo-observation spread over both levels."""
        p = [(count + 0.5) / (sum(top) + 1) for count in top]
        q = [(count + 0.5) / (sum(region) + 1) for count in region]
        return sum(b * (a / b - 1) ** 2 for a, b in zip(p, q, strict=True))

    of_outer = divergence([4, 1], [12, 8])
    of_inner = (4 / 5) ** 2 / (12 / 20) * divergence([4, 0], [8, 4])
    total = of_outer + of_inner
    expected = {"outer": of_outer / total, "inner": of_inner / total}
    assert importance(History(events)) == pytest.approx(expected)


def test_the_top_quarter_finds_what_matters_among_good_configurations():
    def function(hp):
        coarse = hp.Choice("coarse", ["good", "bad"]) == "good"
        return float(coarse) + 0.1 * hp.Float("fine", 0, 1)

    history = fakes.search(function, max_trials=200)
    assert importance(history, top_quarter=True)["coarse"] < importance(history)["coarse"] / 5


def test_what_is_fixed_has_no_importance():
    def function(hp):
        hp.Fixed("constant", 3)
        return hp.Float("x", 0, 1)

    assert importance(fakes.search(function, max_trials=20)) == {"x": 1.0}


def test_failed_trials_do_not_count():
    def function(hp):
        x = hp.Float("x", 0, 1)
        if x > 0.5:
            raise ValueError("no")
        return x

    history = fakes.search(function, max_trials=12, max_consecutive_failed_trials=None)
    with pytest.raises(SearchError, match=f"needs 10 trials with a score, there are {history.scored}"):
        importance(history)


@pytest.mark.parametrize(("trials", "top_quarter", "needs"), [(9, False, 10), (39, True, 40)])
def test_too_few_trials_are_told_how_many_it_takes(trials, top_quarter, needs):
    with pytest.raises(SearchError, match=f"needs {needs} trials with a score, there are {trials}"):
        importance(fakes.search(rate_decides, max_trials=trials), top_quarter=top_quarter)


def test_equal_scores_tell_nothing():
    def function(hp):
        hp.Float("x", 0, 1)
        return 0.5

    with pytest.raises(SearchError, match=r"the best 20 trials cannot be told apart \(score 0\.5\)"):
        importance(fakes.search(function, max_trials=20))


def test_optuna_finds_about_the_same():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    history = fakes.search(rate_decides, max_trials=300)
    kinds = optuna.distributions
    space = {
        "rate": kinds.FloatDistribution(1e-5, 1e-1, log=True),
        "units": kinds.IntDistribution(8, 256),
        "nothing": kinds.FloatDistribution(0, 1),
    }
    study = optuna.create_study(direction="maximize")
    for trial in history.trials:
        study.add_trial(optuna.trial.create_trial(params=dict(trial.values), distributions=space, value=trial.score))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    theirs = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert importance(history) == pytest.approx(theirs, abs=0.01)
