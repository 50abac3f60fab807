"""Reads records through TensorBoard's data provider and answers what has changed in them."""

import itertools
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

from tensorboard.data import provider

from kerastune_lite_tensorboard.records import analysis_of, study_of, trial_of

PLUGIN = "kerastune_lite"
TRIAL, STUDY, ANALYSIS = "tuning/trial", "tuning/study", "tuning/analysis"

_OF_STUDY = "_tuning"
_OF_TRIAL = re.compile(r"trial_(\d{1,15})(_unfinished)?")

# Between two looks at all runs: so many seconds, and so many times as long as a look takes.
_LEAST_WAIT = 0.5
_WAIT_OF_LOOKS = 20.0

_MOST_DIGITS = 16

# What tensorboard raises for a tensor that it cannot convert.
_UNREADABLE = (TypeError, ValueError, AttributeError, LookupError)

Seen = tuple[Any, Any]  # the last step and the last time of a tag


@final
@dataclass
class _Record:
    """The text of a record, and the version of the study in which it changed last; None as text if it is gone."""

    text: str | None
    version: int


@final
@dataclass
class _Study:
    """What is known of a study.

    Attributes:
        serial: Distinguishes it from others that were in its place before.
        version: Grows with each change.
        seen: The state of each tag that was read, by run and tag.
        trials: The trials by number.
        study: The study's record.
        analysis: The analysis.
        facts: Of the study's record: what the list of studies shows.
        sources: The runs of each trial by number, each with the time and the text of its record.
    """

    serial: int
    version: int = 0
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    trials: dict[int, _Record] = field(default_factory=dict)
    study: _Record = field(default_factory=lambda: _Record(None, 0))
    analysis: _Record = field(default_factory=lambda: _Record(None, 0))
    facts: dict[str, Any] = field(default_factory=dict)
    sources: dict[int, dict[str, tuple[float, str]]] = field(default_factory=dict)


@final
class Studies:
    """The studies in a log directory, read as needed. Safe for threads.

    Args:
        data: TensorBoard's data provider.
        experiment: The experiment's name for the provider.
        clock: The time in seconds.
    """

    def __init__(
        self, data: provider.DataProvider, experiment: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._data = data
        self._experiment = experiment
        self._clock = clock
        self._lock = threading.Lock()
        self._process = secrets.token_hex(4)  # tokens of another server are not known here
        self._serials = itertools.count()
        self._studies: dict[str, _Study] = {}
        self._listed: dict[str, dict[tuple[str, str], Seen]] = {}
        self._look_again = -1.0

    def studies(self, context: Any) -> list[dict[str, Any]]:
        """All studies with a readable record, by run."""
        with self._lock:
            self._look(context)
            return self._list(context)

    def _list(self, context: Any) -> list[dict[str, Any]]:
        found = []
        for run in sorted(self._listed):
            study = self._read(context, run, only_study=True)
            if study.study.text is not None:
                numbers = {_trial_in(trial) for trial, tag in self._listed[run] if tag == TRIAL}
                found.append({"run": run, **study.facts, "trials": len(numbers)})
        return found

    def study(self, context: Any, run: str | None, since: str) -> str | None:
        """What has changed in a study since a token, as JSON; everything for a token that is not known.

        Args:
            context: TensorBoard's request context.
            run: The run below which the study's runs are; "" for the root, None for the study that changed last.
            since: The token of an earlier answer, or "".

        Returns:
            None if there is no study of this run.
        """
        with self._lock:
            self._look(context)
            if run is None:
                studies = self._list(context)
                if not studies:
                    return "null"
                run = max(studies, key=lambda facts: facts["updated"] or 0.0)["run"]
            if run not in self._listed:
                return None
            study = self._read(context, run)
            version = self._version_in(since, study)
            return self._answer(study, run, version)

    def _answer(self, study: _Study, run: str, since: int | None) -> str:
        after = -1 if since is None else since
        changed = [record for record in (study.study, study.analysis) if record.version > after]
        trials = [(number, record) for number, record in sorted(study.trials.items()) if record.version > after]
        texts = [record.text for _, record in trials if record.text is not None]
        removed = [number for number, record in trials if record.text is None and since is not None]
        parts = {
            "run": json.dumps(run),
            "token": json.dumps(f"{self._process}-{study.serial}-{study.version}"),
            "full": json.dumps(since is None),
            "study": (study.study.text if study.study in changed else None) or "null",
            "analysis": (study.analysis.text if study.analysis in changed else None) or "null",
            "trials": f"[{','.join(texts)}]",
            "removed": json.dumps(removed),
        }
        return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"

    def _version_in(self, token: str, study: _Study) -> int | None:
        """The version in a token; None if it is not one that this process has given for this study."""
        start, _, version = token.rpartition("-")
        if start != f"{self._process}-{study.serial}" or not (version.isascii() and version.isdecimal()):
            return None
        return int(version) if len(version) < _MOST_DIGITS and int(version) <= study.version else None

    def _look(self, context: Any) -> None:
        """Lists the runs with records, unless that was done just before."""
        now = self._clock()
        if now < self._look_again:
            return
        listed = self._data.list_tensors(context, experiment_id=self._experiment, plugin_name=PLUGIN) or {}
        found: dict[str, dict[tuple[str, str], Seen]] = {}
        for run, tags in listed.items():
            if _last_part(run) == _OF_STUDY and STUDY in tags:
                found[_directory(run)] = {}
        for run, tags in listed.items():
            study, last = found.get(_directory(run)), _last_part(run)
            wanted = (STUDY, ANALYSIS) if last == _OF_STUDY else (TRIAL,) if _OF_TRIAL.fullmatch(last) else ()
            if study is not None:
                study |= {(run, tag): _seen(tags[tag]) for tag in wanted if tag in tags}
        self._listed = found
        for gone in self._studies.keys() - found.keys():
            del self._studies[gone]
        done = self._clock()
        self._look_again = done + max(_LEAST_WAIT, _WAIT_OF_LOOKS * (done - now))

    def _read(self, context: Any, run: str, *, only_study: bool = False) -> _Study:
        """Takes over what has changed in a study's runs."""
        study = self._studies.get(run)
        if study is None:
            study = self._studies[run] = _Study(next(self._serials))
        listed = self._listed[run]
        changed = [
            place
            for place, seen in listed.items()
            if study.seen.get(place) != seen and not (only_study and place[1] != STUDY)
        ]
        gone = [] if only_study else [place for place in study.seen if place not in listed]
        if not changed and not gone:
            return study
        study.version += 1
        contents = self._contents(context, changed)
        for place in changed:
            study.seen[place] = listed[place]
            content, when = contents.get(place, (None, 0.0))
            self._take(study, place, content, when)
        for place in gone:
            del study.seen[place]
            self._take(study, place, None, 0.0)
        return study

    def _contents(self, context: Any, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Any, float]]:
        """The last record of each place, with its time; without those that cannot be read."""
        runs, tags = {run for run, _ in places}, {tag for _, tag in places}
        if not runs:
            return {}
        try:
            return self._last_of(context, runs, tags)
        except _UNREADABLE:
            found: dict[tuple[str, str], tuple[Any, float]] = {}
            for run, tag in places:  # one by one: the others are well
                with suppress(*_UNREADABLE):
                    found |= self._last_of(context, {run}, {tag})
            return found

    def _last_of(self, context: Any, runs: set[str], tags: set[str]) -> dict[tuple[str, str], tuple[Any, float]]:
        read = self._data.read_tensors(
            context,
            experiment_id=self._experiment,
            plugin_name=PLUGIN,
            downsample=1,
            run_tag_filter=provider.RunTagFilter(runs=runs, tags=tags),
        )
        return {
            (run, tag): (_content(series[-1].numpy), series[-1].wall_time)
            for run, by_tag in (read or {}).items()
            for tag, series in by_tag.items()
            if series
        }

    def _take(self, study: _Study, place: tuple[str, str], content: Any, when: float) -> None:
        run, tag = place
        if tag == STUDY:
            record = study_of(content)
            study.study = _Record(_written(record), study.version)
            study.facts = {} if record is None else {name: record[name] for name in ("name", "updated", "state")}
        elif tag == ANALYSIS:
            study.analysis = _Record(_written(analysis_of(content)), study.version)
        else:
            self._take_trial(study, run, content, when)

    def _take_trial(self, study: _Study, run: str, content: Any, when: float) -> None:
        """A trial may have two runs for a while, unfinished and ended: the later record is valid."""
        number = _trial_in(run)
        record = trial_of(content)
        if record is not None and record["number"] != number:
            record = None
        sources = study.sources.setdefault(number, {})
        sources.pop(run, None)
        text = _written(record)
        if text is not None:
            sources[run] = (when, text)
        latest = max(sources.items(), key=lambda item: (item[1][0], not item[0].endswith("_unfinished")), default=None)
        shown = None if latest is None else latest[1][1]
        before = study.trials.get(number)
        if before is None or before.text != shown:
            study.trials[number] = _Record(shown, study.version)


def _seen(series: Any) -> Seen:
    return series.max_step, series.max_wall_time


def _last_part(run: str) -> str:
    return re.split(r"[/\\]", run)[-1]


def _directory(run: str) -> str:
    """The run without its last part."""
    return run[: -len(_last_part(run))].rstrip("/\\")


def _trial_in(run: str) -> int:
    match = _OF_TRIAL.fullmatch(_last_part(run))
    return int(match[1]) if match is not None else -1


def _content(array: Any) -> Any:
    """What a tensor holds; None if it is not a single text."""
    try:
        return array.item() if array.size == 1 else None
    except (AttributeError, ValueError, TypeError):
        return None


def _written(record: Any) -> str | None:
    return None if record is None else json.dumps(record, separators=(",", ":"), allow_nan=False)
