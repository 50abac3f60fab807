"""The observer that writes TensorBoard files from events.

Layout below the study's `tensorboard/`: `trial_0003` is one run with one event file; `_search` describes the whole
search; `_schema_N` contains only the columns of the HParams tab, which need a run of their own. When the space grows, a
run with the next number replaces it.
"""

import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import final

from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from kerastune_lite.errors import cannot_write
from kerastune_lite.observers.tensorboard.columns import BEST, cells, experiment, tags
from kerastune_lite.observers.tensorboard.event_file import EventFile, has_ended
from kerastune_lite.observers.tensorboard.overwritten import delete_runs
from kerastune_lite.observers.tensorboard.texts import leaderboard, settings_text, trial_text
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    Annotated,
    Ended,
    Event,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import trial_name
from kerastune_lite.study.trial import Trial

_LEADERS = 20
_FAILED = ("failed", "infeasible")


@final
class SearchBoard:
    """Writes a search for TensorBoard, event by event, and rewrites runs that an earlier process left incomplete.

    Args:
        directory: The directory of all runs.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open: dict[int, TrialRun] = {}
        self._search: EventFile | None = None
        self._metrics: dict[str, None] = {}
        self._schema: object = None
        self._leaders: list[tuple[int, float | None]] | None = None

    def __call__(self, event: Event, history: History) -> None:
        """Writes what the event changes.

        Raises:
            StudyWriteError: A file could not be written; the event is recorded nevertheless.
        """
        try:
            self._write(event, history)
        except OSError as error:
            raise cannot_write(self.directory, error) from error

    def _write(self, event: Event, history: History) -> None:
        match event:
            case SearchStarted():
                self._catch_up(event, history)
            case Started() if event.attempt > 1 and history[event.trial].reads_known:
                self._begin(history[event.trial], history)
            case ReadsRecorded() if event.complete or event.trial in self._open:
                self._declare(history, event.stamp.wall)
                self._begin(history[event.trial], history)
            case Reported():
                self._report(event, history)
            case Ended():
                self._end(event, history)
            case Annotated(key=key) if key == SEARCH_ENDED:
                self._lead(history, event.stamp.wall)
                self.close()
            case _:
                pass

    def delete_runs(self, events: Sequence[Event]) -> None:
        """Deletes the runs of the study whose record these events were.

        Raises:
            StudyWriteError: A run cannot be deleted.
        """
        delete_runs(self.directory, events)

    def close(self) -> None:
        """Closes all files."""
        for run in self._open.values():
            run.close()
        self._open.clear()
        if self._search is not None:
            self._search.close()
            self._search = None

    def _catch_up(self, event: SearchStarted, history: History) -> None:
        """Rewrites the search's own run, and each trial's run whose end is not in its file."""
        trials = history.trials
        for trial in trials:
            self._metrics |= dict.fromkeys(trial.metrics)
        self._declare(history, event.stamp.wall)
        self._search = EventFile(self.directory / "_search", event.stamp.wall)
        self._leaders = None
        self._search.text("search/settings", settings_text(event), 0, event.stamp.wall)
        best: Trial | None = None
        for count, trial in enumerate((trial for trial in trials if trial.ended), start=1):
            best = trial if trial.succeeded and (best is None or trial.sort_key() < best.sort_key()) else best
            self._tell(trial, best, count)
            if not (trial.status == "duplicate" or has_ended(self._run(trial))):
                self._begin(trial, history)
                self._finish(trial)
        self._lead(history, event.stamp.wall)

    def _run(self, trial: Trial) -> Path:
        return self.directory / trial_name(trial.number)

    def _declare(self, history: History, wall: float) -> None:
        """Writes the columns if they have changed."""
        schema = experiment(history.space, history.objective, self._metrics, 0.0)
        if schema == self._schema:
            return
        self._schema = schema
        earlier = list(self.directory.glob("_schema_*"))
        number = max((int(path.name.rpartition("_")[2]) for path in earlier), default=0) + 1
        for path in earlier:
            shutil.rmtree(path)
        file = EventFile(self.directory / f"_schema_{number}", wall)
        schema = experiment(history.space, history.objective, self._metrics, wall)
        file.hparams(metadata.EXPERIMENT_TAG, wall, experiment=schema)
        file.close()

    def _begin(self, trial: Trial, history: History) -> None:
        """Writes a trial's run from the history and leaves it open."""
        if trial.number in self._open:
            self._open.pop(trial.number).close()
        self._open[trial.number] = TrialRun(self._run(trial), trial, history)

    def _report(self, event: Reported, history: History) -> None:
        trial = history[event.trial]
        if not event.metrics.keys() <= self._metrics.keys():
            self._metrics |= dict.fromkeys(event.metrics)
            self._declare(history, event.stamp.wall)
        run = self._open.get(event.trial)
        if run is None or not run.goes_on_with(event):
            self._begin(trial, history)
        else:
            run.report(event, trial)

    def _end(self, event: Ended, history: History) -> None:
        trial = history[event.trial]
        if event.outcome == "duplicate":
            if event.trial in self._open:
                self._open.pop(event.trial).close()
            shutil.rmtree(self._run(trial), ignore_errors=True)
            return
        if event.trial not in self._open:
            self._declare(history, event.stamp.wall)
            self._begin(trial, history)
        if not trial.ended:
            self._open.pop(event.trial).close()
            return
        self._finish(trial)
        self._tell(trial, history.best, len(history) - len(history.unfinished))
        self._lead(history, event.stamp.wall)

    def _finish(self, trial: Trial) -> None:
        run = self._open.pop(trial.number)
        run.end(trial)
        run.close()

    def _tell(self, trial: Trial, best: Trial | None, count: int) -> None:
        """Writes the score of an ended trial and the best score so far, by the number of ended trials."""
        scores = {"search/score": trial.score} if trial.score is not None else {}
        if best is not None and best.score is not None:
            scores["search/best"] = best.score
        if self._search is not None and scores:
            self._search.scalars(scores, count, trial.ended_at)

    def _lead(self, history: History, wall: float) -> None:
        """Writes the leaderboard if it has changed, and makes the search's run visible."""
        if self._search is None:
            return
        leaders = list(islice(history.ranked(), _LEADERS))
        places = [(trial.number, trial.score) for trial in leaders]
        if places != self._leaders:
            self._leaders = places
            self._search.text("search/leaderboard", leaderboard(leaders), len(history), wall)
        self._search.flush()


@final
class TrialRun:
    """A trial's run: written from the history first, then report by report."""

    def __init__(self, directory: Path, trial: Trial, history: History) -> None:
        self._file = EventFile(directory, trial.started_at)
        self._written: dict[int, int] = {}
        # without a group name: TensorBoard averages the trials of all studies that share one
        start = plugin_data_pb2.SessionStartInfo(hparams=cells(trial, history.space), start_time_secs=trial.started_at)
        self._file.hparams(metadata.SESSION_START_INFO_TAG, trial.started_at, session_start_info=start)
        for event, score in trial.replay():
            self._write(event, score)
        self._file.flush()

    def goes_on_with(self, event: Reported) -> bool:
        """Whether the report follows those written; a repeated epoch makes the file outdated."""
        return event.epoch > self._written.get(event.execution, 0)

    def report(self, event: Reported, trial: Trial) -> None:
        """Writes an epoch."""
        self._write(event, trial.score)
        self._file.flush()

    def end(self, trial: Trial) -> None:
        """Writes the end of the trial. It must be the last record, which identifies a complete file."""
        self._file.text("trial", trial_text(trial), 0, trial.ended_at)
        status = api_pb2.STATUS_FAILURE if trial.status in _FAILED else api_pb2.STATUS_SUCCESS
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=trial.ended_at)
        self._file.hparams(metadata.SESSION_END_INFO_TAG, trial.ended_at, session_end_info=end)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, event: Reported, score: float | None) -> None:
        values = tags(event.metrics, event.execution)
        if score is not None:
            values[BEST] = score
        self._file.scalars(values, event.epoch, event.stamp.wall)
        self._written[event.execution] = event.epoch
