"""Functions of COCO's suites (Hansen et al., arXiv:1603.08785), from the wheel `coco-experiment`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.tasks.task import Parameter, Task, flat, known

# suite, function, dimensions, instance
NAMES = [
    *(
        "coco/bbob-1-10-2",
        "coco/bbob-3-3-1",
        "coco/bbob-5-5-1",
        "coco/bbob-6-5-2",
        "coco/bbob-8-5-1",
        "coco/bbob-8-3-3",
    ),
    *("coco/bbob-10-5-1", "coco/bbob-13-3-2", "coco/bbob-15-5-1", "coco/bbob-17-3-1", "coco/bbob-19-5-2"),
    *("coco/bbob-21-2-1", "coco/bbob-22-5-1", "coco/bbob-24-3-1", "coco/bbob-2-20-1", "coco/bbob-20-5-1"),
    *("coco/bbob-mixint-1-5-1", "coco/bbob-mixint-8-5-1", "coco/bbob-mixint-15-5-2", "coco/bbob-mixint-21-10-1"),
]


def task(name: str) -> Task:
    """One function, on its own box; the first of a mixed-integer one's variables are integers."""
    import cocoex

    suite, index, dimension, instance = name.partition("/")[2].rsplit("-", 3)
    problems = cocoex.Suite(suite, f"instances:{instance}", f"dimensions:{dimension} function_indices:{index}")
    problem = problems[0]
    parameters = [
        Parameter(
            f"x{i}", "int" if i < problem.number_of_integer_variables else "float", low=float(low), high=float(high)
        )
        for i, (low, high) in enumerate(zip(problem.lower_bounds, problem.upper_bounds, strict=True))
    ]

    def loss(values: Mapping[str, Any]) -> float:
        return float(problem(np.array([float(values[p.name]) for p in parameters])))

    loss.suite = problems  # type: ignore[attr-defined] - its end is the problem's
    return Task(name, flat(parameters), parameters, loss, **known(flat(parameters), loss, steps=20_000))
