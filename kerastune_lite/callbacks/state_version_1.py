"""The state files of version 0.1, as this version writes them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kerastune_lite.callbacks.plain import NotPlain, from_json, pack
from kerastune_lite.callbacks.state_file import Arrays


def from_version_1(metadata: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """The content of a file of version 0.1, which held all attributes of callbacks: JSON, and lists of arrays."""
    states: dict[str, dict[str, Any]] = {}
    for who, attributes in _dict(metadata.get("callbacks")).items():
        states[who] = {}
        for name, value in _dict(attributes).items():
            with suppress(NotPlain, RecursionError):  # strings and functions stay those of the new run
                states[who][name] = {"value": from_json(value)}
    others: list[Any] = []
    lists: dict[tuple[str, str], list[Any]] = {}
    for key, array in arrays.items():
        who, *rest = key.split("/")
        if who in states and len(rest) == 2:
            lists.setdefault((who, rest[0]), []).append(array)
    for (who, name), items in lists.items():
        states[who][name] = {"value": pack(items, others)}
    return {**metadata, "callbacks": states}, {
        **arrays,
        **{f"other/{place}": each for place, each in enumerate(others)},
    }


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
