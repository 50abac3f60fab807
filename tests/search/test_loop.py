import itertools
import os
import signal

import pytest

from kerastune_lite.errors import (
    FailedTrialError,
    FatalError,
    FatalRuntimeError,
    FatalTypeError,
    FatalValueError,
    Infeasible,
    ObjectiveError,
    SearchError,
    SpaceError,
    StudyChanged,
    StudyWriteError,
)
from kerastune_lite.executors import InProcess
from kerastune_lite.observers.guarded import GuardedObserver
from kerastune_lite.search.loop import Loop
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.stopping import Stop
from kerastune_lite.strategies import Grid, Proposal
from kerastune_lite.study.events import Annotated, Ended, ReadsRecorded, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests.fakes import SCORE, nested, opened, points, search


def plain(hp):
    return hp.Float("x", 0, 1)


def statuses(history):
    return [trial.status for trial in history.trials]


def test_trials_are_numbered_and_completed():
    history = search(plain, max_trials=3)
    assert [(trial.number, trial.status, trial.score) for trial in history.trials] == [
        (number, "completed", history[number].values["x"]) for number in range(3)
    ]


def test_why_the_search_ended_is_on_record():
    assert search(plain, max_trials=3).notes["search ended"] == "max_trials=3 reached"


def test_max_trials_counts_the_trials_of_the_study():
    store = MemoryStore()
    search(plain, store=store, max_trials=3)
    assert len(search(plain, store=store, max_trials=3)) == 3
    assert len(search(plain, store=store, max_trials=5)) == 5


def test_what_is_read_is_recorded_before_the_first_report():
    store = MemoryStore()
    search(plain, store=store, max_trials=1)
    kinds = [type(event).__name__ for event in store.events()]
    assert kinds == ["SearchStarted", "Started", "ReadsRecorded", "Reported", "Ended", "Annotated"]


def test_a_failure_keeps_its_traceback_and_its_values():
    def failing(hp):
        hp.Int("n", 3, 3)
        raise ValueError("bad luck")

    trial = search(failing, max_trials=1)[0]
    assert (trial.status, trial.reason, dict(trial.values)) == ("failed", "ValueError: bad luck", {"n": 3})
    assert 'raise ValueError("bad luck")' in trial.error


def test_many_failures_in_a_row_do_not_end_the_search_once_a_trial_has_succeeded():
    calls = []

    def mostly(hp):
        calls.append(hp.Float("x", 0, 1))
        if len(calls) > 1 and calls[-1] < 0.9:
            raise ValueError("no")
        return 1.0

    assert len(search(mostly, max_trials=30)) == 30


def broken(hp):
    hp.Float("x", 0, 1)
    raise ValueError("a bug")


def test_the_same_failure_of_the_first_three_trials_ends_the_search_with_its_cause():
    store = MemoryStore()
    with pytest.raises(SearchError, match=r"(?s)first 3 trials .*ValueError: a bug.*retried.*in broken") as caught:
        search(broken, store=store, max_trials=10)
    assert "max_consecutive_failed_trials=None" in str(caught.value)
    assert "attempt.py" not in str(caught.value)
    assert statuses(History(store.events())) == ["failed"] * 3


def test_trials_that_failed_before_any_succeeded_are_tried_again_and_cost_nothing():
    store = MemoryStore()
    with pytest.raises(SearchError):
        search(broken, store=store, max_trials=4)
    history = search(plain, store=store, max_trials=4)
    assert statuses(history) == ["completed"] * 4
    assert [trial.attempts for trial in history.trials] == [2, 2, 2, 1]


def test_failures_of_a_study_with_a_success_are_left_alone():
    store = MemoryStore()

    def second_fails(hp):
        if len(History(store.events())) == 2:
            raise ValueError("no")
        return hp.Float("x", 0, 1)

    search(second_fails, store=store, max_trials=3)
    assert statuses(search(plain, store=store, max_trials=3)) == ["completed", "failed", "completed"]


def test_different_failures_do_not_end_the_search():
    def failing(hp):
        raise ValueError(hp.Float("x", 0, 1))

    assert statuses(search(failing, max_trials=5)) == ["failed"] * 5


def test_losses_that_are_not_finite_do_not_end_the_search():
    assert statuses(search(lambda hp: hp.Float("x", 0, 1) * float("nan"), max_trials=5)) == ["failed"] * 5


def test_how_many_failures_end_the_search_can_be_chosen():
    assert statuses(search(broken, max_trials=5, max_consecutive_failed_trials=None)) == ["failed"] * 5
    with pytest.raises(SearchError, match="first 1 trials"):
        search(broken, max_consecutive_failed_trials=1)


def test_a_failed_trial_error_is_not_retried():
    def failing(hp):
        raise FailedTrialError("too slow")

    trial = search(failing, max_trials=1, max_retries_per_trial=3)[0]
    assert (trial.status, trial.attempts, trial.reason) == ("failed", 1, "too slow")


@pytest.mark.parametrize("kind", [FatalError, FatalValueError, FatalTypeError, FatalRuntimeError])
def test_a_fatal_error_ends_the_search(kind):
    def failing(hp):
        raise kind("stop everything")

    store = MemoryStore()
    with pytest.raises(kind, match="stop everything"):
        search(failing, store=store, max_trials=5)
    assert statuses(History(store.events())) == ["interrupted"]


@pytest.mark.parametrize(
    ("retries", "attempts", "status"), [(0, 1, "failed"), (1, 2, "completed"), (3, 2, "completed")]
)
def test_a_failed_trial_is_tried_again_as_often_as_told(retries, attempts, status):
    calls = []

    def flaky(hp):
        calls.append(hp.Float("x", 0, 1))
        if len(calls) == 1:
            raise OSError("try again")
        return 1.0

    trial = search(flaky, max_trials=1, max_retries_per_trial=retries)[0]
    assert (trial.attempts, trial.status, len(set(calls))) == (attempts, status, 1)


def test_retries_come_to_an_end():
    def failing(hp):
        raise ValueError(hp.Float("x", 0, 1))

    history = search(failing, max_trials=2, max_retries_per_trial=2)
    assert [(trial.status, trial.attempts) for trial in history.trials] == [("failed", 3), ("failed", 3)]


def test_infeasible_points_cost_no_budget():
    def picky(hp):
        if hp.Int("n", 1, 4) % 2:
            raise Infeasible("odd")
        return 1.0

    history = search(picky, max_trials=2)
    assert sorted(statuses(history)).count("completed") == 2
    assert {trial.reason for trial in history.trials if trial.status == "infeasible"} <= {"odd"}


def test_a_hundred_idle_endings_in_a_row_end_the_search_and_say_why():
    def impossible(hp):
        hp.Float("x", 0, 1)
        raise Infeasible("never")

    history = search(impossible, max_trials=5)
    assert len(history) == 100
    assert history.notes["search ended"] == "100 trials in a row were infeasible or duplicates of earlier ones"


def test_a_point_known_already_ends_as_a_duplicate():
    def stubborn(history, rng):
        return Proposal({"n": 1})

    # `report` makes no difference here: what counts is that the path is complete before anything is trained
    from kerastune_lite.executors import InProcess
    from kerastune_lite.search.loop import Loop
    from kerastune_lite.search.recorder import Recorder
    from kerastune_lite.search.settings import Settings
    from tests.fakes import SCORE, opened

    trained = []

    def trial(task, send):
        hp = task.hyperparameters()
        hp.Int("n", 1, 9)
        decision = send(ReadsRecorded.of(task.trial, hp, complete=True))
        if decision.duplicate_of is not None:
            return Ended(trial=task.trial, outcome="duplicate", reason=f"as trial {decision.duplicate_of}")
        trained.append(task.trial)
        send(Reported(trial=task.trial, execution=0, epoch=1, metrics={"score": 1.0}))
        return None

    history = History()
    settings = Settings(objective=SCORE, strategy=stubborn)
    Loop(Recorder(MemoryStore(), history, []), settings, InProcess(trial)).run(opened(max_trials=2))
    assert (trained, statuses(history)) == ([0], ["completed"] + ["duplicate"] * 100)
    assert history[1].reason == "as trial 0"


def test_a_mistyped_objective_stops_the_search_in_its_first_epoch():
    calls = []

    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 9):
            calls.append(epoch)
            if report(epoch, {"scored": 1.0}):
                return

    with pytest.raises(ObjectiveError, match=r"'score'.*(scored).*did you mean 'scored'"):
        search(function, reports=True)
    assert calls == [1]


def test_an_objective_that_comes_later_is_waited_for_when_told():
    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 5):
            report(epoch, {"loss": 1.0} if epoch % 2 else {"loss": 1.0, "score": float(epoch)})

    trial = search(function, reports=True, max_trials=1, scored_from=2)[0]
    assert (trial.score, trial.best_epoch) == (4.0, 4)


def test_a_stopping_policy_is_asked_after_each_report():
    asked = []

    def policy(trial, history):
        asked.append((trial.number, trial.epoch))
        return Stop("enough") if trial.epoch == 3 else None

    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 9):
            if report(epoch, {"score": float(epoch)}):
                return

    trial = search(function, reports=True, max_trials=1, stopping=policy)[0]
    assert (trial.status, trial.reason, trial.score, asked) == ("stopped", "enough", 3.0, [(0, 1), (0, 2), (0, 3)])


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_not_finite_ends_the_trial_and_keeps_its_finite_epochs(loss):
    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 9):
            if report(epoch, {"loss": 1.0 if epoch < 3 else loss}):
                return

    trial = search(function, reports=True, max_trials=1, objective=Objective("loss", "min"))[0]
    assert (trial.status, trial.score, trial.epoch) == ("stopped", 1.0, 3)
    assert trial.reason == f"the loss became {loss} in epoch 3"


def test_an_objective_that_is_not_finite_alone_ends_nothing():
    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 4):
            assert not report(epoch, {"loss": 1.0, "score": float("nan") if epoch == 1 else 0.5})

    assert search(function, reports=True, max_trials=1)[0].status == "completed"


def test_a_nan_objective_in_every_epoch_is_a_failure():
    history = search(lambda hp: hp.Float("x", 0, 1) * float("nan"), max_trials=3)
    assert statuses(history) == ["failed"] * 3
    assert history[0].reason == "score was not finite in any epoch"
    assert history.best is None


def test_a_changed_space_at_one_place_stops_the_search_with_both_definitions():
    store = MemoryStore()
    search(lambda hp: hp.Float("x", 0, 1), store=store, max_trials=2)
    with pytest.raises(StudyChanged, match=r"max_value=1\.0.*max_value=2\.0"):
        search(lambda hp: hp.Float("x", 0, 2), store=store, max_trials=4)
    assert not any(isinstance(event, ReadsRecorded) and event.trial == 2 for event in store.events())


def kinds(hp, most):
    return hp.Boolean("x") if hp.Choice("kind", ["a", "b"]) == "a" else hp.Int("n", 1, most)


def test_an_extended_search_begins_a_new_tree_at_the_first_read_that_differs():
    store = MemoryStore()
    search(lambda hp: kinds(hp, 2), Grid(), store=store, max_trials=3)
    history = search(lambda hp: kinds(hp, 3), Grid(), store=store, max_trials=None, extend=True)
    assert history.notes["space extended"] == 3
    assert points(history)[3:] == [
        (("kind", "b"), ("n", 2)),
        (("kind", "a"), ("x", False)),
        (("kind", "a"), ("x", True)),
        (("kind", "b"), ("n", 1)),
        (("kind", "b"), ("n", 3)),
    ]


def test_an_extended_search_whose_reads_agree_keeps_the_tree():
    store = MemoryStore()
    search(plain, store=store, max_trials=2)
    history = search(plain, store=store, max_trials=4, extend=True)
    assert "space extended" not in history.notes
    assert len(history.tree.root.branches) == 4


def test_an_extended_search_whose_own_reads_disagree_is_stopped():
    store, most = MemoryStore(), itertools.count(1)
    search(plain, store=store, max_trials=1)
    with pytest.raises(StudyChanged, match="reads it at random"):
        search(lambda hp: hp.Float("x", 0, 1 + next(most)), store=store, max_trials=4, extend=True)


def test_an_exhausted_space_of_a_function_may_have_grown_if_it_is_extended():
    store = MemoryStore()
    search(lambda hp: hp.Int("n", 1, 2), Grid(), store=store, max_trials=None)
    wider = {"function": lambda hp: hp.Int("n", 1, 3), "strategy": Grid(), "store": store, "max_trials": None}
    assert len(search(**wider)) == 2
    assert [trial.values["n"] for trial in search(**wider, extend=True).trials] == [1, 2, 1, 2, 3]


def test_a_space_of_which_nothing_was_feasible_is_tried_again():
    store, least = MemoryStore(), [3]

    def function(hp):
        if hp.Int("n", 1, 2) < least[0]:
            raise Infeasible("n is too small")
        return 1.0

    search(function, Grid(), store=store, max_trials=None)
    least[0] = 1
    assert statuses(search(function, Grid(), store=store, max_trials=None))[2:] == ["completed", "completed"]


def test_reads_of_the_first_search_must_agree():
    most = itertools.count(1)
    with pytest.raises(StudyChanged, match="reads it at random"):
        search(lambda hp: hp.Float("x", 0, 1 + next(most)), max_trials=4)


def test_a_usage_error_found_inside_a_trial_ends_the_search_not_the_trial():
    def function(hp):
        return hp.Float("x", 2, 1)

    store = MemoryStore()
    with pytest.raises(SpaceError, match="min_value=2"):
        search(function, store=store)
    assert History(store.events())[0].status == "interrupted"


class FullDisk(MemoryStore):
    """Fails once, when the first report comes."""

    failed = False

    def append(self, event):
        if isinstance(event, Reported) and not self.failed:
            self.failed = True
            raise StudyWriteError("the disk is full")
        super().append(event)


def test_an_error_of_ours_while_user_code_runs_is_raised_and_never_the_trials():
    answers = []

    def function(hp, report):
        hp.Float("x", 0, 1)
        answers.append(report(1, {"score": 1.0}))

    store = FullDisk()
    with pytest.raises(StudyWriteError, match="the disk is full"):
        search(function, store=store, reports=True, max_trials=2)
    assert answers == [True]
    ended = [event for event in store.events() if isinstance(event, Ended)]
    assert [(event.outcome, event.reason[:17]) for event in ended] == [("interrupted", "the search failed")]
    history = search(function, store=store, reports=True, max_trials=2)
    assert [(trial.status, trial.attempts) for trial in history.trials] == [("completed", 2), ("completed", 1)]


def test_an_observer_that_raises_is_left_out_and_told_once():
    calls = []

    def observer(event, history):
        calls.append(event)
        raise ConnectionError("down")

    with pytest.warns(RuntimeWarning, match="ConnectionError: down.*not called again") as caught:
        assert len(search(plain, observers=[GuardedObserver(observer)], max_trials=3)) == 3
    assert (len(calls), len(caught)) == (1, 1)


def test_observers_see_the_history_with_the_event_in_it():
    seen = []

    def observer(event, history):
        if isinstance(event, Reported):
            seen.append(history[event.trial].score == event.metrics["score"])

    search(plain, observers=[observer], max_trials=3)
    assert seen == [True] * 3


def interrupting(at_call):
    calls = []

    def function(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 4):
            calls.append(epoch)
            if len(calls) == at_call:
                os.kill(os.getpid(), signal.SIGINT)
            if report(epoch, {"score": float(epoch)}):
                return

    return function, calls


def test_ctrl_c_lets_the_epoch_finish_and_leaves_a_study_that_goes_on(capsys):
    function, calls = interrupting(at_call=5)
    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        search(function, store=store, reports=True, max_trials=3)
    history = History(store.events())
    assert calls == [1, 2, 3, 1, 2]
    assert (statuses(history), history[1].epoch) == (["completed", "interrupted"], 2)
    assert history.notes["search ended"] == "interrupted by the user"
    assert "press Ctrl-C again" in capsys.readouterr().err
    whole = search(function, store=store, reports=True, max_trials=3)
    assert statuses(whole) == ["completed"] * 3
    assert points(whole) == points(search(function, reports=True, max_trials=3))


def test_a_trial_that_is_complete_when_ctrl_c_comes_is_not_trained_again():
    def trial(task, send):
        hp = task.hyperparameters()
        hp.Float("x", 0, 1)
        send(ReadsRecorded.of(task.trial, hp, complete=True))
        os.kill(os.getpid(), signal.SIGINT)
        send(Reported(trial=task.trial, execution=0, epoch=1, metrics={"score": 1.0}))  # what was returned in the end
        return Ended(trial=task.trial)

    from kerastune_lite.executors import InProcess

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        search(plain, store=store, executor=lambda _: InProcess(trial), max_trials=3)
    assert statuses(History(store.events())) == ["completed"]


def test_a_second_ctrl_c_stops_at_once():
    def function(hp, report):
        hp.Float("x", 0, 1)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("went on")

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        search(function, store=store, reports=True)
    assert statuses(History(store.events())) == ["interrupted"]


def test_ctrl_c_in_a_function_that_reports_nothing_stops_at_once():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def function(hp):
        hp.Float("x", 0, 1)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("went on")

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        search(function, store=store, finish_epoch=False)
    signal.signal(signal.SIGINT, before)
    assert statuses(History(store.events())) == ["interrupted"]


def test_the_handler_of_ctrl_c_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    search(plain, max_trials=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_trial_whose_process_died_is_run_again_under_its_number_and_it_is_no_retry():
    store = MemoryStore()
    whole = MemoryStore()
    search(nested, store=whole, max_trials=6)
    for event in whole.events():
        store.append(event)
        if isinstance(event, Started) and event.trial == 3:
            break
    history = search(nested, store=store, max_trials=6)
    assert points(history) == points(History(whole.events()))
    assert [trial.attempts for trial in history.trials] == [1, 1, 1, 2, 1, 1]
    assert history[3].failures == 0


def test_a_record_cut_after_any_event_goes_on_to_the_same_study():
    whole = MemoryStore()
    search(nested, store=whole, max_trials=8)
    events = whole.events()
    expected = points(History(events))
    for place in range(len(events)):
        store = MemoryStore()
        for event in events[:place]:
            store.append(event)
        history = search(nested, store=store, max_trials=8)
        assert (points(history), statuses(history)) == (expected, ["completed"] * 8)


def test_an_enqueued_point_is_tried_first():
    from kerastune_lite.study.events import Enqueued

    store = MemoryStore()
    store.append(Enqueued(values={"x": 0.125}))
    assert search(plain, store=store, max_trials=2)[0].values["x"] == 0.125


def test_several_executions_are_reported_one_after_the_other():
    values = iter([0.2, 0.4, 0.6, 0.8])
    history = search(lambda hp: hp.Float("x", 0, 1) * 0 + next(values), max_trials=2, executions=2)
    assert [trial.score for trial in history.trials] == pytest.approx([0.3, 0.7])


def test_an_annotation_that_is_on_record_is_not_recorded_again():
    def annotate(task, send):
        for note in (Annotated(key="of the trial", value=1, trial=task.trial), Annotated(key="of the study", value=2)):
            send(note)
            send(note)

    store = MemoryStore()
    loop = Loop(Recorder(store, History(), []), Settings(objective=SCORE), InProcess(annotate))
    loop.run(opened(max_trials=1))
    keys = [event.key for event in store.events() if isinstance(event, Annotated)]
    assert keys == ["of the trial", "of the study", "search ended"]
