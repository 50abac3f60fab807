"""Searches whose answers are known, in families; a fixed third of each family judges, the others are developed on."""

import functools
import random
from pathlib import Path

from benchmarks.tasks import coco, functions, made, tables, trained
from benchmarks.tasks.task import Parameter, Task

__all__ = ["FAMILIES", "Parameter", "Task", "families", "task"]

FAMILIES: dict[str, list[str]] = {
    "functions": [f"functions/{name}" for name in functions.FUNCTIONS],
    "COCO": coco.NAMES,
    "kinds": list(made.KINDS),
    "branches": list(made.BRANCHES),
    "noise": list(made.NOISE),
    "rough": list(made.ROUGH),
    "failures": list(made.FAILURES),
    "names": list(made.NAMES),
    **trained.FAMILIES,
}


def _judges(names: list[str]) -> set[str]:
    """A third of a family, drawn once by a fixed rule."""
    mixed = sorted(names)
    random.Random(2026).shuffle(mixed)
    return set(mixed[::3])


def families(part: str, lcbench: Path | None) -> dict[str, list[str]]:
    """The names of the tasks to "develop" on, or of those that "judge", by family.

    Those of LCBench, FCNet and HPOBench were set apart before there were others: `tables` names them.
    """
    judge = part == "judge"
    listed = tables.judging(lcbench) if judge else tables.DEVELOP
    names = {
        "LCBench": [name for name in listed if name.startswith("lcbench") and lcbench is not None],
        "tables": [name for name in listed if not name.startswith("lcbench")],
    }
    for family, tasks in FAMILIES.items():
        judges = _judges(tasks)
        names[family] = [name for name in tasks if (name in judges) == judge]
    names["branches"] += [] if judge else tables.CONDITIONAL  # of the same tables as those above
    return {family: tasks for family, tasks in names.items() if tasks}


@functools.lru_cache(maxsize=4)
def task(name: str, lcbench: Path | None = None) -> Task:
    """A task by its name."""
    if name in made.MADE:
        return made.MADE[name](name)
    match name.partition("/")[0]:
        case "functions":
            return made.function(name)
        case "coco":
            return coco.task(name)
        case "models" | "networks":
            return trained.task(name)
    return tables.task(name, lcbench)
