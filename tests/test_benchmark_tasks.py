"""The searches of the benchmarks: what is measured on them must mean what it says."""

import json

import numpy as np
import pytest

from benchmarks import tasks
from benchmarks.search_quality import shares, worse_than_random
from benchmarks.tasks.task import Parameter, Task, flat, known

DEVELOP, JUDGE = (tasks.families(part, None) for part in ("develop", "judge"))


def test_a_third_of_each_family_judges_and_none_of_it_is_developed_on():
    for family in tasks.FAMILIES:
        develop = [name for name in DEVELOP[family] if not name.startswith("conditional/")]
        assert not set(develop) & set(JUDGE[family])
        assert len(JUDGE[family]) == -(-(len(develop) + len(JUDGE[family])) // 3)


def test_there_are_more_than_sixty_tasks():
    assert len({name for part in (DEVELOP, JUDGE) for names in part.values() for name in names}) > 60


@pytest.mark.parametrize(
    "name",
    ["functions/branin", "kinds/three_kinds", "branches/layers_inside", "noise/branin_tenth", "failures/half"],
)
def test_a_random_point_is_no_better_than_the_best_one_known(name):
    task = tasks.task(name)
    rng = np.random.default_rng(1)
    losses = [task.loss(task.read(lambda parameter: parameter.at(rng.random()))) for _ in range(200)]
    assert task.best <= np.nanmin(losses)
    assert task.best < task.median
    assert task.loss(task.point) == task.best


def test_the_best_of_a_parabola_is_found():
    x = Parameter("x", "float", low=-1.0, high=3.0)
    found = known(flat([x]), lambda values: (values["x"] - 0.7) ** 2)
    assert found["best"] < 1e-6
    assert found["point"]["x"] == pytest.approx(0.7, abs=1e-3)


def test_regret_is_that_of_the_point_that_looks_best_by_its_true_loss():
    task = Task("t", lambda ask: {}, None, lambda values: 0.0, best=0.0, median=2.0)
    assert task.regret([1.0, 4.0, 0.5, 3.0], [1.0, 0.9, float("nan"), 0.8]) == [0.5, 2.0, 2.0, 1.5]


def test_until_a_trial_gives_a_loss_the_regret_is_the_median():
    task = Task("t", lambda ask: {}, None, lambda values: 0.0, best=0.0, median=2.0)
    assert task.regret([float("nan")], [float("nan")]) == [1.0]


def line(side, task, regret):
    return json.loads(json.dumps({"side": side, "task": task, "seed": 0, "regret": [regret] * 5}))


def test_a_share_is_of_the_best_peers_geometric_mean():
    runs = [line("kerastune_lite", "a", 0.1), line("random", "a", 0.4), line("Optuna TPE", "a", 0.2)]
    assert "0.50 (0.50-0.50) Optuna TPE" in shares(runs, "kerastune_lite", ["random", "Optuna TPE"], {"one": ["a"]})


def test_tasks_where_random_search_is_better_by_more_than_a_quarter_are_named():
    runs = [line("kerastune_lite", "a", 0.3), line("random", "a", 0.2)]
    runs += [line("kerastune_lite", "b", 0.24), line("random", "b", 0.2)]
    told = worse_than_random(runs, "kerastune_lite", ["a", "b"])
    assert "| a " in told
    assert "| b " not in told
