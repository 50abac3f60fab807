"""The rungs of a history: what trials had scored when they reached an epoch."""

from kerastune_lite.study.events import Ended, Event, Reported, SearchStarted, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.testing import search_started


def started(**fields: object) -> SearchStarted:
    return search_started(**fields)


def trial(number: int, *scores: float | None, ends: str | None = None, execution: int = 0) -> list[Event]:
    """A trial that reports `scores` from epoch 1; None reports another metric only."""
    events: list[Event] = [Started(trial=number, attempt=1, values={})]
    events += [report(number, epoch, score, execution) for epoch, score in enumerate(scores, start=1)]
    return events if ends is None else [*events, Ended(trial=number, outcome=ends)]  # type: ignore[arg-type]


def report(number: int, epoch: int, score: float | None, execution: int = 0) -> Reported:
    metrics = {"other": 1.0} if score is None else {"score": score}
    return Reported(trial=number, execution=execution, epoch=epoch, metrics=metrics)


def values(history: History, epoch: int, execution: int = 0) -> dict[int, float]:
    rung = history.rung(epoch, execution)
    return {number: -rung[number] for number in rung}


def test_a_rung_holds_the_best_score_until_its_epoch() -> None:
    history = History([started(), *trial(0, 0.3, 0.5, 0.4), *trial(1, 0.1, 0.2)])
    assert values(history, 1) == {0: 0.3, 1: 0.1}
    assert values(history, 2) == {0: 0.5, 1: 0.2}
    assert values(history, 3) == {0: 0.5}


def test_a_rung_that_was_asked_for_before_the_reports_is_the_same() -> None:
    events = [started(), *trial(0, 0.3, None, 0.4), *trial(1, None, None, None, 0.2), *trial(2, 0.1)]
    early, late = History(), History(events)
    early.apply(events[0])
    rungs = [early.rung(epoch) for epoch in range(1, 6)]
    for event in events[1:]:
        early.apply(event)
    assert [dict(values(early, epoch)) for epoch in range(1, 6)] == [values(late, epoch) for epoch in range(1, 6)]
    assert [len(rung) for rung in rungs] == [3, 2, 2, 1, 0]


def test_an_epoch_without_the_objective_counts_at_the_next_one_with_it() -> None:
    history = History([started(), *trial(0, 0.1, None, None, 0.4)])
    assert values(history, 2) == {0: 0.4}


def test_the_last_score_counts_where_the_objective_is_the_last_epoch() -> None:
    objective = Objective("score", "max", "last")
    assert values(History([started(objective=objective), *trial(0, 0.3, 0.5, 0.4)]), 3) == {0: 0.4}


def test_executions_have_rungs_of_their_own() -> None:
    history = History([started(executions=2), *trial(0, 0.3, 0.5), report(0, 1, 0.2, execution=1)])
    assert values(history, 1) == {0: 0.3}
    assert values(history, 1, execution=1) == {0: 0.2}


def test_a_failed_trial_leaves_its_rungs_and_a_stopped_one_stays() -> None:
    history = History([started(), *trial(0, 0.3), *trial(1, 0.2), *trial(2, 0.1)])
    assert len(history.rung(1)) == 3
    history.apply(Ended(trial=0, outcome="failed"))
    history.apply(Ended(trial=1, outcome="stopped"))
    assert values(history, 1) == {1: 0.2, 2: 0.1}


def test_a_training_that_resumes_earlier_replaces_what_it_repeats() -> None:
    history = History([started(), *trial(0, 0.3, 0.5, 0.6)])
    assert [len(history.rung(epoch)) for epoch in (1, 2, 3)] == [1, 1, 1]
    history.apply(report(0, 2, 0.4))
    assert (values(history, 1), values(history, 2), values(history, 3)) == ({0: 0.3}, {0: 0.4}, {})


def test_another_objective_ranks_by_its_own_values() -> None:
    history = History([started(), *trial(0, 0.3, 0.5)])
    assert values(history, 2) == {0: 0.5}
    history.apply(started(objective=Objective("score", "min")))
    assert history.rung(2)[0] == 0.3


def test_a_rung_ranks_its_trials() -> None:
    rung = History([started(), *trial(0, 0.3), *trial(1, 0.2), *trial(2, 0.1)]).rung(1)
    assert [rung.better_than(rung[number]) for number in range(3)] == [0, 1, 2]


def test_epochs_used_counts_those_trained_again_but_not_those_reported_again() -> None:
    history = History([started(), *trial(0, 0.3, 0.5, ends="interrupted")])
    assert history.epochs_used == 2
    history.apply(Started(trial=0, attempt=2, values={}))
    history.apply(report(0, 2, 0.5))  # where it resumed
    history.apply(report(0, 3, 0.6))
    assert history.epochs_used == 3
    history.apply(Ended(trial=0, outcome="failed"))
    for event in trial(0, 0.3, 0.5):
        history.apply(event)
    assert history.epochs_used == 5


def test_reports_of_every_fifth_epoch_count_all_epochs() -> None:
    history = History([started(), *trial(0), report(0, 5, 0.1), report(0, 10, 0.2)])
    assert history.epochs_used == 10


def test_the_longest_training_is_that_of_a_completed_trial() -> None:
    history = History([started(), *trial(0, 0.3, 0.5, 0.6, ends="stopped")])
    assert (history.longest, history.completed) == (0, [])
    for event in trial(1, 0.3, 0.5, ends="completed"):
        history.apply(event)
    assert history.longest == 2
    assert history.completed == [history[1]]


def test_trials_since_the_best_are_counted() -> None:
    outcomes = [(0, 0.5, "completed"), (1, 0.4, "stopped"), (2, None, "failed"), (3, None, "duplicate")]
    history = History([started()])
    counts = []
    for number, score, outcome in [*outcomes, (4, 0.6, "completed")]:
        for event in trial(number, *([] if score is None else [score]), ends=outcome):
            history.apply(event)
        counts.append(history.ended_since_best)
    assert counts == [0, 1, 2, 2, 0]
