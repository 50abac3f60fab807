"""The best so far, the distribution of scores, and the range that shows them."""

import pytest

from kerastune_lite.analysis.progress import edf, progress, score_range
from kerastune_lite.strategies import Grid
from kerastune_lite.study.events import Ended, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

ACCURACY, LOSS = Objective("accuracy", "max"), Objective("loss", "min")


def searched(scores, objective=fakes.SCORE):
    """A search whose trials score these; None fails."""

    def function(hp):
        score = scores[hp.Choice("at", list(range(len(scores))))]
        if score is None:
            raise ValueError("no")
        return score

    return fakes.search(function, Grid(), max_trials=None, objective=objective, max_consecutive_failed_trials=None)


def test_the_best_so_far_rises_with_each_improvement():
    steps = progress(searched([0.2, 0.5, 0.4, 0.7]))
    assert [(step.trial, step.best, step.improved) for step in steps] == [
        (0, 0.2, True),
        (1, 0.5, True),
        (2, 0.5, False),
        (3, 0.7, True),
    ]


def test_a_loss_falls():
    assert [step.best for step in progress(searched([0.5, 0.7, 0.2], LOSS))] == [0.5, 0.5, 0.2]


def test_a_failure_has_no_score_and_keeps_the_best():
    steps = progress(searched([None, 0.3, None]))
    assert [(step.score, step.best) for step in steps] == [(None, None), (0.3, 0.3), (None, 0.3)]


def test_duplicates_and_running_trials_are_no_steps():
    events = [fakes.opened(), *(Started(trial=number, attempt=1, values={}) for number in range(2))]
    assert progress(History([*events, Ended(trial=0, outcome="duplicate")])) == []


def test_times_count_from_the_start_of_the_study():
    history = searched([0.1, 0.2])
    ends = [trial.ended_at - history.created for trial in history.trials]
    assert [step.seconds for step in progress(history, by_time=True)] == ends


def test_without_a_trial_there_is_no_step():
    assert progress(History([fakes.opened()])) == []


def test_the_distribution_is_the_share_at_least_as_good_with_failures_as_the_worst():
    assert edf(searched([0.2, None, 0.8, 0.5])) == [(0.8, 0.25), (0.5, 0.5), (0.2, 0.75)]
    assert edf(searched([0.2, None, 0.8, 0.5], LOSS)) == [(0.2, 0.25), (0.5, 0.5), (0.8, 0.75)]


@pytest.mark.parametrize(
    ("scores", "objective", "shown"),
    [
        ([], LOSS, None),
        ([0.3], LOSS, (0.3, 0.3)),
        ([0.3, 1e5], LOSS, (0.3, 1e5)),
        ([0.3, 0.2, 0.4, 0.35, 1e5], LOSS, (0.2, 0.4)),
        ([0.3, 1e5, 0.2], LOSS, (0.2, 0.3)),
        ([0.3, 1e5, 0.2, 1e6], LOSS, (0.2, 0.3)),
        ([0.93, 0.92, 0.81], ACCURACY, (0.81, 0.93)),
        ([0.93, 0.92, 0.81, 0.925, 0.925], ACCURACY, (0.92, 0.93)),
        ([0.9, 0.1, 0.91, 0.95, 0.93], ACCURACY, (0.9, 0.95)),
        ([0.5, 0.5, 0.5, 0.5, 0.9], LOSS, (0.5, 0.9)),
        ([0.5, 0.5, 0.5], LOSS, (0.5, 0.5)),
        ([-3.0, -2.0, -1e9], ACCURACY, (-3.0, -2.0)),
    ],
)
def test_the_range_holds_the_best_and_leaves_diverged_trials_out(scores, objective, shown):
    assert score_range(scores, objective) == shown


def test_a_single_very_good_score_is_never_cut_off():
    assert score_range([1.0, 1.1, 1.2, 1e-9], LOSS)[0] == 1e-9
