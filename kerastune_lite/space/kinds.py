"""The five kinds of hyperparameter.

Each definition is a frozen value with its own encodings: levels, position on the unit interval, JSON. Definitions are
independent of trials.
"""

import bisect
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Self, final

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.number import number, plain
from kerastune_lite.space.scale import Sampling, Scale

Value = Any
"""A hyperparameter's value: anything that JSON can represent, and tuples."""

_TUPLE = "__tuple__"


def to_json(value: Value) -> Any:
    """`value` as plain JSON; tuples are tagged so that they can be restored."""
    if isinstance(value, tuple):
        return {_TUPLE: [to_json(item) for item in value]}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(data: Any) -> Value:
    """The inverse of `to_json`."""
    if isinstance(data, dict):
        if data.keys() == {_TUPLE}:
            return tuple(from_json(item) for item in data[_TUPLE])
        return {key: from_json(item) for key, item in data.items()}
    return [from_json(item) for item in data] if isinstance(data, list) else data


_encode = json.JSONEncoder(sort_keys=True).encode  # json.dumps makes a new encoder each time


def key(value: Value) -> str:
    """A string that is equal only for equal values of equal type: True, 1 and 1.0 differ."""
    return _encode(to_json(value))


@dataclass(frozen=True, eq=False)
class Condition:
    """A hyperparameter is active only if `parent` is active and has one of `values`."""

    parent: str
    values: tuple[Value, ...]

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        return tuple(map(key, self.values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and (self.parent, self._keys) == (other.parent, other._keys)

    def __hash__(self) -> int:
        return hash((self.parent, self._keys))

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether `values` (of the active hyperparameters, by name) satisfy the condition."""
        return self.parent in values and key(values[self.parent]) in self._keys


class Hyperparameter(ABC):
    """A named hyperparameter. Definitions are equal if all their fields are, including the types of values."""

    name: str
    default: Value
    conditions: tuple[Condition, ...]

    @abstractmethod
    def count(self) -> int | None:
        """The number of levels; None if there are infinitely many."""

    @abstractmethod
    def level(self, index: int) -> Value:
        """The level number `index`, from 0."""

    @abstractmethod
    def from_unit(self, unit: float) -> Value:
        """The value at `unit` in [0, 1); maps a uniform draw to a draw from the hyperparameter's prior."""

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """The position of `value` in [0, 1]; for a level, the middle of its interval."""

    @abstractmethod
    def __contains__(self, value: Value) -> bool:
        """Whether `value` is a possible value."""

    def plain(self, value: Value) -> Value:
        """`value` in the type of this hyperparameter, if it is a number of another library or kind."""
        return plain(value)

    @abstractmethod
    def union(self, other: Self) -> "Hyperparameter":
        """A definition that covers both, which are of the same kind; for tables and plots."""

    @property
    def kind(self) -> str:
        """`Float`, `Int`, `Choice`, `Boolean` or `Fixed`."""
        return type(self).__name__

    @cached_property
    def identity(self) -> str:
        """A string that is equal only for equal definitions."""
        return json.dumps(definition_to_json(self), sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hyperparameter) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        """The definition as written in code."""
        parts = [repr(self.name)]
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name not in ("name", "conditions") and value is not None:
                parts.append(f"{field.name}={value!r}")
        parts += [f"if {condition.parent} in {list(condition.values)}" for condition in self.conditions]
        return f"{self.kind}({', '.join(parts)})"


def _error(name: str, problem: str) -> SpaceError:
    return SpaceError(f"hyperparameter {name!r}: {problem}")


def _shown(value: Value) -> str:
    """`value` as in code; an integer of thousands of digits has no text."""
    try:
        return repr(value)
    except ValueError:
        return f"of type {type(value).__name__}"


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise SpaceError(f"a hyperparameter's name must be a non-empty string, got {name!r}")
    if json.loads(_encode(name)) != name:
        raise SpaceError(f"the name {name!r} changes when written as JSON; do not write a character as two surrogates")


def _number(name: str, argument: str, value: Any, *, whole: bool) -> float:
    """`value` as a plain number; an Int takes integers and floats without a fraction."""
    found = number(value)
    if found is None:
        raise _error(name, f"{argument} must be a number, got {value!r}")
    try:
        real = float(found)
    except OverflowError as error:
        raise _error(name, f"{argument} is too large: integers must be below 1.8e308; use its logarithm") from error
    if not whole:
        return real
    if isinstance(found, float) and not found.is_integer():
        raise _error(name, f"{argument} must be an integer, got {value!r}; use Float for real numbers")
    return int(found)


def _set(definition: Hyperparameter, **values: object) -> None:
    """Sets fields of a frozen dataclass; for `__post_init__`."""
    for field, value in values.items():
        object.__setattr__(definition, field, value)


def _set_range(definition: "Float | Int", *, whole: bool) -> None:
    """Checks the range and default of a numeric definition and stores them as plain numbers."""
    name, sampling = definition.name, definition.sampling
    _check_name(name)
    low = _number(name, "min_value", definition.min_value, whole=whole)
    high = _number(name, "max_value", definition.max_value, whole=whole)
    step = None if definition.step is None else _number(name, "step", definition.step, whole=whole)
    sampling = sampling.lower() if isinstance(sampling, str) else sampling  # type: ignore[assignment]
    _set(definition, min_value=low, max_value=high, step=step, sampling=sampling)
    if problem := definition.scale.problem():
        raise _error(name, problem)
    given = definition.default
    default = definition.level(0) if step is not None else low
    _set(definition, default=default if given is None else _number(name, "default", given, whole=whole))
    if definition.default not in definition:
        levels = "" if step is None else f" in steps of {step}"
        raise _error(name, f"default={definition.default} is not in [{low}, {high}]{levels}")


def _is_number(value: Value) -> bool:
    return number(value) is not None


@final
@dataclass(frozen=True, repr=False, eq=False)
class Float(Hyperparameter):
    """A real number in [min_value, max_value]."""

    name: str
    min_value: float
    max_value: float
    step: float | None = None
    sampling: Sampling = "linear"
    default: Value = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _set_range(self, whole=False)

    @cached_property
    def scale(self) -> Scale:
        """The range and its sampling."""
        return Scale(self.min_value, self.max_value, self.step, self.sampling, whole=False)

    def count(self) -> int | None:
        return self.scale.count()

    def level(self, index: int) -> float:
        return self.scale.level(index)

    def from_unit(self, unit: float) -> float:
        return self.scale.at(unit)

    def to_unit(self, value: Value) -> float:
        return self.scale.unit(value)

    def __contains__(self, value: Value) -> bool:
        found = number(value)
        return found is not None and self.scale.holds(found)

    def plain(self, value: Value) -> Value:
        number = plain(value)
        return float(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else number

    def union(self, other: Self) -> "Float":
        return replace(self, **_union_of_ranges(self, other))


@final
@dataclass(frozen=True, repr=False, eq=False)
class Int(Hyperparameter):
    """An integer in [min_value, max_value]."""

    name: str
    min_value: int
    max_value: int
    step: int | None = None
    sampling: Sampling = "linear"
    default: Value = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _set_range(self, whole=True)

    @cached_property
    def scale(self) -> Scale:
        """The range and its sampling."""
        return Scale(self.min_value, self.max_value, self.step, self.sampling, whole=True)

    def count(self) -> int | None:
        return self.scale.count()

    def level(self, index: int) -> int:
        return int(self.scale.level(index))

    def from_unit(self, unit: float) -> int:
        return int(self.scale.at(unit))

    def to_unit(self, value: Value) -> float:
        return self.scale.unit(value)

    def __contains__(self, value: Value) -> bool:
        found = number(value)
        return found is not None and self.scale.holds(found)

    def plain(self, value: Value) -> Value:
        number = plain(value)
        return int(number) if isinstance(number, float) and number.is_integer() else number

    def union(self, other: Self) -> "Int":
        return replace(self, **_union_of_ranges(self, other))


def _union_of_ranges(one: "Float | Int", other: "Float | Int") -> dict[str, Any]:
    """Fields of a range that covers both, without a step; linear if the samplings differ."""
    return {
        "min_value": min(one.min_value, other.min_value),
        "max_value": max(one.max_value, other.max_value),
        "step": None,
        "sampling": one.sampling if one.sampling == other.sampling else "linear",
        "conditions": (),
    }


def _check_weights(name: str, weights: Sequence[float] | None, count: int) -> tuple[float, ...] | None:
    if weights is None:
        return None
    if len(weights) != count:
        raise _error(name, f"weights={weights!r} has {len(weights)} entries for {count} values; give one per value")
    plain = tuple(_number(name, "a weight", weight, whole=False) for weight in weights)
    if not all(math.isfinite(weight) and weight > 0 for weight in plain):
        raise _error(name, f"weights={weights!r} must all be above 0; remove values that should never be chosen")
    return plain


def _share_at(unit: float, weights: Sequence[float] | None, count: int) -> int:
    """The index of the interval of [0, 1) that contains `unit`, of `count` intervals."""
    if weights is None:
        return min(int(unit * count), count - 1)
    ends = list(accumulate(weights))
    return min(bisect.bisect_right(ends, unit * ends[-1]), count - 1)


def _middle_of_share(index: int, weights: Sequence[float] | None, count: int) -> float:
    if weights is None:
        return (index + 0.5) / count
    return (sum(weights[:index]) + weights[index] / 2) / sum(weights)


def _plain(name: str, value: Value) -> Value:
    """A copy of `value` with numpy numbers converted to Python's; raises if JSON would change it."""
    try:
        copy = _copy(name, value)
    except (TypeError, ValueError, RecursionError) as error:
        raise _error(
            name,
            f"value {_shown(value)} cannot be written as JSON ({error}); "
            "use a string and look the value up in build_model",
        ) from error
    return copy


def _copy(name: str, value: Value) -> Value:
    if value is None or type(value) is bool or (type(value) is str and value.isascii()):
        return value  # most values are plain, and a choice may have thousands
    if (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < 2**63):
        return value
    if isinstance(value, (list, tuple)):
        items = [_copy(name, item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    value = plain(value)
    copy = from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))
    if copy != value:
        raise _error(name, f"value {value!r} changes when written as JSON; use strings as keys")
    return copy


@final
@dataclass(frozen=True, repr=False, eq=False)
class Choice(Hyperparameter):
    """One of `values`. Types are preserved: True, 1 and 1.0 are three values."""

    name: str
    values: tuple[Value, ...]
    default: Value = None
    ordered: bool | None = None
    weights: tuple[float, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise _error(self.name, f"values must be a list, got {self.values!r}")
        values = tuple(_plain(self.name, value) for value in self.values)
        if not values:
            raise _error(self.name, "values is empty; give at least one")
        _set(self, values=values)
        keys = self._indices
        if len(keys) < len(values):
            double = next(value for index, value in enumerate(values) if keys[key(value)] != index)
            raise _error(self.name, f"values={list(values)} holds {double!r} twice; use weights to prefer a value")
        default = values[0] if self.default is None else _plain(self.name, self.default)
        if key(default) not in keys:
            raise _error(self.name, f"default={default!r} is not among values={list(values)}")
        ordered = all(map(_is_number, values)) if self.ordered is None else self.ordered
        if ordered and not (all(map(_is_number, values)) or all(isinstance(value, str) for value in values)):
            raise _error(self.name, f"ordered=True needs values of one type, got {list(values)}")
        weights = _check_weights(self.name, self.weights, len(values))
        _set(self, default=default, ordered=ordered, weights=weights)

    @cached_property
    def _indices(self) -> dict[str, int]:
        """The index of each value, by its `key`."""
        return {key(value): index for index, value in enumerate(self.values)}

    def count(self) -> int:
        return len(self.values)

    def level(self, index: int) -> Value:
        return self.values[index]

    def from_unit(self, unit: float) -> Value:
        return self.values[_share_at(unit, self.weights, len(self.values))]

    def to_unit(self, value: Value) -> float:
        index = self._indices[key(value)]
        return _middle_of_share(index, self.weights, len(self.values))

    def __contains__(self, value: Value) -> bool:
        try:
            return key(value) in self._indices
        except TypeError:
            return False

    def union(self, other: Self) -> "Choice":
        theirs = (other.level(index) for index in range(other.count()))  # a Fixed may have become a Choice
        values = (*self.values, *(value for value in theirs if value not in self))
        ordered = self.ordered and all(map(_is_number, values))
        return replace(self, values=values, ordered=ordered, weights=None, conditions=())


@final
@dataclass(frozen=True, repr=False, eq=False)
class Boolean(Hyperparameter):
    """False or True; `weights` are in this order."""

    name: str
    default: Value = False
    weights: tuple[float, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        default = False if self.default is None else plain(self.default)
        if not isinstance(default, bool):
            raise _error(self.name, f"default must be True or False, got {default!r}")
        _set(self, default=default, weights=_check_weights(self.name, self.weights, 2))

    def count(self) -> int:
        return 2

    def level(self, index: int) -> bool:
        return index == 1

    def from_unit(self, unit: float) -> bool:
        return _share_at(unit, self.weights, 2) == 1

    def to_unit(self, value: Value) -> float:
        return _middle_of_share(int(value), self.weights, 2)

    def __contains__(self, value: Value) -> bool:
        return isinstance(value, bool)

    def union(self, other: Self) -> "Boolean":
        return replace(self, weights=None, conditions=())


@final
@dataclass(frozen=True, repr=False, eq=False)
class Fixed(Hyperparameter):
    """A constant: not tuned, but recorded."""

    name: str
    value: Value
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _set(self, value=_plain(self.name, self.value))

    @property
    def default(self) -> Value:
        """The value itself."""
        return self.value

    def count(self) -> int:
        return 1

    def level(self, index: int) -> Value:
        return self.value

    def from_unit(self, unit: float) -> Value:
        return self.value

    def to_unit(self, value: Value) -> float:
        return 0.5

    def __contains__(self, value: Value) -> bool:
        try:
            return key(value) == key(self.value)
        except TypeError:
            return False

    def union(self, other: Self) -> Hyperparameter:
        if other == self:
            return replace(self, conditions=())
        return Choice(self.name, (self.value, other.value))


_KINDS: dict[str, type[Hyperparameter]] = {kind.__name__: kind for kind in (Float, Int, Choice, Boolean, Fixed)}


def definition_to_json(definition: Hyperparameter) -> dict[str, Any]:
    """A definition as plain JSON."""
    data: dict[str, Any] = {"kind": definition.kind}
    for field in fields(definition):  # type: ignore[arg-type]
        value = getattr(definition, field.name)
        if field.name == "conditions":
            data[field.name] = [[condition.parent, to_json(list(condition.values))] for condition in value]
        else:
            data[field.name] = to_json(list(value)) if field.name in ("values", "weights") and value else to_json(value)
    return data


def definition_from_json(data: Mapping[str, Any]) -> Hyperparameter:
    """The inverse of `definition_to_json`."""
    arguments = {name: from_json(value) for name, value in data.items() if name != "kind"}
    conditions = tuple(Condition(parent, tuple(values)) for parent, values in arguments.pop("conditions", ()))
    return _KINDS[data["kind"]](conditions=conditions, **arguments)  # type: ignore[call-arg]
