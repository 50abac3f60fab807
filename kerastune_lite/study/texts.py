"""Bounds the texts that events carry: an error of 20 MB tells no more than its beginning and its end."""

from dataclasses import replace
from typing import Any

from kerastune_lite.study.events import Annotated, Ended, Event

LONGEST = 50_000  # characters


def bounded(event: Event) -> Event:
    """The event with each text of people and programs (reason, error, annotation) bounded; values stay as they are."""
    if isinstance(event, Ended):
        return replace(event, reason=_cut(event.reason), error=_cut(event.error))
    if isinstance(event, Annotated):
        return replace(event, value=_cut(event.value))
    return event


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        half = LONGEST // 2
        return f"{value[:half]}\n... ({len(value) - 2 * half} characters left out) ...\n{value[-half:]}"
    if isinstance(value, list):
        return [_cut(item) for item in value]
    return {name: _cut(item) for name, item in value.items()} if isinstance(value, dict) else value
