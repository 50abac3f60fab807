"""Epochs until a target: the tasks train, and each epoch counts once."""

import pytest

from benchmarks.keras_tasks import TASKS, KerasTask, median_of_best
from benchmarks.time_to_target import Meter, SearchOver, summary, until_target


def no_data():
    return {}


def no_model(hp):
    raise AssertionError("the fake side builds nothing")


LARGER = KerasTask(no_model, no_data, "val_accuracy", "max", 0.9)
SMALLER = KerasTask(no_model, no_data, "val_loss", "min", 0.1)


def reporting(*scores):
    """A side whose epochs have these scores."""

    def side(search):
        for score in scores:
            search.meter.count(score)

    return side


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_a_task_trains_and_reports_its_objective(name):
    import keras

    import kerastune_lite as kt

    task = TASKS[name]
    keras.utils.set_random_seed(1)
    run = task.build(kt.HyperParameters()).fit(**task.data(), epochs=1, verbose=0)
    assert len(run.history[task.objective]) == 1
    assert not task.good_enough(run.history[task.objective][0])


def test_the_epoch_that_reaches_the_target_is_the_last_one_counted(tmp_path):
    found = until_target(reporting(0.1, 0.8, 0.9, 0.95), LARGER, 10, 0, tmp_path)
    assert (found["epochs"], found["reached"]) == (3, 1)


def test_a_score_to_minimize_reaches_the_target_from_above(tmp_path):
    found = until_target(reporting(0.5, 0.05), SMALLER, 10, 0, tmp_path)
    assert (found["epochs"], found["reached"]) == (2, 1)


def test_a_search_without_the_target_counts_as_its_budget(tmp_path):
    found = until_target(reporting(0.1, 0.2), LARGER, 10, 0, tmp_path)
    assert (found["epochs"], found["reached"]) == (10, 0)


def test_epochs_above_the_budget_do_not_count(tmp_path):
    found = until_target(reporting(0.1, 0.2, 0.9), LARGER, 2, 0, tmp_path)
    assert (found["epochs"], found["reached"]) == (2, 0)


def test_a_peer_may_be_ended_from_inside(tmp_path):
    def side(search):
        search.meter.count(0.95)
        raise SearchOver

    assert until_target(side, LARGER, 10, 0, tmp_path)["epochs"] == 1


def test_no_number_reaches_no_target():
    meter = Meter(LARGER, 10)
    meter.count(float("nan"))
    assert not meter.over


def test_a_share_is_of_the_best_peers_median():
    runs = [
        {"side": side, "seed": seed, "epochs": epochs, "seconds": 1.0, "reached": 1}
        for side, counts in {"random": (10, 20, 90), "KerasTuner Bayesian": (50, 40, 30)}.items()
        for seed, epochs in enumerate(counts)
    ]
    random = next(line for line in summary(runs).splitlines() if line.startswith("| random "))
    assert random.split() == "| random | 20 | 10-90 | 1 | 3/3 | 0.50 |".split()


def test_the_median_of_the_best_of_one_is_the_median():
    assert median_of_best([1.0, 2.0, 3.0], 1, "max") == 2.0


def test_the_best_of_many_is_better_than_the_best_of_few():
    scores = [float(score) for score in range(100)]
    assert median_of_best(scores, 10, "max") > median_of_best(scores, 5, "max")
    assert median_of_best(scores, 10, "min") < median_of_best(scores, 5, "min")
