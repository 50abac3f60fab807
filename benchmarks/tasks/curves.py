"""Learning curves to replay: LCBench's network, and pools of recorded trainings (TaskSet, AlgoPerf).

The files of the pools are `taskset.npz` (`valid`: tasks x settings x epochs, lower is better; `names`) and
`algoperf.npz` (an array of runs x epochs for each workload, higher is better).
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks import tables
from benchmarks.tasks.task import Parameter

_SAMPLE = 2000
FAMILIES = ("LCBench", "TaskSet", "AlgoPerf")


@dataclass(frozen=True)
class CurveTask:
    """Trainings of which every epoch is known.

    Attributes:
        name: "FAMILY/NAME".
        parameters: What is searched; of a pool, the index of a run.
        epochs: Epochs of a full training.
        curve: The score after each epoch, given values; higher is better, NaN where it is not finite.
        best: The best score known.
        median: The median of the best scores of random trainings.
    """

    name: str
    parameters: Sequence[Parameter]
    epochs: int
    curve: Callable[[Mapping[str, Any]], np.ndarray] = field(repr=False)
    best: float
    median: float

    def regret(self, score: float) -> float:
        """The normalised regret: 0 for the best score, 1 for the median one; 1 before there is a score."""
        if not np.isfinite(score):
            return 1.0
        return float(max(0.0, self.best - score) / (self.best - self.median))


def names(part: str, lcbench: Path | None, pools: Path | None) -> dict[str, list[str]]:
    """The names of the tasks to "develop" on, or of those that "judge", by family: of the pools, every other one."""
    judge = part == "judge"
    found: dict[str, list[str]] = {}
    if lcbench is not None:
        codes = tables.judging(lcbench) if judge else tables.DEVELOP
        found["LCBench"] = [f"LCBench/{code.partition('/')[2]}" for code in codes if code.startswith("lcbench")]
    if pools is not None:
        found["TaskSet"] = [f"TaskSet/{name}" for name in _taskset(pools)["names"]][judge::2]
        found["AlgoPerf"] = [f"AlgoPerf/{name}" for name in _algoperf(pools)][judge::2]
    return found


def task(name: str, lcbench: Path | None, pools: Path | None) -> CurveTask:
    """A task by its name."""
    family, _, own = name.partition("/")
    if family == "LCBench":
        assert lcbench is not None
        return _lcbench(name, own, lcbench)
    assert pools is not None
    if family == "AlgoPerf":
        return pool(name, _algoperf(pools)[own])
    data = _taskset(pools)
    return pool(name, -data["valid"][list(data["names"]).index(own)])


def pool(name: str, scores: np.ndarray) -> CurveTask:
    """A task whose trainings are the rows of `scores`, shape (runs, epochs)."""
    scores = np.asarray(scores, dtype=float)
    final = _best_of(scores)
    index = Parameter("index", "int", low=0, high=len(scores) - 1)
    return CurveTask(
        name,
        [index],
        scores.shape[1],
        lambda values: scores[values["index"]],
        float(np.nanmax(final)),
        float(np.nanmedian(final)),
    )


def _lcbench(name: str, code: str, folder: Path) -> CurveTask:
    errors = tables.lcbench_errors(code, folder)
    epochs = np.arange(1, tables.LAST_EPOCH + 1)

    def curves(points: Any) -> np.ndarray:
        found = errors(np.repeat(points, len(epochs), axis=0), np.tile(epochs, len(points)))
        return 1 - found.reshape(len(points), len(epochs))

    rng = np.random.default_rng(0)
    sample = [[parameter.at(rng.random()) for parameter in tables.LCBENCH] for _ in range(_SAMPLE)]
    final = np.concatenate([_best_of(curves(np.array(sample[at : at + 100]))) for at in range(0, _SAMPLE, 100)])
    return CurveTask(
        name,
        tables.LCBENCH,
        len(epochs),
        lambda values: curves(np.array([[values[parameter.name] for parameter in tables.LCBENCH]]))[0],
        float(final.max()),
        float(np.median(final)),
    )


def _best_of(scores: np.ndarray) -> np.ndarray:
    """The best score of each row; NaN for a row without a finite one."""
    finite = np.where(np.isfinite(scores), scores, -np.inf).max(axis=1)
    return np.where(np.isfinite(finite), finite, np.nan)


@functools.cache
def _taskset(pools: Path) -> Mapping[str, Any]:
    with np.load(pools / "taskset.npz") as file:
        return {"names": [str(name) for name in file["names"]], "valid": file["valid"][:, :, 1:]}


@functools.cache
def _algoperf(pools: Path) -> dict[str, np.ndarray]:
    with np.load(pools / "algoperf.npz") as file:
        return {name: file[name][:, 1:] for name in file.files if file[name].ndim == 2}
