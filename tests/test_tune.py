from decimal import Decimal

import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import DataError, SearchError, StudyChanged, UsageError
from tests.fakes import nested


def tune(function, **options):
    return kt.tune(function, **{"objective": "score", "max_trials": 4, "seed": 0, "verbose": 0, **options})


def square(hp):
    return hp.Float("x", -1, 1) ** 2


def test_a_function_that_returns_a_number_is_searched():
    results = tune(square, objective=kt.Objective("y", "min"), max_trials=20)
    assert len(results) == 20
    assert results.best.score == results.best.values["x"] ** 2 == min(trial.score for trial in results)


def test_a_function_that_returns_metrics_is_searched_by_one_of_them():
    results = tune(lambda hp: {"score": hp.Float("x", 0, 1), "cost": 3})
    assert dict(results.best.metrics) == {"score": results.best.score, "cost": 3.0}


def test_a_function_that_reports_is_heard_epoch_by_epoch():
    def function(hp, report):
        for epoch in range(1, 4):
            report(epoch, {"score": hp.Float("x", 0, 1) * epoch})

    best = tune(function).best
    assert (best.epoch, best.best_epoch) == (3, 3)


def test_what_is_read_after_the_first_report_belongs_to_the_configuration():
    def function(hp, report):
        report(1, hp.Float("x", 0, 1))
        report(2, hp.Float("y", 0, 1))

    assert sorted(tune(function).best.values) == ["x", "y"]


def test_without_a_directory_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tune(square)
    assert list(tmp_path.iterdir()) == []


def test_with_a_directory_it_resumes_where_it_ended(tmp_path):
    first = tune(square, directory=tmp_path, max_trials=3)
    again = tune(square, directory=tmp_path, max_trials=5)
    values = [{trial.number: dict(trial.values) for trial in results} for results in (first, again)]
    assert (len(again), values[1] | values[0]) == (5, values[1])


def test_a_changed_strategy_is_refused(tmp_path):
    tune(nested, directory=tmp_path)
    with pytest.raises(StudyChanged, match=r"strategy: Random\(\), now Grid\(points=10\)"):
        tune(nested, directory=tmp_path, strategy=kt.strategies.Grid())


def test_it_can_write_for_tensorboard(tmp_path):
    tune(square, directory=tmp_path, tensorboard=True)
    runs = sorted(path.name for path in (tmp_path / "study" / "tensorboard").iterdir())
    assert runs == ["_schema_3", "_search", "_tuning", "trial_0000", "trial_0001", "trial_0002", "trial_0003"]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: 1.0, "needs f(hp) or f(hp, report)"),
        (lambda hp, report, more: 1.0, "with 3 parameters"),
    ],
)
def test_a_function_of_other_parameters_is_refused(function, said):
    with pytest.raises(UsageError) as caught:
        tune(function)
    assert said in str(caught.value)


@pytest.mark.parametrize("returned", [None, "good", [1, 2], {"score": "good"}])
def test_what_is_no_number_is_refused(returned):
    with pytest.raises(DataError, match="number"):
        tune(lambda hp: returned)


@pytest.mark.parametrize("epoch", [0, -1, 1.5])
def test_an_epoch_that_does_not_count_from_1_is_refused(epoch):
    with pytest.raises(DataError, match=f"epoch={epoch}"):
        tune(lambda hp, report: report(epoch, 1.0))


def test_a_search_is_written_for_tensorboard_if_asked_for(tmp_path):
    tune(square, objective=kt.Objective("y", "min"), directory=tmp_path, tensorboard=True)
    assert (tmp_path / "study" / "tensorboard" / "trial_0003").is_dir()


def test_tensorboard_needs_a_directory():
    with pytest.raises(UsageError, match="tensorboard=True needs a directory"):
        tune(square, tensorboard=True)


def test_a_parameter_with_a_default_is_the_functions_own():
    assert len(tune(lambda hp, scale=3: hp.Float("x", 0, 1) * scale)) == 4


@pytest.mark.parametrize("make", [np.float32, np.array, Decimal, np.int64])
def test_numbers_of_any_library_are_results(make):
    def function(hp, report):
        report(np.int64(1), make(2))
        report(np.int64(2), {"score": make(3)})

    assert tune(function).best.score == 3.0
    assert tune(lambda hp: make(2)).best.score == 2.0


def test_numbers_of_numpy_are_budgets_and_counts(tmp_path):
    def one(hp):
        return hp.Float("x", 0, 1)

    counts = {"max_trials": np.int64(2), "seed": np.int32(0), "executions_per_trial": np.int64(2)}
    results = tune(one, directory=tmp_path, max_retries_per_trial=np.int64(1), **counts)
    assert [len(trial.executions) for trial in results] == [2, 2]
    assert len(tune(one, directory=tmp_path, **{**counts, "max_trials": np.array(3)})) == 3


def test_where_every_call_failed_the_search_says_why():
    def unlucky(hp):
        raise ValueError(f"no luck with {hp.Float('x', 0, 1)}")

    with pytest.raises(
        SearchError, match=r"none of the 4 trials .*\n  4 failed with: ValueError: no luck with 0"
    ) as caught:
        tune(unlucky)
    assert "in unlucky" in caught.value.__notes__[0]


def test_a_stop_in_one_execution_ends_the_trial():
    def function(hp, report):
        for epoch in range(1, 4):
            if report(epoch, hp.Float("x", 0, 1)):
                return

    stop = kt.stopping.Stop("enough")
    results = tune(function, executions_per_trial=3, stopping=lambda trial, history: stop)
    assert [(trial.status, trial.reason, len(trial.executions)) for trial in results] == [("stopped", "enough", 1)] * 4


def test_a_space_may_change_while_every_trial_has_failed(tmp_path):
    def failing(hp):
        raise ValueError(hp.Int("u", 0, 10))

    with pytest.raises(SearchError):
        tune(failing, directory=tmp_path, max_trials=2)
    assert len(tune(lambda hp: float(hp.Int("u", 1, 10)), directory=tmp_path, max_trials=2)) == 2


@pytest.mark.parametrize("strategy", [kt.strategies.Grid(2), kt.strategies.Bayesian(2)])
def test_a_condition_on_a_list_is_searched(strategy, tmp_path):
    def function(hp):
        layers = hp.Choice("layers", [[64, 32], [128]])
        with hp.conditional_scope("layers", [[64, 32]]):
            dropout = hp.Float("dropout", 0, 1)
        return float(len(layers)) + (dropout or 0.0)

    for trials in (3, 4):
        results = tune(function, strategy=strategy, directory=tmp_path, max_trials=trials)
    assert {len(trial.values) for trial in results} <= {1, 2}
