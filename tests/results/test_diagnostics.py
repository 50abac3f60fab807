"""What a study's health says: of the surrogate, of what matters, of bounds, noise and failures."""

import io
import itertools
import math
import random
from dataclasses import replace

import pytest
from rich.console import Console as Terminal

from kerastune_lite.analysis.training_data import subset
from kerastune_lite.observers.console import Console
from kerastune_lite.results.diagnostics import AtBound, diagnose, messages
from kerastune_lite.results.results import Results
from kerastune_lite.results.tables import show_results
from kerastune_lite.strategies import Bayesian, Grid
from kerastune_lite.study.events import ExternalResult
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

COST = Objective("score", "min")


def health(function, strategy=None, **settings):
    return Results(fakes.search(function, strategy, **{"max_trials": 40, "seed": 1, **settings})).diagnostics()


def bowl(hp):
    """x matters, y does not; nothing is at a bound."""
    hp.Float("y", 0, 1)
    return (hp.Float("x", 0, 1) - 0.4) ** 2


def labels():
    """Scores that have nothing to do with the hyperparameters."""
    scores = random.Random(0)

    def function(hp):
        hp.Float("x", 0, 1)
        hp.Float("y", 0, 1)
        return scores.gauss(0, 1)

    return function


def rises(definition, **settings):
    """The bounds found for a score that rises with x, which is to be maximised."""
    return health(lambda hp: 1.0 * definition(hp), **settings).at_bound


# The surrogate


def test_scores_that_follow_the_hyperparameters_are_ranked_by_the_surrogate():
    assert health(bowl, objective=COST).rank_correlation > 0.95


@pytest.mark.parametrize("count", [20, 40])
def test_random_scores_are_not(count):
    found = health(labels(), max_trials=count)
    assert found.rank_correlation < 0.2
    assert found.unimportant == ()
    assert any(line.startswith("the hyperparameters hardly explain the scores") for line in found.messages)


def test_a_search_that_has_converged_to_noise_still_knows_what_matters():
    scores = random.Random(0)

    def function(hp):
        hp.Float("y", 0, 1)
        return hp.Choice("x", [0, 1], weights=[1, 5]) + scores.gauss(0, 0.01)

    found = health(function, max_trials=30)
    assert found.rank_correlation < 0.5 < found.correlation
    assert found.messages == ("hardly any effect on the score: y; give a fixed value to save trials",)


def test_the_correlation_is_the_same_in_both_directions():
    up = health(lambda hp: 5 - bowl(hp), objective=fakes.SCORE)
    assert up.rank_correlation == pytest.approx(health(bowl, objective=COST).rank_correlation, abs=0.05)


def test_results_from_elsewhere_are_learnt_from():
    history = fakes.search(bowl, objective=COST, max_trials=4)
    assert diagnose(history).rank_correlation is None
    for score in (0.0, 1.0):
        history.apply(ExternalResult(values={"y": 0.5, "x": 0.4 + math.sqrt(score)}, score=score))
    assert diagnose(history).rank_correlation is not None


# What matters


def test_a_hyperparameter_without_effect_is_named():
    found = health(bowl, objective=COST)
    assert found.unimportant == ("y",)
    assert found.messages == ("hardly any effect on the score: y; give a fixed value to save trials",)


def test_importance_is_the_share_of_the_variance_largest_first():
    found = health(bowl, objective=COST).importance
    assert list(found) == ["x", "y"]
    assert found["x"] > 0.95
    assert found["y"] < 0.02


def test_a_category_with_an_effect_is_important():
    def function(hp):
        hp.Choice("none", ["a", "b", "c"])
        return hp.Float("x", 0, 1) + {"a": 0.0, "b": 1.0, "c": 2.0}[hp.Choice("kind", ["a", "b", "c"])]

    found = health(function)
    assert next(iter(found.importance)) == "kind"
    assert found.unimportant == ("none",)


def test_what_makes_good_trials_better_is_not_hidden_by_how_bad_the_bad_are():
    def function(hp):
        diverged = 1000.0 * (hp.Float("rate", 0, 1) > 0.6)
        return diverged + hp.Float("rate", 0, 1) + hp.Float("x", 0, 1)

    assert health(function, objective=COST).importance["x"] > 0.1


def test_few_trials_condemn_no_hyperparameter():
    assert health(bowl, objective=COST, max_trials=19).unimportant == ()


def test_a_hyperparameter_of_which_little_was_tried_is_not_condemned():
    def function(hp):
        hp.Choice("y", ["a", "b"], weights=[1000, 1])
        return hp.Float("x", 0, 1)

    found = health(function)
    assert found.importance["y"] < 0.02
    assert found.unimportant == ()


def test_what_a_condition_does_is_its_parents_doing():
    def function(hp):
        if hp.Boolean("deep"):
            return 1 + hp.Float("x", 0, 1)
        return 0.1 * hp.Float("z", 0, 1)

    found = health(function)
    assert next(iter(found.importance)) == "deep"
    assert "deep" not in found.unimportant


def test_what_decides_what_else_is_read_is_not_condemned():
    def function(hp):
        if hp.Boolean("deep"):
            hp.Float("x", 0, 1)
        return hp.Float("z", 0, 1)

    assert health(function).unimportant == ("x",)


def test_importance_counts_where_a_hyperparameter_is_read():
    def score(hp, shallow):
        if hp.Boolean("deep", weights=[shallow, 1]):
            return hp.Float("x", 0, 1)
        return 0.5 + 0.1 * hp.Float("z", 0, 1)

    often, seldom = (health(lambda hp, s=s: score(hp, s), max_trials=60).importance["x"] for s in (0.2, 10))
    assert seldom < 0.2
    assert often > 0.6


# Bounds


def test_the_best_at_the_upper_bound_ask_for_a_wider_range():
    found = health(lambda hp: math.log10(hp.Float("rate", 1e-4, 0.1, sampling="log")), strategy=Bayesian())
    assert found.at_bound == (AtBound("rate", "upper", 0.1, trials=5, of=5),)
    assert found.messages[0] == "5 of the best 5 trials are at the upper bound of rate: widen rate above 0.1"


def test_a_minimised_objective_turns_the_side():
    found = health(lambda hp: hp.Float("rate", 1e-4, 0.1, sampling="log"), strategy=Bayesian(), objective=COST)
    assert [bound.advice for bound in found.at_bound] == ["widen rate below 0.0001"]


def test_an_optimum_inside_the_range_asks_for_nothing():
    assert health(bowl, strategy=Bayesian(), objective=COST).at_bound == ()


def test_nearness_is_on_the_hyperparameters_own_scale():
    def function(hp):
        return -abs(math.log10(hp.Float("rate", 1e-6, 1.0, sampling="log")) + 2)

    assert health(function, strategy=Bayesian(), objective=fakes.SCORE).at_bound == ()


@pytest.mark.parametrize(
    ("definition", "sides"),
    [
        (lambda hp: hp.Float("x", 0.0, 0.5), ["upper"]),
        (lambda hp: -hp.Float("x", 0.0, 0.5), []),
        (lambda hp: -hp.Float("x", 0.1, 0.5), ["lower"]),
        (lambda hp: hp.Float("x", 0.0, 1.0), []),
        (lambda hp: hp.Float("x", 0.01, 1.0, sampling="log"), ["upper"]),
        (lambda hp: hp.Float("x", 0.1, 0.9, step=0.1), ["upper"]),
        (lambda hp: -hp.Int("x", 1, 64), []),
        (lambda hp: -hp.Int("x", 0, 64), []),
        (lambda hp: -hp.Int("x", 2, 64), ["lower"]),
        (lambda hp: -hp.Int("x", 4, 64, sampling="log"), ["lower"]),
        (lambda hp: hp.Choice("x", [16, 32, 64, 128]), ["upper"]),
        (lambda hp: hp.Choice("x", [128, 64, 32, 16]), ["upper"]),
        (lambda hp: -hp.Choice("x", [1, 32, 64, 128]), []),
        (lambda hp: hp.Choice("x", [16, 128, 64, 32]), []),
        (lambda hp: hp.Choice("x", [16, 32, 64, 128], ordered=False), []),
        (lambda hp: hp.Boolean("x"), []),
    ],
)
def test_a_natural_bound_or_no_range_asks_for_nothing(definition, sides):
    def function(hp):
        hp.Float("other", 0, 1)
        return definition(hp)

    assert [found.side for found in rises(function, max_trials=100)] == sides


def test_a_bound_is_not_blamed_for_what_does_not_matter():
    def function(hp):
        noise = hp.Float("noise", 2.0, 3.0)
        return hp.Float("x", 0, 1) - (noise < 0)

    history = fakes.search(function, seed=1, max_trials=40)
    for trial in history.ranked():
        trial.values = {**trial.values, "noise": 3.0}
    assert diagnose(history).at_bound == ()


def test_all_of_the_best_at_one_of_two_levels_may_be_chance_at_one_of_three_not():
    def score(hp, most):
        return hp.Float("z", 0, 1) + hp.Int("x", 5, most)

    assert rises(lambda hp: score(hp, 6)) == ()
    assert rises(lambda hp: score(hp, 7)) == (AtBound("x", "upper", 7, trials=5, of=5),)


def test_a_bound_in_a_branch_that_the_best_trial_did_not_take_is_left_alone():
    def function(hp):
        if hp.Boolean("b"):
            return 100.0
        return hp.Float("x", 0.0, 5.0)

    assert health(function, max_trials=100).at_bound == ()
    assert [found.name for found in rises(lambda hp: hp.Float("x", 0.0, 5.0), max_trials=100)] == ["x"]


# Noise and spread


def noisy(deviation):
    scores = random.Random(0)
    return lambda hp: hp.Float("x", 0, 1) + scores.gauss(0, deviation)


def test_noise_is_the_scatter_within_trials_that_were_executed_several_times():
    found = health(noisy(0.1), executions=3)
    assert found.noise_from == "executions"
    assert found.noise == pytest.approx(0.1, rel=0.15)
    assert found.noise_ratio == found.noise / found.spread


def test_noise_in_executions_is_exact():
    scores = iter([1.0, 3.0] * 4)

    def function(hp):
        hp.Choice("x", [1, 2, 3, 4])
        return next(scores)

    found = health(function, Grid(), executions=2)
    assert found.noise == pytest.approx(math.sqrt(2))
    assert (found.spread, found.noise_ratio) == (0.0, None)


CV = {"cv": "KFold, 3 folds of 9 rows (00000000)"}


def test_what_all_trials_share_in_a_fold_is_no_noise():
    folds, scores = itertools.cycle([0.0, 5.0, 9.0]), random.Random(0)
    found = health(lambda hp: hp.Float("x", 0, 1) + next(folds) + scores.gauss(0, 0.1), executions=3, options=CV)
    assert found.noise_from == "folds"
    assert found.noise == pytest.approx(0.1, rel=0.2)


def test_noise_of_folds_is_that_of_an_additive_model():
    # two trials and four folds: the second trial is 1 better, and 1 more or less in each fold than that
    scores = iter([0.0, 5.0, 9.0, 2.0, 2.0, 5.0, 11.0, 2.0])

    def function(hp):
        hp.Choice("x", [1, 2])
        return next(scores)

    found = health(function, Grid(), executions=4, options=CV, max_trials=2)
    assert found.noise == pytest.approx(math.sqrt(8 * 0.5**2 / 3))


def test_noise_larger_than_the_gaps_asks_for_repeated_folds():
    found = health(noisy(0.5), executions=2, options=CV)
    assert found.messages[-1].endswith("use repeated folds, such as cv=RepeatedKFold(), to tell them apart")
    assert "of noise: 0." in str(found)
    assert "(from the folds)" in str(found)


def test_without_executions_noise_is_the_models_in_the_objectives_units():
    found = [health(noisy(0.0)), health(noisy(0.3)), health(lambda hp: 1000 * noisy(0.0)(hp))]
    assert [one.noise_from for one in found] == ["model"] * 3
    assert found[0].noise < 0.02 * found[0].spread
    assert found[1].noise > 3 * found[0].noise
    assert found[2].noise == pytest.approx(1000 * found[0].noise, rel=1e-3)


def test_noise_larger_than_the_gaps_asks_for_executions():
    found = health(noisy(0.5), executions=2)
    assert found.messages[-1].endswith("use more executions_per_trial to tell them apart")
    assert replace(found, executions=1).messages[-1].endswith("use executions_per_trial=2 or more to tell them apart")
    assert replace(found, noise=0.001).messages == ()


@pytest.mark.parametrize(("gap", "executions", "told"), [(1.3, 1, True), (1.5, 1, False), (0.8, 4, False)])
def test_a_gap_is_judged_by_the_noise_of_two_means(gap, executions, told):
    found = health(bowl, objective=COST, max_trials=10)
    found = replace(found, noise=1.0, noise_from="executions", gap_of_best=gap, gap_to_median=2.0)
    assert bool(replace(found, executions=executions).messages) is told


def test_the_spread_is_the_standard_deviation_of_the_scores():
    assert health(lambda hp: hp.Choice("x", [1.0, 3.0]), Grid()).spread == 1.0


# Failures


def test_failures_are_a_share_and_worth_a_line_from_a_fifth_on():
    def function(most):
        def fails(hp):
            if hp.Int("x", 1, 20) <= most:
                raise ValueError
            return 1.0

        return fails

    few, many = (health(function(most), Grid(), max_consecutive_failed_trials=None) for most in (3, 5))
    assert (few.failures, many.failures) == (0.15, 0.25)
    assert few.messages == ()
    assert many.messages[0].startswith("25% of the trials failed: narrow the space")


# Small and strange studies


def test_of_a_study_without_trials_nothing_is_known():
    found = diagnose(History())
    assert (found.trials, found.rank_correlation, found.noise, found.spread, found.messages) == (0, None, None, 0.0, ())


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (bowl, {"max_trials": 1}),
        (lambda hp: 0 * hp.Float("x", 0, 1), {}),
        (lambda hp: 1.0 * hp.Fixed("x", 1), {}),
        (lambda hp: 1e-300 * hp.Float("x", 0, 1), {}),
    ],
    ids=["one trial", "equal scores", "nothing to tune", "scores whose squares vanish"],
)
def test_where_there_is_nothing_to_tell_nothing_is_told(function, settings):
    found = health(function, **settings)
    assert (found.rank_correlation, dict(found.importance), found.messages) == (None, {}, ())


def test_absurdly_large_scores_do_no_harm():
    assert health(lambda hp: 1e308 * hp.Float("x", -1, 1)).rank_correlation > 0.5


def test_hundreds_of_trials_are_judged_by_some_of_them():
    found = health(bowl, objective=COST, max_trials=400)
    assert (found.trials, found.unimportant) == (400, ("y",))


def test_half_of_the_trials_that_are_used_are_the_best_ones():
    chosen = subset(list(range(400)))
    assert chosen[:60] == list(range(60))
    assert (len(set(chosen)), chosen[-1]) == (120, 399)


def test_the_same_study_gives_the_same_diagnostics():
    history = fakes.search(bowl, objective=COST, max_trials=30)
    assert diagnose(history) == diagnose(history)


# What is shown


def test_the_report_ends_with_the_messages():
    found = health(bowl, objective=COST)
    lines = str(found).splitlines()
    assert lines[0] == "40 finished trials, 0% failed"
    both = (found.correlation, found.rank_correlation)
    assert lines[1] == "correlation of predictions with scores: {:.2f}, of their ranks {:.2f}".format(*both)
    assert lines[2] == "importance: x 97%, y 0%"
    assert lines[-1] == f"- {found.messages[-1]}"


@pytest.mark.parametrize(("count", "shown"), [(9, False), (10, True)])
def test_messages_wait_for_ten_finished_trials(count, shown):
    def function(hp):
        if hp.Int("x", 1, 20) > count:
            raise ValueError
        return 1.0

    assert bool(messages(fakes.search(function, Grid(), max_trials=None))) is shown


def test_the_table_of_results_is_followed_by_the_messages(capsys):
    show_results(fakes.search(bowl, objective=COST, max_trials=40, seed=1), 3, where="s")
    assert capsys.readouterr().out.splitlines()[-1].startswith("hardly any effect on the score: y")


@pytest.mark.parametrize(("strategy", "shown"), [(Bayesian(), True), (None, False)])
def test_a_search_ends_with_the_messages_if_it_was_bayesian(strategy, shown):
    screen = Terminal(file=io.StringIO(), width=200, soft_wrap=True, highlight=False)
    fakes.search(bowl, strategy, observers=[Console(1, terminal=screen)], objective=COST, max_trials=30)
    assert ("hardly any effect on the score: y" in screen.file.getvalue()) is shown


def test_a_name_is_shown_with_escapes_for_what_a_terminal_would_obey():
    report = str(replace(diagnose(History()), importance={"a\x1b[2J\n": 0.5}))
    assert r"importance: a\x1b[2J\n 50%" in report


def test_the_fit_of_the_model_is_said_in_words():
    good = replace(diagnose(History()), correlation=0.4, rank_correlation=0.5)
    assert good.fit == (True, "each score predicted from the other trials: correlation 0.40, of ranks 0.50")
    assert replace(good, rank_correlation=0.49).fit[0] is False
    assert diagnose(History()).fit is None


def test_messages_of_known_diagnostics_do_not_compute_them_again():
    history = fakes.search(bowl, max_trials=10)
    found = replace(diagnose(History()), failures=0.5)
    assert messages(history, found) == found.messages != ()
