import json
import math

import pytest

from kerastune_lite.analysis.records import scalar, study_record, thinned, trial_record
from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Int
from kerastune_lite.strategies import Bayesian
from kerastune_lite.study.events import (
    REUSE,
    SEARCH_ENDED,
    WORKER,
    Annotated,
    Ended,
    Reported,
    Stamp,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

ACCURACY = Objective("accuracy", "max")


def at(seconds):
    return Stamp(1000.0 + seconds, seconds, "box:1")


def told(*events, **settings):
    """A study of these events, after the start of a search at second 0."""
    settings = {"objective": ACCURACY, "epochs": 4, **settings}
    return History([fakes.opened(stamp=at(0), **settings), *events])


def started(second=1, trial=0, **fields):
    return Started(trial=trial, attempt=1, values={}, stamp=at(second), **fields)


def reported(epoch, value, second=2, execution=0, trial=0):
    return Reported(trial=trial, execution=execution, epoch=epoch, metrics={"accuracy": value}, stamp=at(second))


def read(*pairs, trial=0):
    return fakes.reads(trial, *pairs)


def test_a_trial_that_has_ended_says_how_it_went():
    history = told(
        started(note={"trend": None}),
        read((Float("rate", 0, 1), 0.5), (Int("units", 1, 9), 3)),
        reported(1, 0.7, 2),
        reported(2, 0.9, 3),
        reported(3, 0.8, 4),
        Ended(trial=0, outcome="stopped", reason="epoch 3: no hope", stamp=at(5)),
    )
    assert trial_record(history[0], history) == {
        "v": 1,
        "number": 0,
        "status": "stopped",
        "score": 0.9,
        "deviation": None,
        "best_epoch": 2,
        "epochs": 3,
        "planned": 4,
        "values": {"rate": 0.5, "units": 3},
        "reason": "epoch 3: no hope",
        "error": None,
        "source": "strategy",
        "started": 1001.0,
        "ended": 1005.0,
        "duration": 4.0,
        "worker": "box:1",
        "attempts": 1,
        "confirmed": False,
        "reused": None,
        "spans": [[1001.0, 1005.0, "box:1"]],
        "curves": [[[1, 0.7], [2, 0.9], [3, 0.8]]],
    }


@pytest.mark.parametrize(("noted", "reused"), [(True, True), ("the model runs eagerly", False)])
def test_a_trial_says_whether_it_reused_graphs(noted, reused):
    history = told(started(), Annotated(trial=0, key=REUSE, value=noted, stamp=at(2)))
    assert trial_record(history[0], history)["reused"] is reused


def test_a_running_trial_has_no_end():
    history = told(started(), reported(1, 0.5))
    record = trial_record(history[0], history)
    assert (record["status"], record["ended"], record["spans"]) == ("running", None, [[1001.0, None, "box:1"]])


def test_a_trial_that_waits_for_its_promotion_says_so():
    history = told(started(pause_at=1), reported(1, 0.5), Ended(trial=0, outcome="paused", stamp=at(3)))
    assert trial_record(history[0], history)["status"] == "waiting"


def test_a_trial_that_a_limit_has_paused_does_not_wait():
    history = told(started(pause_at=3), reported(1, 0.5), Ended(trial=0, outcome="paused", stamp=at(3)))
    assert trial_record(history[0], history)["status"] == "paused"


def test_a_failed_trial_has_the_last_line_of_its_traceback():
    error = "Traceback (most recent call last):\n  File ...\nValueError: no\n"
    history = told(started(), Ended(trial=0, outcome="failed", reason="no", error=error, stamp=at(2)))
    record = trial_record(history[0], history)
    assert (record["status"], record["error"], record["score"]) == ("failed", "ValueError: no", None)


def test_an_attempt_ran_where_its_worker_was():
    worker = Annotated(trial=0, key=WORKER, value="gpu2:77", stamp=at(1))
    history = told(started(), worker, Ended(trial=0, stamp=at(2)))
    record = trial_record(history[0], history)
    assert record["spans"] == [[1001.0, 1002.0, "gpu2:77"]]
    assert record["worker"] == "gpu2:77"


@pytest.mark.parametrize(
    ("strategy", "fields", "source"),
    [
        (None, {}, "strategy"),
        (Bayesian(), {}, "initial design"),
        (Bayesian(), {"note": {"trend": 0.5}}, "strategy"),
        (Bayesian(), {"source": "queue"}, "queue"),
    ],
)
def test_a_trial_says_who_proposed_it(strategy, fields, source):
    history = History([fakes.opened(strategy), started(**fields)])
    assert trial_record(history[0], history)["source"] == source


def test_each_execution_has_its_curve():
    history = told(started(), reported(1, 0.5), reported(1, 0.7, execution=1), executions=2)
    record = trial_record(history[0], history)
    assert record["curves"] == [[[1, 0.5]], [[1, 0.7]]]
    assert record["deviation"] == pytest.approx(0.1414, abs=1e-4)


def test_numbers_that_json_cannot_hold_are_texts():
    history = told(started(), reported(1, math.nan), reported(2, -math.inf))
    record = trial_record(history[0], history)
    assert record["curves"] == [[[1, "nan"], [2, "-inf"]]]
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("a", "a"),
        ((3, 3), "(3, 3)"),
        ([1, "b"], "[1, 'b']"),
        ({"a": 1}, "{'a': 1}"),
        (10**400, "inf"),
        (-(10**400), "-inf"),
    ],
)
def test_a_value_is_a_scalar_or_a_text(value, shown):
    found = scalar(value)
    assert (found, type(found)) == (shown, type(shown))


def test_names_and_values_are_bounded_and_stay_apart():
    long = ["x" * 10_000 + end for end in "ab"]
    one, other = scalar(long[0]), scalar(long[1])
    assert one != other
    assert one == scalar(long[0])
    assert len(one) < 600
    assert one.startswith("x" * 500 + "... (9501 characters left out")


def test_a_long_value_is_the_same_among_the_choices():
    kind = Choice("n" * 1000, ["v" * 1000, "w"])
    history = told(started(), read((kind, "v" * 1000)))
    (definition,) = study_record(history, name="s")["space"]
    assert trial_record(history[0], history)["values"] == {definition["name"]: definition["choices"][0]}


@pytest.mark.parametrize("executions", [1, 3, 900])
def test_the_curves_of_a_trial_are_bounded(executions):
    events = [reported(epoch, epoch / 1000, execution=run) for run in range(executions) for epoch in range(1, 301)]
    history = told(started(), *events, executions=executions)
    found = trial_record(history[0], history)["curves"]
    assert len(found) == executions
    assert max(map(len, found)) <= 100
    assert sum(map(len, found)) <= 2700


@pytest.mark.parametrize("best", [1, 2, 137, 500, 999, 1000])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_thinned_curve_keeps_its_first_its_last_and_its_best_point(best, sign):
    curve = [(epoch, -sign * float(epoch == best)) for epoch in range(1, 1001)]
    found = thinned(curve, 100, sign)
    assert len(found) in (99, 100)
    assert found == sorted(found)
    assert {curve[0], curve[-1], curve[best - 1]} <= set(found)


def test_a_curve_that_is_nowhere_finite_is_thinned():
    assert [epoch for epoch, _ in thinned([(epoch, math.nan) for epoch in range(1, 11)], 3, 1)] == [1, 10]


SPACE = [
    (Float("rate", 1e-4, 0.1, sampling="log"), 0.01),
    (Int("units", 8, 64, step=8), 16),
    (Choice("activation", ["relu", "tanh"]), "relu"),
    (Choice("batch", [32, 64]), 64),
    (Boolean("norm", default=True), False),
    (Fixed("epochs", 4), 4),
]


def test_the_space_is_described():
    history = told(started(), read(*SPACE))
    assert [list(definition.values()) for definition in study_record(history, name="s")["space"]] == [
        # name, kind, low, high, step, scale, choices, ordered, default
        ["rate", "float", 1e-4, 0.1, None, "log", None, True, 1e-4],
        ["units", "int", 8, 64, 8, "linear", None, True, 8],
        ["activation", "choice", None, None, None, None, ["relu", "tanh"], False, "relu"],
        ["batch", "choice", None, None, None, None, [32, 64], True, 32],
        ["norm", "boolean", None, None, None, None, [False, True], False, True],
        ["epochs", "fixed", None, None, None, None, [4], False, 4],
    ]


def test_a_name_with_two_kinds_is_a_choice_of_the_values_tried():
    history = told(
        started(),
        read((Int("x", 1, 9), 3)),
        started(trial=1),
        read((Choice("x", ["a"]), "a"), trial=1),
    )
    (definition,) = study_record(history, name="s")["space"]
    assert (definition["kind"], definition["choices"]) == ("choice", [3, "a"])


def test_a_running_study_says_how_far_it_is():
    history = told(
        started(1),
        *(reported(epoch, 0.5, 1 + epoch) for epoch in range(1, 5)),
        Ended(trial=0, stamp=at(6)),
        started(7, trial=1),
        max_trials=4,
        options={"stopping": {"strategy": "Auto"}, "max_time": "1h", "max_epochs_total": 100},
    )
    record = study_record(history, name="digits")
    assert {name: record[name] for name in record if name not in ("space", "diagnostics")} == {
        "v": 1,
        "name": "digits",
        "identity": f"{1_000_000_000:x}",
        "objective": {"name": "accuracy", "direction": "max", "reduction": "best"},
        "strategy": "random",
        "stopping": "auto",
        "seed": 0,
        "max_trials": 4,
        "max_epochs_total": 100,
        "max_time": 3600.0,
        "executions": 1,
        "state": "running",
        "end_reason": None,
        "started": 1000.0,
        "updated": 1007.0,
        "elapsed": 7.0,
        "eta": 15.0,  # three trials of five seconds, the running one among them
        "budget_used": 2,
        "epochs_used": 4,
        "epochs_saved": 0,
        "best_values_code": "{}",
    }


@pytest.mark.parametrize(
    ("reason", "state"), [("max_trials=1 reached", "finished"), ("interrupted by the user", "interrupted")]
)
def test_a_study_that_has_ended_says_why(reason, state):
    record = study_record(told(Annotated(key=SEARCH_ENDED, value=reason, stamp=at(9))), name="s")
    assert (record["state"], record["end_reason"], record["elapsed"], record["eta"]) == (state, reason, 9.0, None)


def test_a_study_whose_process_gave_up_is_interrupted():
    record = study_record(told(started()), name="s", over=True)
    assert (record["state"], record["end_reason"]) == ("interrupted", None)


def test_a_study_that_goes_on_runs_again():
    history = told(Annotated(key=SEARCH_ENDED, value="max_trials=1 reached", stamp=at(9)))
    history.apply(fakes.opened(objective=ACCURACY, stamp=at(100)))
    assert study_record(history, name="s")["state"] == "running"


def test_stopped_trials_save_the_epochs_that_they_were_not_trained_for():
    history = told(
        started(), reported(1, 0.5), Ended(trial=0, outcome="stopped", stamp=at(3)),
        started(4, trial=1), reported(1, 0.5, 5, trial=1), Ended(trial=1, outcome="completed", stamp=at(6)),
    )  # fmt: skip
    assert study_record(history, name="s")["epochs_saved"] == 3


def test_what_stopping_saves_is_unknown_where_full_trainings_are():
    history = told(started(), reported(1, 0.5), Ended(trial=0, outcome="stopped", stamp=at(3)), epochs=None)
    assert study_record(history, name="s")["epochs_saved"] is None


def test_the_best_values_are_python():
    history = told(started(), read((Choice("size", [(3, 3)]), (3, 3))), reported(1, 0.5), Ended(trial=0, stamp=at(3)))
    assert study_record(history, name="s")["best_values_code"] == "{'size': (3, 3)}"


def test_best_values_of_any_length_are_left_out():
    text = "x" * 20_000
    history = told(started(), read((Choice("n", [text]), text)), reported(1, 0.5), Ended(trial=0, stamp=at(3)))
    assert study_record(history, name="s")["best_values_code"] is None


def test_diagnostics_keep_their_level():
    record = study_record(told(), name="s", diagnostics=[("warning", "widen x above 1")])
    assert record["diagnostics"] == [{"level": "warning", "text": "widen x above 1"}]


def test_times_that_are_no_numbers_are_texts():
    stamp = Stamp(math.nan, -math.inf, "box:1")
    history = told(Started(trial=0, attempt=1, values={}, stamp=stamp), Ended(trial=0, stamp=stamp))
    for record in (trial_record(history[0], history), study_record(history, name="s")):
        json.dumps(record, allow_nan=False)
