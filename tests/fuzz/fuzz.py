"""Coverage-guided fuzzing of everything that reads a file: `make fuzz ARGS="journal -max_total_time=300"`.

Targets are `journal` (the checksum of each line is made right, so that its content is reached), `fields` (recorded
studies with odd values in some fields), `codec` (one object), `definition` and `resume` (`resume.npz`). A target fails
where anything but an error of this package is raised. The further arguments are those of libFuzzer. Not a test of the
suite: `tests/study/test_damage.py` has seeded ones.
"""

import importlib
import json
import os
import sys
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kerastune_lite"]):
    from kerastune_lite.errors import KerastuneError
    from kerastune_lite.space.kinds import definition_from_json
    from kerastune_lite.study.codec import EventCodec
    from kerastune_lite.study.history import History
    from kerastune_lite.study.layout import JOURNAL, RESUME
    from kerastune_lite.study.store import read_events

# What the reader of a journal treats as a damaged line.
DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
SEEDS = Path(__file__).parent.parent / "data"
STUDIES = [[line[:-18] + b"}" for line in path.read_bytes().splitlines()[1:]] for path in sorted(SEEDS.rglob(JOURNAL))]
ODD = [None, True, 0, -1, 1, 2, 10**9, 2**53 + 1, 10**30, 10**400, 1e308, 5e-324, -0.0, "", "nan", "inf", "\ud800"]
ODD += ["log", "linear", "reverse_log", "started", "queue", "max", "Float", "Int", "Choice", [], {}, [1, 1], {"a": []}]
ODD += [float("nan"), float("inf"), {"__tuple__": 1}, {"__tuple__": [1, [2]]}]


def journal(data: bytes) -> None:
    """Lines of any content with right checksums, read and folded."""
    bodies = [line.rstrip(b"\r}") for line in data.split(b"\n")]
    lines = [body + b',"crc":"%08x"}' % zlib.crc32(body) for body in bodies]
    header = b'{"format":"kerastune_lite study","schema":1'
    content = [header + b',"crc":"%08x"}' % zlib.crc32(header), *lines, b""]
    (FOLDER / JOURNAL).write_bytes(b"\n".join(content))
    try:
        history = History(read_events(FOLDER)[0])
        for trial in history.trials:
            repr((trial, trial.metrics, trial.executions))
        history.tree.walk(None)
    except KerastuneError:
        pass


def fields(data: bytes) -> None:
    """Recorded studies in which some fields hold something else."""
    choose = atheris.FuzzedDataProvider(data)
    lines = list(choose.PickValueInList(STUDIES))
    for _ in range(choose.ConsumeIntInRange(1, 4)):
        number = choose.ConsumeIntInRange(0, len(lines) - 1)
        one = json.loads(lines[number])
        replace(one, choose)
        lines[number] = json.dumps(one).encode()
    journal(b"\n".join(lines))


def replace(one: object, choose: atheris.FuzzedDataProvider) -> None:
    """Replaces something in a list or an object, or deletes it."""
    places = list(one if isinstance(one, dict) else range(len(one)))
    if not places:
        return
    place = choose.PickValueInList(places)
    if isinstance(one[place], (dict, list)) and one[place] and choose.ConsumeBool():
        replace(one[place], choose)
    elif choose.ConsumeBool():
        one[place] = choose.PickValueInList(ODD)
    elif choose.ConsumeBool():
        one[place] = choose.ConsumeRegularFloat()
    elif choose.ConsumeBool():
        one[place] = choose.ConsumeInt(9)
    else:
        del one[place]


def codec(data: bytes) -> None:
    """One object, decoded, encoded and decoded again."""
    try:
        event = EventCodec().decode(json.loads(data))
    except DAMAGE:
        return
    if event is not None:
        lines = EventCodec().encode(event)
        reader = EventCodec()
        assert [again for line in lines if (again := reader.decode(line)) is not None]


def definition(data: bytes) -> None:
    """A definition, and what strategies ask of it."""
    try:
        found = definition_from_json(json.loads(data))
    except DAMAGE:
        return
    assert found == definition_from_json(json.loads(found.identity))
    found.from_unit(0.5)
    if (found.count() or 0) > 0:
        assert found.level(0) in found


def resume(data: bytes) -> None:
    """A state, or damage."""
    from kerastune_lite.callbacks.resume_state import ResumeState
    from kerastune_lite.callbacks.state_file import StateDamaged

    (FOLDER / RESUME).write_bytes(data)
    with suppress(StateDamaged):
        ResumeState.read(FOLDER / RESUME)


def seeds(target: str) -> str:
    """A folder with the lines of the studies that earlier versions recorded."""
    folder = Path(tempfile.mkdtemp(prefix="seeds-"))
    for number, path in enumerate(sorted(SEEDS.rglob(RESUME if target == "resume" else JOURNAL))):
        content = path.read_bytes()
        if target == "fields":
            continue
        if target == "journal":
            content = b"\n".join(line[:-18] for line in content.splitlines()[1:])
        parts = content.splitlines() if target == "codec" else [content]
        if target == "definition":
            objects = [json.loads(line) for line in content.splitlines()]
            parts = [json.dumps(one["definition"]).encode() for one in objects if "definition" in one]
        for index, part in enumerate(parts[:200]):
            (folder / f"{number}-{index}").write_bytes(part)
    return str(folder)


if __name__ == "__main__":
    name = sys.argv.pop(1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if name == "resume":  # Keras is heavy
        with atheris.instrument_imports(include=["kerastune_lite"]):
            importlib.import_module("kerastune_lite.callbacks.resume_state")
    run = {"journal": journal, "fields": fields, "codec": codec, "definition": definition, "resume": resume}[name]
    atheris.Setup([*sys.argv, seeds(name)], run)
    atheris.Fuzz()
