"""The journal against a list: what was appended and is undamaged comes back, in order."""

import random
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kerastune_lite.errors import StudyWriteError
from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Hyperparameter, Int
from kerastune_lite.study.events import (
    Annotated,
    Ended,
    Enqueued,
    ExternalResult,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.layout import JOURNAL
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import Journal, read_events
from tests.faults.injection import FAULTS, Injector, Killed

DEFINITIONS: list[Hyperparameter] = [
    Float("x", 0, 1),
    Float("x", 1e-5, 1, sampling="log"),
    Int("units", 1, 9),
    Choice("kind", ("a", "b", None)),
    Choice("shape", ((1, 2), (3,))),
    Boolean("drop"),
    Fixed("fixed", "é"),
]
FAILURES = [*(name for name, fault in FAULTS.items() if fault.disk), "Ctrl-C"]

numbers = st.integers(0, 5)
positive = st.integers(1, 5)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
metrics = st.dictionaries(texts, st.floats(allow_nan=False), max_size=2)
values = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-9, 9) | texts, max_size=2)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def reads(draw: Any) -> ReadsRecorded:
    """What a trial read: values of some definitions, and others that it met."""
    met = draw(st.lists(st.sampled_from(DEFINITIONS), unique_by=lambda definition: definition.name, max_size=4))
    read = met[: draw(st.integers(0, len(met)))]
    return ReadsRecorded(
        trial=draw(numbers),
        values={definition.name: definition.level(0) for definition in read},
        definitions=tuple(read),
        space=tuple(met),
        complete=draw(st.booleans()),
    )


events = st.one_of(
    st.builds(
        SearchStarted,
        objective=st.just(Objective("score", "max")),
        strategy=st.just({"strategy": "Random"}),
        seed=numbers,
        max_trials=st.none() | positive,
        space=st.none() | st.just(tuple(DEFINITIONS[2:])),
        extends=st.booleans(),
    ),
    st.builds(Enqueued, values=values),
    st.builds(ExternalResult, values=values, score=st.floats(allow_nan=False)),
    st.builds(Started, trial=numbers, attempt=positive, values=values, note=json_values),
    reads(),
    st.builds(Reported, trial=numbers, execution=numbers, epoch=positive, metrics=metrics),
    st.builds(Ended, trial=numbers, outcome=st.sampled_from(["completed", "failed"]), reason=texts, error=texts),
    st.builds(Annotated, key=texts, value=json_values, trial=st.none() | numbers),
)


class JournalMachine(RuleBasedStateMachine):
    """Appends events, damages the file, kills and reopens the journal."""

    def __init__(self) -> None:
        super().__init__()
        self._place = TemporaryDirectory(prefix="journal_")
        self.directory = Path(self._place.name)
        self.path = self.directory / JOURNAL
        self.journal = Journal(self.directory)
        self.kept: dict[int, Any] = {}  # events by their line
        self.damaged: set[int] = set()
        self.lost_reads = False  # or a definition, which is a line of its own

    @initialize()
    def begin(self) -> None:
        """An empty journal reads as nothing."""
        assert read_events(self.directory) == ([], [])

    @rule(event=events)
    def append(self, event: Any) -> None:
        """An event is written."""
        self.journal.append(event)
        self.kept[self.lines() - 1] = event

    @rule(event=events, fault=st.sampled_from(FAILURES), moment=st.integers(0, 2))
    def fail_to_append(self, event: Any, fault: str, moment: int) -> None:
        """The disk refuses, or Ctrl-C comes; a fault that comes later than all operations changes nothing."""
        injector = Injector(self.directory, _Anywhere(fault), moment)
        try:
            with injector.watching():
                self.journal.append(event)
        except (StudyWriteError, KeyboardInterrupt):
            return
        self.kept[self.lines() - 1] = event

    @rule(event=events, moment=st.integers(0, 1))
    def die(self, event: Any, moment: int) -> None:
        """The process dies while it appends; the next one opens the journal."""
        injector = Injector(self.directory, _Anywhere("torn write"), moment)
        with suppress(Killed), injector.watching():
            self.journal.append(event)
        if moment == 1:  # after the write
            self.kept[self.lines() - 1] = event
        self.lost_reads |= moment == 0 and isinstance(event, ReadsRecorded)
        self.reopen()

    @rule()
    def reopen(self) -> None:
        """Another process continues."""
        self.journal.close()
        self.journal = Journal(self.directory)
        assert list(map(self.comparable, self.journal.events())) == self.expected()

    @rule(event=events)
    def overwrite(self, event: Any) -> None:
        """A new record begins."""
        self.journal.close()
        self.journal = Journal(self.directory, overwrite=True)
        self.kept, self.damaged, self.lost_reads = {}, set(), False
        self.append(event)

    @precondition(lambda self: self.lines() > 1)
    @rule(rng=st.randoms(use_true_random=False))
    def flip(self, rng: random.Random) -> None:
        """A byte of a line after the first changes on disk."""
        lines = self.path.read_bytes().split(b"\n")
        number = rng.randrange(1, len(lines) - 1)
        if number in self.damaged:
            return
        line = bytearray(lines[number])
        place = rng.randrange(len(line))
        line[place] ^= 1 if line[place] ^ 1 != ord("\n") else 2
        lines[number] = bytes(line)
        self.path.write_bytes(b"\n".join(lines))
        self.damaged.add(number)
        self.lost_reads |= isinstance(self.kept.get(number), ReadsRecorded | None)

    @invariant()
    def reads_back(self) -> None:
        """A reader beside the writer sees what is undamaged, and is told of each damaged line."""
        found, damage = read_events(self.directory)
        assert list(map(self.comparable, found)) == self.expected()
        assert len(damage) == len(self.damaged)

    def lines(self) -> int:
        """The lines of the file, the header included."""
        return self.path.read_bytes().count(b"\n")

    def expected(self) -> list[Any]:
        """The model's answer."""
        return [self.comparable(event) for line, event in sorted(self.kept.items()) if line not in self.damaged]

    def comparable(self, event: Any) -> Any:
        """An event, as far as it survives the loss of other reads: values stand, definitions may not."""
        if self.lost_reads and isinstance(event, ReadsRecorded):
            return event.trial, event.values, event.complete
        return event

    def teardown(self) -> None:
        """Closes and deletes everything."""
        self.journal.close()
        self._place.cleanup()


class _Anywhere:
    """A fault that hits whatever operation comes."""

    def __init__(self, name: str) -> None:
        self._fault = FAULTS[name]
        self.hits = frozenset({"write", "fsync", "truncate", "open"})

    def at(self, operation: str, change: Any, data: Any, number: int) -> Any:
        if operation != "write" and self._fault.name == "torn write":
            raise Killed
        return self._fault.at(operation, change, data, number)

    def after(self, operation: str, change: Any, data: Any) -> Any:
        return self._fault.after(operation, change, data)
