"""Two trials compared: what differs, and what the record holds between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from kerastune_lite.space.kinds import Value, key
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


@final
@dataclass(frozen=True)
class Change:
    """A step of a path between two trials.

    Attributes:
        trial: The trial reached.
        score: Its score; None without one.
        names: The hyperparameters that changed since the trial before.
    """

    trial: int
    score: float | None
    names: tuple[str, ...]


def differences(one: Trial, other: Trial) -> list[str]:
    """The hyperparameters that have different values, or that only one of them reads, in the order read."""
    names = dict.fromkeys([*one.values, *other.values])
    return [name for name in names if _at(one.values, name) != _at(other.values, name)]


def _at(values: Mapping[str, Value], name: str) -> str | None:
    """The value as text, of which no two values have the same; None if it is not read."""
    return key(values[name]) if name in values else None


def ablation_path(history: History, start: Trial, end: Trial) -> list[Change]:
    """From one trial to another by as many recorded trials in between as possible, each closer to the end.

    Every trial on the path has, for each hyperparameter in which the two differ, the value of one of them, and once
    changed it stays. Where the record holds none in between, the path is one step. Fawcett and Hoos, "Analysing
    differences between algorithm configurations through ablation" (2016), try the trials that are missing.

    Args:
        history: The study.
        start: Where the path begins, such as the trial of the defaults.
        end: Where it ends, such as the best one.
    """
    differing = differences(start, end)
    changed = {end.number: frozenset(differing), start.number: frozenset[str]()}
    for trial in history.ranked():
        if trial.number not in changed and _mixes(trial, start, end):
            changed[trial.number] = frozenset(
                name for name in differing if _at(trial.values, name) == _at(end.values, name)
            )
    return [
        Change(number, history[number].score, tuple(name for name in differing if name in names))
        for number, names in _longest_chain(changed, start.number, end.number)
    ]


def _mixes(trial: Trial, start: Trial, end: Trial) -> bool:
    """Whether each of a trial's values, or the absence of it, is that of one of two others."""
    names = dict.fromkeys([*trial.values, *start.values, *end.values])
    return all(_at(trial.values, name) in (_at(start.values, name), _at(end.values, name)) for name in names)


def _longest_chain(changed: Mapping[int, frozenset[str]], start: int, end: int) -> Sequence[tuple[int, frozenset[str]]]:
    """The longest chain of growing sets from `start` to `end`: each number but the first with what is new."""
    order = sorted((number for number in changed if number != start), key=lambda number: len(changed[number]))
    best: dict[int, list[int]] = {start: [start]}
    for number in order:
        before = [chain for last, chain in best.items() if changed[last] < changed[number]]
        if before:
            best[number] = [*max(before, key=len), number]
    chain = best.get(end, [start, end])
    return [(number, changed[number] - changed[before]) for before, number in pairwise(chain)]


def default_trial(history: History) -> Trial | None:
    """The scored trial that has the default of every hyperparameter that it reads; None if there is none."""
    for trial in sorted(history.ranked(), key=lambda trial: trial.number):
        defaults = {definition.name: definition.default for definition in trial.definitions}
        if trial.values and all(key(defaults.get(name)) == key(value) for name, value in trial.values.items()):
            return trial
    return None
