"""The `hp` object, from which `build_model(hp)` reads its hyperparameters.

An `hp` answers each read by name with the proposed value; reads that the proposal does not hold are answered as `unset`
says. It records the reads in order: they identify the trial. It needs neither history nor connection, so it can be sent
to any worker.
"""

import copy
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from kerastune_lite.errors import SpaceError, nearest, warn
from kerastune_lite.space.kinds import (
    Boolean,
    Choice,
    Condition,
    Fixed,
    Float,
    Hyperparameter,
    Int,
    Value,
    definition_from_json,
    definition_to_json,
    from_json,
    to_json,
)
from kerastune_lite.space.number import plain
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.space.scale import Sampling

Unset = Literal["default", "first", "sample"]
"""How a read without a proposed value is answered: the default, the first level, or a random draw."""


class Read(NamedTuple):
    """A hyperparameter's definition and the value returned for it."""

    definition: Hyperparameter
    value: Value


def draw(seed: int, number: int, name: str) -> float:
    """A number in [0, 1) that depends only on these three arguments, not on the order of reads."""
    digest = hashlib.blake2b(f"{seed}/{number}/{name}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class _NoSuchMethod(SpaceError, AttributeError):
    """A name that `hp` does not have: every trial would fail by it, so it ends the search; hasattr() knows it too."""


# How others call what is asked of `hp`, in small letters.
_CALLED = {
    "Int": "int integer suggest_int randint quniform",
    "Float": "float real uniform loguniform suggest_float suggest_uniform suggest_loguniform",
    "Choice": "choice choices categorical suggest_categorical",
    "Boolean": "boolean bool",
    "Fixed": "fixed constant",
}


class HyperParameters:
    """Answers reads from proposed values and records them in order.

    A new instance answers with defaults: `build_model(kt.HyperParameters())` builds the default model. With definitions
    added by hand (`hp.Float(...)`), it prescribes them to a tuner: `Tuner(..., hyperparameters=hp)`.

    Attributes:
        values: Values by name: those read, and those proposed that nobody has read yet. What is set here by hand
            (`hp.values["units"] = 64`) is answered as it is, in the range or not (in a trial: in the range only).

    Args:
        values: Proposed values by name.
        unset: How a read that is not in `values` is answered.
        seed: The study's seed, for `unset="sample"`.
        number: The trial's number, for `unset="sample"`.
        overrides: Definitions that replace those in the user's code.
    """

    def __init__(
        self,
        values: Mapping[str, Value] | None = None,
        *,
        unset: Unset = "default",
        seed: int = 0,
        number: int = 0,
        overrides: Overrides | None = None,
    ) -> None:
        self._proposed = dict(values or {})
        self.values: dict[str, Value] = dict(self._proposed)
        self._unset = unset
        self._seed = seed
        self._number = number
        self._overrides = overrides
        self._read: dict[str, Read] = {}
        self._definitions: dict[tuple[str, str], Hyperparameter] = {}
        self._names: list[str] = []
        self._conditions: list[Condition] = []

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: Sampling | None = "linear",
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Value = None,
    ) -> int:
        """An integer in [min_value, max_value]; both ends are included, unless a `step` misses one.

        Args:
            name: Its name, unique within a trial.
            min_value: Lower end.
            max_value: Upper end.
            step: Difference of levels (`sampling="linear"`), or ratio of levels (the two log samplings). A step that
                misses `max_value` ends with the last level below it; one warning names it. None: every integer.
            sampling: "linear", "log" (each decade equally likely) or "reverse_log" (its mirror image), in any case.
            default: The value without a tuner; `min_value` by default. Between two levels, the nearer one.
            parent_name: The hyperparameter is active only if the one of this name has one of `parent_values`.
            parent_values: A value or a list of them.

        Returns:
            The value; None if the hyperparameter is not active.

        Raises:
            SpaceError: The definition is impossible, or differs from an earlier one in this trial.
        """
        with self._parent(parent_name, parent_values):
            name = self._full_name(name)
            where = tuple(self._conditions)
            definition = Int(name, min_value, max_value, step, sampling or "linear", None, where)
            return cast(int, self._answer(_with_default(definition, default)))

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: Sampling | None = "linear",
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Value = None,
    ) -> float:
        """A real number in [min_value, max_value]; arguments as for `Int`.

        Raises:
            SpaceError: The definition is impossible, or differs from an earlier one in this trial.
        """
        with self._parent(parent_name, parent_values):
            name = self._full_name(name)
            where = tuple(self._conditions)
            definition = Float(name, min_value, max_value, step, sampling or "linear", None, where)
            return cast(float, self._answer(_with_default(definition, default)))

    def Choice(
        self,
        name: str,
        values: Sequence[Value],
        ordered: bool | None = None,
        default: Value = None,
        parent_name: str | None = None,
        parent_values: Value = None,
        weights: Sequence[float] | None = None,
    ) -> Value:
        """One of `values`, which may be anything that JSON can represent; types are preserved.

        Args:
            name: Its name, unique within a trial.
            values: The values, all different.
            ordered: Whether the order of the values matters; True by default for numbers.
            default: One of `values`; the first by default.
            parent_name: As for `Int`.
            parent_values: As for `Int`.
            weights: Relative probability of each value; all above 0.

        Raises:
            SpaceError: The definition is impossible, or differs from an earlier one in this trial.
        """
        with self._parent(parent_name, parent_values):
            name = self._full_name(name)
            where = tuple(self._conditions)
            share = None if weights is None else tuple(weights)
            held = values if isinstance(values, str) else tuple(values)
            return self._answer(Choice(name, cast("tuple[Value, ...]", held), default, ordered, share, where))

    def Boolean(
        self,
        name: str,
        default: bool = False,
        parent_name: str | None = None,
        parent_values: Value = None,
        weights: Sequence[float] | None = None,
    ) -> bool:
        """True or False; `weights` are the relative probabilities of (False, True).

        Raises:
            SpaceError: The definition is impossible, or differs from an earlier one in this trial.
        """
        with self._parent(parent_name, parent_values):
            share = None if weights is None else tuple(weights)
            definition = Boolean(self._full_name(name), default, share, tuple(self._conditions))
            return cast(bool, self._answer(definition))

    def Fixed(self, name: str, value: Value, parent_name: str | None = None, parent_values: Value = None) -> Value:
        """A constant: not tuned, but recorded with each trial.

        Raises:
            SpaceError: JSON cannot represent `value`, or it differs from an earlier one in this trial.
        """
        with self._parent(parent_name, parent_values):
            return self._answer(Fixed(self._full_name(name), value, tuple(self._conditions)))

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """A context in which the names of hyperparameters are prefixed with `name/`."""
        self._names.append(name)
        try:
            yield
        finally:
            self._names.pop()

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Value) -> Iterator[None]:
        """A context in which hyperparameters are active only if `parent_name` has one of `parent_values`.

        The body always runs; reads of inactive hyperparameters return None. A plain `if` around the reads has the same
        effect.

        Raises:
            SpaceError: There is no hyperparameter `parent_name`.
        """
        values = parent_values if isinstance(parent_values, (list, tuple)) else [parent_values]
        self._conditions.append(Condition(self._parent_name(parent_name), tuple(map(plain, values))))
        try:
            yield
        finally:
            self._conditions.pop()

    def get(self, name: str) -> Value:
        """The value of a hyperparameter that was read or proposed.

        Raises:
            KeyError: There is no active hyperparameter of this name.
        """
        full = self._full_name(name)
        if full not in self.values:
            raise KeyError(f"no active hyperparameter {full!r}{nearest(full, self.values)}")
        return self.values[full]

    def __getitem__(self, name: str) -> Value:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._full_name(name) in self.values

    @property
    def reads(self) -> tuple[Read, ...]:
        """The reads in order; active hyperparameters only."""
        if self._unset != "default":
            return tuple(self._read.values())
        return tuple(read._replace(value=self.values[name]) for name, read in self._read.items())

    @property
    def space(self) -> list[Hyperparameter]:
        """Every definition, including inactive ones, in the order of first use."""
        return list(self._definitions.values())

    def is_active(self, hyperparameter: str | Hyperparameter) -> bool:
        """Whether the conditions of a hyperparameter hold, of any definition if a name is given."""
        name = hyperparameter if isinstance(hyperparameter, str) else hyperparameter.name
        met = self.space if isinstance(hyperparameter, str) else [hyperparameter]
        return any(self._holds(definition.conditions) for definition in met if definition.name == name)

    def merge(self, others: "HyperParameters | Iterable[Hyperparameter]") -> None:
        """Reads all definitions of another one here."""
        for definition in others.space if isinstance(others, HyperParameters) else others:
            self._answer(definition)

    def copy(self) -> "HyperParameters":
        """An independent copy with the same values and definitions."""
        return self.from_config(self.get_config())

    def get_config(self) -> dict[str, Any]:
        """Definitions and values as JSON."""
        values = {name: to_json(value) for name, value in self.values.items()}
        return {"space": [definition_to_json(definition) for definition in self.space], "values": values}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "HyperParameters":
        """The inverse of `get_config`."""
        values = {name: from_json(value) for name, value in config["values"].items()}
        return cls.holding(map(definition_from_json, config["space"]), values)

    @classmethod
    def holding(cls, definitions: Iterable[Hyperparameter], values: Mapping[str, Value]) -> "HyperParameters":
        """An instance with these definitions and values; later reads may redefine the hyperparameters."""
        hp = cls(values)
        hp._definitions = {(definition.name, definition.identity): definition for definition in definitions}
        return hp

    def __repr__(self) -> str:
        return f"HyperParameters({self.values})"

    if not TYPE_CHECKING:  # a checker of types is to find the mistake itself

        def __getattr__(self, name: str) -> Any:
            """Says what is meant by a name that is another library's, or in small letters."""
            meant = next((kind for kind, names in _CALLED.items() if name.lower() in names.split()), None)
            known = [known for known in dir(self) if not known.startswith("_")]
            hint = nearest(name, known) if meant is None else f"; did you mean hp.{meant}?"
            raise _NoSuchMethod(f"hp has no attribute {name!r}{hint}")

    def _full_name(self, name: str) -> str:
        return "/".join([*self._names, name]) if self._names and isinstance(name, str) else name

    @contextmanager
    def _parent(self, name: str | None, values: Value) -> Iterator[None]:
        if name is None:
            yield
        else:
            with self.conditional_scope(name, values):
                yield

    def _parent_name(self, name: str) -> str:
        """The parent's full name: within the current name scope if it exists there, else as given."""
        known = {definition.name for definition in self._definitions.values()}
        for candidate in (self._full_name(name), name):
            if candidate in known:
                return candidate
        raise SpaceError(
            f"parent hyperparameter {name!r} does not exist; read it before its dependents{nearest(name, known)}"
        )

    def _holds(self, conditions: Iterable[Condition]) -> bool:
        active = {name: self.values[name] for name in self._read}
        return all(condition.holds(active) for condition in conditions)

    def _answer(self, definition: Hyperparameter) -> Value:
        if self._overrides is not None:
            definition = self._overrides.settle(definition)
        self._definitions.setdefault((definition.name, definition.identity), definition)
        if definition.conditions and not self._holds(definition.conditions):
            return None
        read = self._read.get(definition.name)
        if read is None:
            value = self.values[definition.name] = self._choose(definition)
            read = self._read[definition.name] = Read(definition, value)
        elif replace(read.definition, conditions=()) != replace(definition, conditions=()):  # type: ignore[type-var]
            raise SpaceError(
                f"hyperparameter {definition.name!r} is defined twice in one trial: first {read.definition}, "
                f"then {definition}; rename one of them"
            )
        value = self.values[definition.name]
        if isinstance(value, (list, dict, tuple)):
            value = copy.deepcopy(value)  # the user may change it; the record must not
        if self._unset != "default" and value != read.value:
            raise SpaceError(
                f"hp.values[{definition.name!r}] was changed to {value!r} after {read.value!r} was read in this trial; "
                "set it before the first read"
            )
        return value

    def _choose(self, definition: Hyperparameter) -> Value:
        name = definition.name
        if name in self.values:
            value = definition.plain(self.values[name])
            by_hand = name not in self._proposed or self._proposed[name] != self.values[name]
            if value in definition or (by_hand and self._unset == "default"):
                return value
            if by_hand:
                raise SpaceError(f"hp.values[{name!r}] = {value!r} was set in a trial, but {definition} cannot have it")
        if self._unset == "default":
            return definition.default
        if self._unset == "first":
            return definition.level(0)
        return definition.from_unit(draw(self._seed, self._number, definition.name))


def _with_default(definition: "Int | Float", default: float | None) -> "Int | Float":
    """`definition` with the given default, moved to the nearest level; warns of an end that the step misses."""
    missed = definition.scale.missed_end()
    if missed is not None:
        _warn_once(f"hyperparameter {definition.name!r}: with step={definition.step}, {missed}")
    if default is None:
        return definition
    inside = isinstance(default, (int, float)) and definition.min_value <= default <= definition.max_value
    if definition.step is not None and inside and default not in definition:
        level = definition.level(definition.scale.index(default))
        _warn_once(f"hyperparameter {definition.name!r}: default={default} is no level; the nearest is {level}")
        default = level
    return replace(definition, default=default)


@functools.cache
def _warn_once(text: str) -> None:
    """Warns once: each trial reads the space again."""
    warn(text, UserWarning, stacklevel=4)
