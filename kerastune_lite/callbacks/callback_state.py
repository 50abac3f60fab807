"""What training changes in a callback: saved with the training, and restored into a fresh callback of the same class.

The file with the state may be edited, so a fresh callback takes only plain data from it, and only in place of plain
data. The arguments of its constructor, paths, names, functions and other objects stay those of the new run.
"""

import inspect
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import keras

from kerastune_lite.callbacks.plain import Array, NotPlain, as_kind, checksum, pack, plain_kind, unpack

Callback = Any
"""A Keras callback; Keras is not typed."""

# Attributes that Keras sets on every callback.
_NOT_STATE = frozenset({"model", "_model", "params", "_params"})
# Callbacks that monitor a metric choose these two in the first epoch. A fresh one chooses them again.
_CHOSEN = frozenset({"monitor_op", "min_delta"})
_VALUE, _ARGUMENT = "value", "argument"


class _Mark(NamedTuple):
    """An attribute at one time: its packed value and the checksum of its arrays, or its parts if it is not plain."""

    packed: Any
    checksum: int
    parts: Sequence[tuple[Any, Any]] | None


Beginning = Mapping[str, Mapping[str, _Mark]]
"""The attributes of callbacks when a training begins, by the callback's name."""

Packed = dict[str, dict[str, Any]]
"""The packed attributes of callbacks, by the callback's name."""

Lost = dict[str, list[str]]
"""The attributes that a resumed callback lacks, by the callback's name."""


def named(callbacks: Sequence[Callback]) -> Iterator[tuple[str, Callback]]:
    """Callbacks with names that are stable across runs of a script: the class and an index within the class."""
    seen: Counter[str] = Counter()
    for callback in callbacks:
        kind = callback.__class__.__qualname__
        yield f"{kind}#{seen[kind]}", callback
        seen[kind] += 1


def begin(callbacks: Sequence[Callback]) -> Beginning:
    """What `capture` compares with to see what the training has changed."""
    return {who: {name: _mark(value) for name, value in _attributes(callback)} for who, callback in named(callbacks)}


def capture(callbacks: Sequence[Callback], begun: Beginning, arrays: list[Array]) -> tuple[Packed, Lost]:
    """What the training has changed, and what of that cannot be kept.

    Args:
        callbacks: The callbacks.
        begun: Their attributes when the training began; empty if that is not known.
        arrays: The arrays of all callbacks; appended to.
    """
    kept: Packed = {}
    lost: Lost = {}
    for who, callback in named(callbacks):
        kept[who], before, own = {}, begun.get(who), _own_names(callback.__class__)
        for name, value in _attributes(callback):
            found, mark = _packed(value), (before or {}).get(name)
            if (found is None and name in own) or (mark is not None and _same(value, found, mark)):
                continue
            if found is not None:
                kept[who][name] = _entry(value, arrays, mark)
            elif before is not None:
                lost.setdefault(who, []).append(name)
    return kept, lost


def restore(callbacks: Sequence[Callback], saved: Mapping[str, Any], arrays: Sequence[Array]) -> Lost:
    """Gives fresh callbacks what the training had changed; returns what could not be restored."""
    lost: Lost = {}
    for who, callback in named(callbacks):
        for name, entry in dict(saved.get(who, {})).items():
            try:
                if not _restore(callback, name, entry, arrays):
                    lost.setdefault(who, []).append(name)
            except (NotPlain, RecursionError):
                lost.setdefault(who, []).append(name)
    return lost


def describe(lost: Lost) -> str:
    """For people: what of callbacks could not be restored."""
    return ", ".join(f"{name} of {who.partition('#')[0]}" for who, names in lost.items() for name in names)


def _restore(callback: Callback, name: str, entry: Any, arrays: Sequence[Array]) -> bool:
    """Restores an attribute; False if it must stay as it is."""
    if not _is_state(callback.__class__, name) or not isinstance(entry, dict) or _VALUE not in entry:
        return False
    value = unpack(entry[_VALUE], arrays)
    if name not in vars(callback):
        setattr(callback, name, value)  # one that the training creates
        return True
    present = vars(callback)[name]
    found = _packed(present)
    if found is None or (name in _parameters(callback.__class__) and entry.get(_ARGUMENT) != _argument(_mark(present))):
        return False
    if isinstance(present, keras.Variable):
        present.assign(value)
    else:
        setattr(callback, name, as_kind(value, present))
    return True


def _entry(value: Any, arrays: list[Array], mark: _Mark | None) -> dict[str, Any]:
    entry = {_VALUE: pack(plain_kind(value), arrays)}
    return entry if mark is None else {**entry, _ARGUMENT: _argument(mark)}


def _argument(mark: _Mark) -> list[Any]:
    """The value when the training began: an argument is restored only if the new run has the same one."""
    return [mark.packed, mark.checksum]


def _attributes(callback: Callback) -> Iterator[tuple[str, Any]]:
    """The attributes that may be state."""
    return ((name, value) for name, value in vars(callback).items() if _is_state(callback.__class__, name))


@lru_cache(maxsize=1024)
def _is_state(kind: type, name: str) -> bool:
    """Whether an attribute of a class of callbacks may be state."""
    if not name.isidentifier() or name.startswith("__") or name in _NOT_STATE:
        return False
    if name in _CHOSEN and hasattr(kind, "_set_monitor_op"):
        return False
    of_class = inspect.getattr_static(kind, name, None)
    return not callable(of_class) and not hasattr(type(of_class), "__get__")


@lru_cache
def _parameters(kind: type) -> frozenset[str]:
    """The names of the arguments of a class and its bases."""
    constructors = [base.__init__ for base in kind.__mro__ if "__init__" in vars(base)]  # type: ignore[misc]
    return frozenset(name for one in constructors for name in inspect.signature(one).parameters)


@lru_cache
def _own_names(kind: type) -> frozenset[str]:
    """The names in the code of Keras's and our own classes: each training makes their objects, such as open files."""
    ours = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in ("keras", "kerastune_lite")]
    functions = [value for base in ours for value in vars(base).values() if isinstance(value, FunctionType)]
    return frozenset(name for function in functions for name in function.__code__.co_names)


def _packed(value: Any) -> tuple[Any, list[Array]] | None:
    arrays: list[Array] = []
    try:
        return pack(plain_kind(value), arrays), arrays
    except (NotPlain, RecursionError):
        return None


def _mark(value: Any) -> _Mark:
    found = _packed(value)
    return _Mark(None, 0, _parts(value)) if found is None else _Mark(found[0], checksum(found[1]), None)


def _same(value: Any, found: tuple[Any, list[Array]] | None, mark: _Mark) -> bool:
    if found is not None:
        return mark.parts is None and found[0] == mark.packed and checksum(found[1]) == mark.checksum
    if mark.parts is None:
        return False
    now = _parts(value)
    return len(now) == len(mark.parts) and all(
        one is two and plain == before for (one, plain), (two, before) in zip(now, mark.parts, strict=True)
    )


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """An object and what it holds: each part is an object by its identity, or plain data by its value."""
    held: list[Any] = []
    if isinstance(value, dict):
        held = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        held = list(value)
    elif not isinstance(value, (type, FunctionType, ModuleType, keras.Model)):
        held = list(getattr(value, "__dict__", {}).values())
    marks = [(item, _packed(item)) for item in held]
    plain = [(item, None) if found is None else (None, (found[0], checksum(found[1]))) for item, found in marks]
    return [(value, None), *plain]
