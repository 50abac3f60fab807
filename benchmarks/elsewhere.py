"""Peers that want an environment of their own: HEBO, SMAC3 and Ax, each with its defaults.

Each is a side of `search_quality` where it can be imported. Run it with that environment's Python, which also needs
scikit-learn, and let `--results` bring its runs together with the others:

    python3.11 -m venv hebo && hebo/bin/pip install HEBO scikit-learn "numpy<2" "setuptools<81"
    hebo/bin/python -m benchmarks.search_quality --sides HEBO --seeds 1 --results runs.jsonl

All of them must know the space beforehand.
"""

import math
import tempfile
from typing import Any

import numpy as np

from benchmarks.tasks import Parameter


def _answering(row: Any) -> Any:
    """An `ask` that gives the values of a row by name; an ordinal's is its index."""

    def ask(parameter: Parameter) -> Any:
        value = row[parameter.name]
        value = value.item() if isinstance(value, np.generic) else value
        if parameter.kind == "ordinal":
            return parameter.values[int(value)]
        return int(value) if parameter.kind == "int" else value

    return ask


def hebo(watch: Any, trials: int, seed: int) -> None:
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - what it draws from
    parameters = watch.task.parameters
    optimizer = HEBO(DesignSpace().parse([_of_hebo(parameter) for parameter in parameters]), scramble_seed=seed)
    for _ in range(trials):
        row = optimizer.suggest(n_suggestions=1)
        watch(_answering(row.iloc[0].to_dict()))
        optimizer.observe(row, np.array([[watch.finite]]))


def _of_hebo(parameter: Parameter) -> dict[str, Any]:
    if parameter.kind == "category":
        return {"name": parameter.name, "type": "cat", "categories": list(parameter.values)}
    if parameter.kind == "ordinal":
        return {"name": parameter.name, "type": "int", "lb": 0, "ub": len(parameter.values) - 1}
    kind = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
    ends = {"lb": parameter.low, "ub": parameter.high}
    if parameter.kind == "int":
        ends = {end: int(value) for end, value in ends.items()}
    return {"name": parameter.name, "type": kind[parameter.kind, parameter.log], **ends}


def smac(watch: Any, trials: int, seed: int) -> None:
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialValue

    def dimension(parameter: Parameter) -> Any:
        if parameter.kind == "category":
            return Categorical(parameter.name, list(parameter.values))
        if parameter.kind == "ordinal":
            return Integer(parameter.name, (0, len(parameter.values) - 1))
        if parameter.kind == "int":
            return Integer(parameter.name, (int(parameter.low), int(parameter.high)), log=parameter.log)
        return Float(parameter.name, (parameter.low, parameter.high), log=parameter.log)

    space = ConfigurationSpace(seed=seed)
    space.add([dimension(parameter) for parameter in watch.task.parameters])
    with tempfile.TemporaryDirectory() as directory:
        scenario = Scenario(space, n_trials=trials, seed=seed, deterministic=True, output_directory=directory)
        facade = HyperparameterOptimizationFacade(scenario, _never_called, overwrite=True, logging_level=50)
        for _ in range(trials):
            info = facade.ask()
            watch(_answering(dict(info.config)))
            facade.tell(info, TrialValue(cost=watch.finite))


def _never_called(config: Any, seed: int) -> float:
    raise NotImplementedError


def ax(watch: Any, trials: int, seed: int) -> None:
    import torch
    from ax.service.ax_client import AxClient, ObjectiveProperties

    torch.set_num_threads(1)

    def dimension(parameter: Parameter) -> dict[str, Any]:
        if parameter.kind == "category":
            values = list(parameter.values)
            return {"name": parameter.name, "type": "choice", "values": values, "is_ordered": False}
        low, high = (parameter.low, parameter.high) if not parameter.values else (0, len(parameter.values) - 1)
        kind = "float" if parameter.kind == "float" else "int"
        bounds = [low, high] if kind == "float" else [int(low), int(high)]
        scale = {"value_type": kind, "log_scale": parameter.log}
        return {"name": parameter.name, "type": "range", "bounds": bounds, **scale}

    client = AxClient(random_seed=seed, verbose_logging=False)
    dimensions = [dimension(parameter) for parameter in watch.task.parameters]
    client.create_experiment(parameters=dimensions, objectives={"loss": ObjectiveProperties(minimize=True)})
    for _ in range(trials):
        values, index = client.get_next_trial()
        loss = watch(_answering(values))
        if math.isfinite(loss):
            client.complete_trial(index, raw_data={"loss": (loss, None)})
        else:
            client.log_trial_failure(index)
