"""A case: one fault at one operation of one script, then the same script again, and what came of it."""

import json
import os
import pickle
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from zipfile import ZipFile

import h5py
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import plugin_data_pb2

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.observers.tensorboard.event_file import event_files
from kerastune_lite.study.events import Event, Stamp
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BOARD, CHECKPOINTS, METADATA, MODEL
from kerastune_lite.study.store import read_events
from tests.faults.injection import FAULTS, Injector, Killed
from tests.faults.scenarios import SCENARIOS

Outcome = Literal["equal", "marked", "lost", "other error"]

_UNSTAMPED = Stamp()
_TRIAL = re.compile(r"trial_\d+")


@dataclass(frozen=True)
class Case:
    """A fault at one operation of a script: the first one that the fault can hit at or after this share of them."""

    scenario: str
    fault: str
    share: float

    def __str__(self) -> str:
        return f"{self.scenario}: {self.fault} at {self.share:.3f}"


@dataclass(frozen=True)
class Verdict:
    """What came of a case.

    Attributes:
        case: The case.
        outcome: "equal": the resumed study is the uninterrupted one; "marked": it differs where it is marked; "lost":
            something acknowledged is gone; "other error": anything else.
        operation: The operation that was hit, by number and name.
        detail: What was found, in words.
    """

    case: Case
    outcome: Outcome
    operation: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.outcome}: {self.case}, operation {self.operation}: {self.detail}"


def spread(count: int, *, heavy: bool, seed: int = 0) -> list[Case]:
    """Cases that spread evenly over scripts, faults and operations; `heavy` scripts are not killed in earnest."""
    scenarios = [name for name, scenario in SCENARIOS.items() if scenario.heavy == heavy]
    pairs = [(name, fault.name) for name in scenarios for fault in FAULTS.values() if not (heavy and fault.real)]
    rng = random.Random(seed)
    rng.shuffle(pairs)
    whole, more = divmod(count, len(pairs))
    cases = []
    for index, (scenario, fault) in enumerate(pairs):
        parts = whole + (index < more)
        cases += [Case(scenario, fault, (part + rng.random()) / parts) for part in range(parts)]
    return sorted(cases, key=lambda case: (case.scenario, case.fault, case.share))


@dataclass(frozen=True)
class Clean:
    """A script that met no fault: its operations, and how its study ended."""

    operations: tuple[str, ...]
    study: dict[int, Any]
    files: dict[str, Any]

    def moment(self, case: Case) -> int:
        """The number of the operation that the case hits."""
        eligible = [number for number, name in enumerate(self.operations) if name in FAULTS[case.fault].hits]
        return eligible[int(case.share * len(eligible))]


@cache
def clean(scenario: str) -> Clean:
    """The uninterrupted run of a script."""
    with _directory(scenario) as directory, Injector(directory).watching() as injector:
        SCENARIOS[scenario].run(directory, [])
        study, _ = _read(directory)
        return Clean(tuple(injector.operations), summary(study), files(directory))


def play(case: Case) -> Verdict:
    """Lets the fault happen, looks at what is on disk, runs the script again and compares."""
    expected = clean(case.scenario)
    moment = expected.moment(case)
    where = f"{moment} of {len(expected.operations)}, {expected.operations[moment]}"
    with _directory(case.scenario) as directory:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # a torn line is cut off with a warning
                outcome, detail = _play(case, directory, expected, moment)
        except Exception as error:
            outcome, detail = "other error", f"{type(error).__name__}: {error}"
        return Verdict(case, outcome, where, detail)


def play_apart(cases: Sequence[Case]) -> list[Verdict]:
    """Plays cases from a process with a single thread, which may fork."""
    command = [sys.executable, "-m", __name__, json.dumps([astuple(case) for case in cases])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    verdicts = json.loads(done.stdout)
    return [Verdict(case, **verdict) for case, verdict in zip(cases, verdicts, strict=True)]


def _play(case: Case, directory: Path, expected: Clean, moment: int) -> tuple[Outcome, str]:
    scenario, full = SCENARIOS[case.scenario], case.fault == "full disk"
    kept: list[Event] = []
    for at in (moment, 0) if full else (moment,):  # a full disk is still full when the script runs again
        seen = _in_child(directory, case, at) if FAULTS[case.fault].real else _here(directory, case, at)
        kept = seen if scenario.overwrites else [*kept, *seen]
        if (bad := _unsound(directory, kept)) is not None:
            return bad
    scenario.run(directory, [])
    if (bad := _unsound(directory, [] if scenario.overwrites else kept)) is not None:
        return bad
    return _compared(expected, summary(_read(directory)[0]), files(directory))


def _unsound(directory: Path, seen: Sequence[Event]) -> tuple[Outcome, str] | None:
    """What is wrong with a record in which all of `seen` must stand, in this order."""
    events, damage = _read(directory)
    recorded = iter(map(_unstamped, events))
    missing = sum(_unstamped(event) not in recorded for event in seen)
    if missing:
        return "lost", f"{missing} of {len(seen)} acknowledged events"
    return ("other error", damage[0]) if damage else None


def _compared(expected: Clean, study: Mapping[int, Any], found: Mapping[str, Any]) -> tuple[Outcome, str]:
    trials = _differing(expected.study, study)
    unmarked = [number for number in trials if number not in study or not study[number]["notes"]]
    wrong = unmarked or ([] if trials else _differing(expected.files, found))
    if wrong:
        now, then = {**study, **found}.get(wrong[0]), {**expected.study, **expected.files}.get(wrong[0])
        return "other error", f"{wrong[0]} is {now}, uninterrupted {then}"
    return ("marked", f"trials {trials}") if trials else ("equal", "")


def _differing(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[Any]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _here(directory: Path, case: Case, moment: int) -> list[Event]:
    """The events that the script was shown as recorded before the fault ended it."""
    seen: list[Event] = []
    injector = Injector(directory, FAULTS[case.fault], moment)
    with suppress(StudyWriteError, KeyboardInterrupt, Killed), injector.watching():
        SCENARIOS[case.scenario].run(directory, [lambda event, history: seen.append(event)])
    assert injector.happened, "the fault did not happen"
    return seen


def _in_child(directory: Path, case: Case, moment: int) -> list[Event]:
    """The same, in a process of its own, which dies."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with Injector(directory, FAULTS[case.fault], moment).watching(), os.fdopen(writer, "wb", 0) as pipe:
            SCENARIOS[case.scenario].run(directory, [lambda event, history: pipe.write(pickle.dumps(event))])
        os._exit(0)
    os.close(writer)
    seen = []
    with os.fdopen(reader, "rb") as pipe, suppress(EOFError):
        while True:
            seen.append(pickle.load(pipe))
    assert os.waitpid(child, 0)[1] != 0, "the fault did not happen"
    return seen


@contextmanager
def _directory(scenario: str) -> Iterator[Path]:
    """A directory in which the script may run, with what its study went through before."""
    with TemporaryDirectory(prefix="faults_") as name:
        before = SCENARIOS[scenario].before
        if before is not None:
            before(Path(name), [])
        yield Path(name)


def _read(directory: Path) -> tuple[list[Event], list[str]]:
    return read_events(directory / "study")


def _unstamped(event: Event) -> Event:
    return replace(event, stamp=_UNSTAMPED)


def summary(events: Sequence[Event]) -> dict[int, Any]:
    """What must be the same of each trial, by its number."""
    return {
        trial.number: {
            "status": trial.status,
            "score": trial.score,
            "values": dict(trial.values),
            "epochs": [dict(run.metrics) for run in trial.executions],
            "notes": sorted(trial.notes.keys() - {"model"}),
        }
        for trial in History(events).trials
    }


def files(directory: Path) -> dict[str, Any]:
    """What TensorBoard's runs hold of each trial (its columns, curves and end), and what is kept of its model."""
    runs = sorted(path for path in (directory / "study" / BOARD).rglob("*trial_*") if path.is_dir())
    models = sorted((directory / "study" / CHECKPOINTS).rglob(MODEL))
    found: dict[str, Any] = {f"model of {model.parent.name}": _model(model) for model in models}
    for place in (directory / "study" / CHECKPOINTS).glob("*"):
        found[f"files of {place.name}"] = sorted(path.name for path in place.iterdir())
    for run in runs:
        found[f"run of {_TRIAL.search(run.name)[0]}"] = [
            _said(value) for file in event_files(run) for value in _values(file)
        ]
    return found


def _model(path: Path) -> Any:
    """A kept model's metadata and weights."""
    arrays: list[Any] = []
    with ZipFile(path) as archive, archive.open("model.weights.h5") as file, h5py.File(file) as weights:
        weights.visititems(lambda _, item: arrays.append(item[()].tolist()) if isinstance(item, h5py.Dataset) else None)
    metadata = json.loads((path.parent / METADATA).read_text())
    return [metadata[name] for name in ("execution", "epoch", "score")], arrays


def _values(file: Path) -> Iterator[tuple[int, Any]]:
    """The step and value of each record of an event file: length, checksum, event, checksum."""
    content = file.read_bytes()
    while content:
        length = int.from_bytes(content[:8], "little")
        event = event_pb2.Event.FromString(content[12 : 12 + length])
        yield from ((event.step, value) for value in event.summary.value)
        content = content[16 + length :]


def _said(record: tuple[int, Any]) -> Any:
    """A value without its times."""
    step, value = record
    data = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
    start = {name: str(cell) for name, cell in data.session_start_info.hparams.items()}
    return value.tag, step, value.simple_value, start, data.session_end_info.status


if __name__ == "__main__":
    verdicts = [asdict(play(Case(*case))) for case in json.loads(sys.argv[1])]
    print(json.dumps([{key: verdict[key] for key in ("outcome", "operation", "detail")} for verdict in verdicts]))
