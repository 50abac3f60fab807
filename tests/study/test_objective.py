import math
import random

import pytest

from kerastune_lite.errors import ObjectiveError
from kerastune_lite.study.objective import Best, Objective, RunningScore, known_direction, resolve

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_accuracy", "max"),
        ("val_f1_score", "max"),
        ("val_r2_score", "max"),
        ("auc_1", "max"),
        ("val_mean_io_u", "max"),
        ("val_iou", "max"),
        ("head_sparse_categorical_accuracy", "max"),
        ("loss", "min"),
        ("val_head_loss", "min"),
        ("mean_absolute_error", "min"),
        ("val_rmse", "min"),
        ("false_positives", "min"),
        ("true_positives", "max"),
        ("mystery", None),
    ],
)
def test_directions_follow_from_the_names_of_known_metrics(metric, direction):
    assert known_direction(metric) == direction


def test_an_unknown_direction_must_be_given():
    with pytest.raises(ObjectiveError, match=r'kt.Objective\(\'val_mystery\', "max"\)'):
        resolve("val_mystery")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Objective("loss", "down"), 'direction must be "min" or "max", got \'down\''),
        (lambda: Objective("", "min"), "must be a metric's name, got ''"),
        (lambda: Objective("loss", "min", "median"), "got 'median'"),
        (lambda: Objective("loss", "min", "mean_last_0"), "got 'mean_last_0'"),
        (lambda: resolve(["loss", "accuracy"]), "only one objective is supported"),
        (lambda: resolve(3), "must be a metric's name or kt.Objective, got 3"),
    ],
)
def test_an_impossible_objective_is_told(make, said):
    with pytest.raises(ObjectiveError) as caught:
        make()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("reduction", "direction", "expected"),
    [
        ("best", "max", Best(0.9, 2)),
        ("best", "min", Best(0.1, 1)),
        ("last", "max", Best(0.5, 4)),
        ("mean_last_2", "max", Best(0.7, 4)),
        ("mean_last_9", "max", Best(0.5, 4)),
    ],
)
def test_epochs_are_reduced_and_what_is_not_finite_never_counts(reduction, direction, expected):
    best = Objective("m", direction, reduction).reduce([(1, 0.1), (2, 0.9), (3, NAN), (4, 0.5), (5, INF)])
    assert best is not None
    assert (best.score, best.epoch) == (pytest.approx(expected.score), expected.epoch)


def test_no_finite_epoch_gives_no_score():
    assert Objective("m", "min").reduce([(1, NAN), (2, -INF)]) is None


def test_the_first_of_equal_epochs_is_the_best():
    assert Objective("m", "max").reduce([(1, 0.5), (2, 0.5)]) == Best(0.5, 1)


@pytest.mark.parametrize("score", [NAN, INF, -INF])
def test_what_is_not_finite_is_the_worst_loss(score):
    assert Objective("m", "max").minimized(score) == INF


def test_scores_and_losses_convert_both_ways():
    assert [Objective("m", way).score(Objective("m", way).minimized(0.25)) for way in ("min", "max")] == [0.25, 0.25]


def test_a_missing_metric_is_told_with_what_was_reported_and_the_nearest_name():
    with pytest.raises(ObjectiveError, match=r"'val_acuracy' .*\(loss, val_accuracy\); did you mean 'val_accuracy'"):
        Objective("val_acuracy", "max").check({"loss": 1.0, "val_accuracy": 0.5})


def test_a_missing_validation_metric_asks_for_validation_data():
    with pytest.raises(ObjectiveError, match="give validation_data or validation_split"):
        Objective("val_mystery", "max").check({"loss": 1.0})


@pytest.mark.parametrize("reduction", ["best", "last", "mean_last_1", "mean_last_3"])
@pytest.mark.parametrize("direction", ["min", "max"])
def test_a_running_score_is_what_all_epochs_reduce_to(direction, reduction):
    objective, rng = Objective("m", direction, reduction), random.Random(0)
    for _ in range(50):
        values = [rng.choice([0.1, 0.2, 0.2, rng.random(), math.nan, math.inf]) for _ in range(8)]
        epochs = list(enumerate(values, start=1))
        running = RunningScore(objective)
        for count, (epoch, value) in enumerate(epochs, start=1):
            assert running.add(epoch, value) == objective.reduce(epochs[:count])


@pytest.mark.parametrize("reduction", ["best", "last", "mean_last_3"])
def test_a_running_score_continues_from_the_epochs_that_decide(reduction):
    objective, values = Objective("m", "min", reduction), [0.5, 0.2, 0.4, math.nan, 0.3, 0.1, 0.6]
    epochs = list(enumerate(values, start=1))
    whole = RunningScore(objective, epochs)
    resumed = RunningScore(objective, RunningScore(objective, epochs[:4]).deciding)
    for epoch, value in epochs[4:]:
        resumed.add(epoch, value)
    assert resumed.best == whole.best


@pytest.mark.parametrize(("name", "meant"), [("val_acuracy", "val_accuracy"), ("acuracy", "accuracy")])
def test_a_misspelt_name_is_answered_with_the_known_one_on_its_own_side(name, meant):
    with pytest.raises(ObjectiveError, match=f"did you mean '{meant}'"):
        resolve(name)
    for reported in (
        {"loss": 1.0, "val_loss": 1.0},
        {"loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5, "val_loss": 1},
    ):
        with pytest.raises(ObjectiveError, match=f"did you mean '{meant}'"):
            Objective(name, "max").check(reported)


@pytest.mark.parametrize("name", ["val_accuracy", "accuracy", "val_mse"])
def test_a_metric_that_the_model_was_not_compiled_with_is_named_with_the_remedy(name):
    with pytest.raises(ObjectiveError) as caught:
        Objective(name, "max").check({"loss": 1.0, "val_loss": 1.0})
    assert "(loss, val_loss); compile the model with it: " in str(caught.value)
    assert f'metrics=["{name.removeprefix("val_")}"]' in str(caught.value)


def test_a_misspelt_loss_is_answered_with_the_loss():
    with pytest.raises(ObjectiveError, match="did you mean 'val_loss'"):
        Objective("val_los", "min").check({"loss": 1.0, "val_loss": 1.0})


def test_a_function_that_does_not_report_its_objective_is_told_nothing_of_models():
    with pytest.raises(ObjectiveError, match=r"'score' is not among the reported metrics \(cost\)$"):
        Objective("score", "max").check({"cost": 1.0})


@pytest.mark.parametrize(
    ("metrics", "value"),
    [
        ({"a": 1.0}, 1.0),
        ({"a": 1.0, "loss": 2.0}, 1.0),
        ({"a": 1.0, "loss": NAN}, NAN),
        ({"a": 1.0, "loss": INF}, NAN),
        ({}, NAN),
    ],
)
def test_an_epoch_without_a_finite_loss_says_nothing(metrics, value):
    assert Objective("a", "max").value(metrics) == pytest.approx(value, nan_ok=True)
