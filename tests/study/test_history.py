import math

import pytest

from kerastune_lite.errors import StudyError
from kerastune_lite.space.kinds import Int
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    WORKER,
    Annotated,
    Ended,
    Enqueued,
    ExternalResult,
    ReadsRecorded,
    Reported,
    Stamp,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests.fakes import SCORE, opened, reads

N = Int("n", 1, 9)


def reported(*scores, trial=0, execution=0, metric="score"):
    return [
        Reported(trial=trial, execution=execution, epoch=epoch, metrics={metric: score, "other": -score})
        for epoch, score in enumerate(scores, start=1)
    ]


def run(trial, *scores, outcome="completed", attempt=1):
    return [
        Started(trial=trial, attempt=attempt, values={"n": trial + 1}),
        *reported(*scores, trial=trial),
        Ended(trial=trial, outcome=outcome),
    ]


def test_a_trial_is_judged_by_its_best_epoch():
    trial = History([opened(), *run(0, 0.1, 0.7, 0.3)])[0]
    assert (trial.score, trial.best_epoch, trial.metrics) == (0.7, 2, {"score": 0.7, "other": -0.7})


def test_the_score_of_several_executions_is_their_mean_and_the_best_one_is_kept():
    events = [Started(trial=0, attempt=1, values={}), *reported(0.1, 0.5), *reported(0.7, 0.2, execution=1)]
    trial = History([opened(executions=2), *events, Ended(trial=0, outcome="completed")])[0]
    assert (trial.score, trial.best_execution, trial.best_epoch) == (pytest.approx(0.6), 1, 1)


def test_a_trial_with_fewer_executions_ranks_after_the_complete_ones():
    complete = [*run(0, 0.1)[:-1], *reported(0.1, execution=1), Ended(trial=0, outcome="completed")]
    history = History([opened(executions=2), *complete, *run(1, 0.9)])
    assert [trial.number for trial in history.ranked()] == [0, 1]


def test_a_later_attempt_replaces_the_reports_of_an_earlier_one():
    history = History([opened(), *run(0, 0.9, 0.1, outcome="interrupted"), *run(0, 0.2, 0.3, attempt=2)])
    trial = history[0]
    assert (trial.score, trial.attempts, [run.best.score for run in trial.executions]) == (0.3, 2, [0.3])


def test_failed_trials_have_no_score_and_keep_their_metrics():
    trial = History([opened(), *run(0, 0.9, outcome="failed")])[0]
    assert (trial.score, trial.metrics["score"]) == (None, 0.9)


def test_trials_rank_best_first_and_ties_by_number():
    history = History([opened(), *run(0, 0.5), *run(1, 0.9), *run(2, 0.5), *run(3, 0.7, outcome="failed")])
    assert [trial.number for trial in history.ranked()] == [1, 0, 2]
    assert history.best is history[1]


def test_the_place_of_a_running_trial_is_known():
    history = History(
        [opened(), *run(0, 0.5), *run(1, 0.9), Started(trial=2, attempt=1, values={}), *reported(0.7, trial=2)]
    )
    assert history.rank_of(history[2]) == 1


def test_infeasible_trials_and_duplicates_cost_no_budget():
    history = History([opened(), *run(0, 0.5), *run(1, outcome="infeasible"), *run(2, outcome="duplicate")])
    assert (history.budget_used, history.consecutive_skips, history.next_number) == (1, 2, 3)


def test_a_finished_trial_that_goes_on_is_ranked_again():
    history = History([opened(), *run(0, 0.5), *run(0, 0.5, 0.8, attempt=2)])
    assert [trial.score for trial in history.ranked()] == [0.8]


def test_settings_of_another_objective_judge_all_trials_anew():
    history = History([opened(), *run(0, 0.1), *run(1, 0.9)])
    history.apply(opened(objective=Objective("other", "max")))
    assert [trial.number for trial in history.ranked()] == [0, 1]


def test_a_path_makes_the_values_of_a_trial():
    history = History([opened(), Started(trial=0, attempt=1, values={"n": 3, "unread": 1}), reads(0, (N, 3))])
    assert (history[0].values, history[0].definitions, history.space.names) == ({"n": 3}, (N,), ["n"])


def test_a_path_whose_definition_is_lost_keeps_its_values():
    lost = ReadsRecorded(trial=0, values={"n": 3}, definitions=None, space=(), complete=True)
    history = History([opened(), Started(trial=0, attempt=1, values={}), lost])
    assert history[0].values == {"n": 3}


def test_events_of_a_trial_whose_start_is_lost_still_count():
    history = History([opened(), *run(0, 0.5)[1:], *run(5, 0.6)[1:]])
    assert ([trial.number for trial in history.trials], history.next_number) == ([0, 5], 6)


def test_events_before_any_settings_are_judged_when_settings_come():
    history = History([*run(0, 0.5), opened()])
    assert history.best is not None
    assert history.best.score == 0.5


def test_without_settings_there_is_no_objective():
    with pytest.raises(StudyError, match="has not been searched yet"):
        _ = History().objective


def test_enqueued_points_wait_until_they_are_started():
    history = History([opened(), Enqueued(values={"n": 1}), Enqueued(values={"n": 2})])
    history.apply(Started(trial=0, attempt=1, values={"n": 1}, source="queue"))
    assert list(history.queue) == [{"n": 2}]


def test_notes_and_results_from_elsewhere_are_kept():
    history = History([opened(), *run(0, 0.5), Annotated(key="a", value=1), Annotated(trial=0, key="b", value=2)])
    told = ExternalResult(values={"n": 1}, score=0.5)
    history.apply(told)
    assert (history.notes, history[0].notes, history.external_results) == ({"a": 1}, {"b": 2}, [told])


def test_the_duration_is_the_sum_of_all_attempts():
    def at(second, worker="w"):
        return Stamp(second, second, worker)

    events = [
        Started(trial=0, attempt=1, values={}, stamp=at(10)),
        Ended(trial=0, outcome="interrupted", stamp=at(13)),
        Started(trial=0, attempt=2, values={}, stamp=at(20)),
        Ended(trial=0, outcome="completed", stamp=at(24)),
    ]
    trial = History([opened(), *events])[0]
    assert (trial.duration, trial.started_at, trial.ended_at) == (7, 10, 24)


def test_replaying_a_trial_gives_each_report_with_the_score_of_that_time():
    events = [*reported(0.1, 0.5), *reported(0.7, 0.2, execution=1)]
    history = History([opened(executions=2), Started(trial=0, attempt=1, values={}), *events])
    scores = [score for _, score in history[0].replay()]
    assert scores == pytest.approx([0.1, 0.5, 0.6, 0.6])


def test_the_deviation_is_the_sample_standard_deviation_over_executions():
    events = [*reported(0.1, 0.5), *reported(0.7, 0.2, execution=1), *reported(0.9, execution=2)]
    trial = History([opened(executions=3), Started(trial=0, attempt=1, values={}), *events])[0]
    assert trial.execution_scores == [0.5, 0.7, 0.9]
    assert (trial.score, trial.deviation) == (pytest.approx(0.7), pytest.approx(0.2))


def test_one_score_and_a_failed_trial_have_no_deviation():
    begun = [opened(executions=2), Started(trial=0, attempt=1, values={})]
    two = [*reported(0.1), *reported(0.7, execution=1)]
    one_finite = [*reported(0.1), *reported(math.nan, execution=1)]
    for events in (reported(0.1, 0.5), one_finite, [*two, Ended(trial=0, outcome="failed")]):
        assert History([*begun, *events])[0].deviation is None


def test_equal_scores_have_no_deviation_at_all():
    events = [event for execution in range(3) for event in reported(0.1, execution=execution)]
    assert History([opened(executions=3), Started(trial=0, attempt=1, values={}), *events])[0].deviation == 0.0


def test_the_deviation_of_scores_at_the_end_of_the_range_of_floats_is_infinite():
    events = [*reported(1.7e308), *reported(-1.7e308, execution=1)]
    assert History([opened(executions=2), Started(trial=0, attempt=1, values={}), *events])[0].deviation == math.inf


def test_the_hyperparameters_of_a_trial_build_it_anew():
    hp = History([opened(), Started(trial=0, attempt=1, values={}), reads(0, (N, 3))])[0].hyperparameters
    assert (hp.get("n"), hp.Int("n", 1, 9)) == (3, 3)


def test_a_fold_is_the_same_event_by_event_or_at_once():
    events = [opened(), *run(0, 0.5), *run(1, 0.9), *run(2, outcome="failed")]
    stepwise = History()
    for event in events:
        stepwise.apply(event)
    assert [repr(trial) for trial in stepwise.trials] == [repr(trial) for trial in History(events).trials]


def test_scores_are_in_the_users_sign():
    assert SCORE.better(0.9, 0.5)


def test_a_failed_attempt_leaves_no_epochs_to_the_next_one():
    failed = [*reported(0.1, 0.9, 0.2), Ended(trial=0, outcome="failed")]
    again = [Started(trial=0, attempt=2, values={}), *reported(0.3)]
    history = History([opened(), Started(trial=0, attempt=1, values={}), *failed, *again])
    assert (history[0].score, history[0].epoch) == (0.3, 1)


def test_a_repeated_epoch_outdates_those_after_it():
    events = [*reported(0.1, 0.9, 0.2), *reported(0.5, execution=1), *reported(0.3)]
    history = History([opened(), Started(trial=0, attempt=1, values={}), *events])
    assert (history[0].score, history[0].epoch, len(history[0].executions)) == (0.3, 1, 1)


def test_a_trial_without_a_score_yet_may_be_kept():
    events = [opened(keep_checkpoints=1), *run(0, 0.5), Started(trial=1, attempt=1, values={})]
    history = History(events)
    assert history.keeps(history[1])


def test_a_trial_reserves_its_place_until_it_is_interrupted():
    history = History([opened(), Started(trial=0, attempt=1, values={"n": 1}), reads(0, (N, 1))])
    history.apply(Started(trial=1, attempt=1, values={"n": 2}))
    assert not history.tree.untried({"n": 2})
    history.apply(Ended(trial=1, outcome="interrupted"))
    assert history.tree.untried({"n": 2})


def test_a_study_is_at_rest_from_the_end_of_a_search_to_the_next_trial():
    events = [opened(), *run(0, 0.1), Annotated(key="search ended"), opened(), Started(trial=1, attempt=1, values={})]
    assert [History(events[:count]).at_rest for count in (0, 1, 4, 5, 6, 7)] == [False, False, False, True, True, False]


def test_a_trial_that_has_read_in_part_reserves_what_lies_below():
    history = History([opened(), Started(trial=0, attempt=1, values={}), reads(0, (N, 1), complete=False)])
    assert not history.tree.untried({"n": 1})
    history.apply(reads(0, (N, 1)))
    history.apply(Started(trial=1, attempt=1, values={}))
    history.apply(reads(1, (N, 2)))
    assert history.tree.root.branch(2).reserved == 0


@pytest.mark.parametrize("outcome", ["completed", "stopped", "failed", "infeasible", "duplicate"])
def test_an_ended_trial_is_no_longer_unfinished(outcome):
    history = History([opened(), Started(trial=0, attempt=1, values={})])
    assert history.unfinished == [history[0]]
    history.apply(Ended(trial=0, outcome=outcome))
    assert history.unfinished == []


@pytest.mark.parametrize("outcome", ["interrupted", "paused"])
def test_a_trial_to_be_resumed_is_unfinished(outcome):
    history = History([opened(), Started(trial=0, attempt=1, values={}), Ended(trial=0, outcome=outcome)])
    assert history.unfinished == [history[0]]


def test_the_space_of_the_settings_is_known_before_a_trial_reads():
    assert list(History([opened(space=(N,))]).space.names) == ["n"]


def at(second):
    return Stamp(1000.0 + second, float(second), "box:1")


def test_the_time_of_a_study_is_that_of_its_searches():
    history = History()
    assert history.elapsed == 0.0
    seconds = []
    ended = Annotated(key=SEARCH_ENDED, value="max_trials=1 reached", stamp=at(10))
    for event in (
        opened(stamp=at(0)),
        ended,
        opened(stamp=at(100)),
        Started(trial=0, attempt=1, values={}, stamp=at(105)),
    ):
        history.apply(event)
        seconds.append(history.elapsed)
    assert seconds == [0.0, 10.0, 10.0, 15.0]


def test_a_study_knows_why_its_last_search_ended_and_when_it_began():
    history = History([opened(stamp=at(0)), Annotated(key=SEARCH_ENDED, value="target reached", stamp=at(9))])
    assert (history.end_reason, history.search_began, history.updated) == ("target reached", 1000.0, 1009.0)
    history.apply(opened(stamp=at(50)))
    assert (history.end_reason, history.search_began) == (None, 1050.0)


def test_the_worker_of_an_attempt_is_that_of_its_annotation():
    history = History([opened(), Started(trial=0, attempt=1, values={}, stamp=at(1))])
    assert [span.worker for span in history[0].spans] == ["box:1"]
    history.apply(Annotated(trial=0, key=WORKER, value="gpu:2"))
    history.apply(Ended(trial=0, outcome="interrupted", stamp=at(2)))
    history.apply(Started(trial=0, attempt=2, values={}, stamp=at(3)))
    assert [span.worker for span in history[0].spans] == ["gpu:2", "box:1"]


def test_a_worker_that_is_no_text_is_ignored():
    history = History([opened(), Annotated(trial=0, key=WORKER, value=[1]), Started(trial=0, attempt=1, values={})])
    history.apply(Annotated(trial=0, key=WORKER, value=7))
    assert [span.worker for span in history[0].spans] == [""]
