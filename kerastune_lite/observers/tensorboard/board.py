"""The observer that writes TensorBoard files from events.

Layout below the study's `tensorboard/`: `trial_0003` is one run with one event file, written when the trial has ended.
Until then its run is `trial_0003_unfinished`: a running TensorBoard would not take a changed status from the same run.
`_search` describes the whole search; `_schema_N` contains only the columns of the HParams tab, which need a run of
their own. When the space grows, a run with the next number replaces it. `_tuning` holds what the Tuning tab shows
besides trials; each trial's run has the trial's own record.
"""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import final

from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from kerastune_lite.analysis.records import trial_record
from kerastune_lite.errors import cannot_write
from kerastune_lite.observers.tensorboard.columns import BEST, DEVIATION, Columns, experiment, tags
from kerastune_lite.observers.tensorboard.event_file import (
    EventFile,
    Records,
    WholeFile,
    delete_files,
    is_whole,
)
from kerastune_lite.observers.tensorboard.leftover import (
    UNFINISHED,
    delete,
    delete_empty,
    delete_runs,
    runs,
    schema_number,
    trial_of,
)
from kerastune_lite.observers.tensorboard.texts import leaderboard, settings_text, trial_text
from kerastune_lite.observers.tensorboard.tuning import TRIAL, TuningRun, affordable
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
from kerastune_lite.study.layout import identity, shared_runs, trial_name
from kerastune_lite.study.trial import Trial

_LEADERS = 20
_FAILED = ("failed", "infeasible")
_BURST = 1  # record of an unfinished trial


@final
class SearchBoard:
    """Writes a search for TensorBoard, event by event, and rewrites runs that an earlier process left incomplete.

    Args:
        directory: The directory to open in TensorBoard.
        shared_by: The study's directory if runs of other studies may lie in `directory`: this one's then lie in a
            directory of their own below it. None if `directory` is the study's own.
    """

    def __init__(self, directory: Path, *, shared_by: Path | None = None) -> None:
        self.directory = directory
        self._shared_by = shared_by
        self._runs = directory
        self._study = ""
        self._open: dict[int, UnfinishedRun] = {}
        self._search: EventFile | None = None
        self._tuning: TuningRun | None = None
        self._columns = Columns()
        self._metrics: dict[str, None] = {}
        self._deviation = False
        self._schema: object = None
        self._leaders: list[tuple[int, float | None]] | None = None

    def __call__(self, event: Event, history: History) -> None:
        """Writes what the event changes.

        Raises:
            StudyWriteError: A file could not be written; the event is recorded nevertheless.
        """
        try:
            self._write(event, history)
            if self._tuning is not None:
                self._tuning(event, history)
            if isinstance(event, Annotated) and event.trial is None and event.key == SEARCH_ENDED:
                self.close()
        except OSError as error:
            raise cannot_write(self.directory, error) from error

    def _write(self, event: Event, history: History) -> None:
        reformatted = self._columns.update(history.space)
        match event:
            case SearchStarted():
                self._catch_up(event, history)
            case Started() if event.attempt > 1 and history[event.trial].reads_known:
                self._begin(history[event.trial], history)
            case ReadsRecorded() if event.complete or event.trial in self._open:
                self._columns.read_by(history[event.trial])
                self._declare(history, event.stamp.wall)
                self._show_reads(history[event.trial], history)
            case Reported():
                self._report(event, history)
            case Ended():
                self._end(event, history)
            case _:
                pass
        if reformatted:
            self._rewrite(history)

    def delete_runs(self, events: Sequence[Event]) -> None:
        """Deletes the runs of the study whose record these events were.

        Raises:
            StudyWriteError: A run cannot be deleted.
        """
        delete_runs(self.directory, events)
        first = next((event for event in events if isinstance(event, SearchStarted)), None)
        if self._shared_by is not None and first is not None:
            place = shared_runs(self.directory, self._shared_by, first.stamp.wall)
            delete_runs(place, events)
            with suppress(OSError):  # not empty, or it was never there
                place.rmdir()

    def close(self) -> None:
        """Closes all files."""
        others = [file for file in (self._search, self._tuning) if file is not None]
        files: list[UnfinishedRun | EventFile | TuningRun] = [*self._open.values(), *others]
        self._open.clear()
        self._search = self._tuning = None
        with ExitStack() as stack:  # one that cannot be written to its end does not keep the others open
            for file in files:
                stack.callback(file.close)

    def _catch_up(self, event: SearchStarted, history: History) -> None:
        """Deletes what is outdated; rewrites the search's own run, and each ended trial's run that is not whole."""
        self._study = identity(history.created)
        self._deviation |= event.executions > 1
        if self._shared_by is not None:
            self._runs = shared_runs(self.directory, self._shared_by, history.created)
            self._leave_former_place()
        self._delete_leftovers(history)
        trials = history.trials
        for trial in trials:
            self._metrics |= dict.fromkeys(trial.metrics)
            self._columns.read_by(trial)
            self._deviation |= trial.deviation is not None
        self._declare(history, event.stamp.wall)
        self._search = EventFile(self._runs / "_search", event.stamp.wall, self._study)
        self._search.text("search/settings", settings_text(event), 0, event.stamp.wall)
        best: Trial | None = None
        for count, trial in enumerate((trial for trial in trials if trial.ended), start=1):
            best = trial if trial.succeeded and (best is None or trial.sort_key() < best.sort_key()) else best
            self._tell(trial, best, count)
        self._rewrite(history)
        self._leaders = None
        self._lead(history, event.stamp.wall)
        self._tuning = TuningRun(self._runs, self._study, self._name, event.stamp.wall)

    @property
    def _name(self) -> str:
        """The name of the study: that of its directory."""
        study = self.directory.absolute().parent if self._shared_by is None else self._shared_by
        return study.name or self.directory.name

    def _leave_former_place(self) -> None:
        """Deletes this study's runs that an earlier version wrote among those of other studies."""
        for run in runs(self.directory, lambda name: name.study == self._study):
            delete_files(run)

    def _rewrite(self, history: History) -> None:
        """Writes the runs of ended trials that are not there, damaged, or in a format that their columns had before."""
        for trial in history.trials:
            shown = trial.ended and trial.status != "duplicate"
            if shown and not is_whole(self._run(trial), self._study, self._columns.format(trial)):
                self._finish(trial, history)

    def _delete_leftovers(self, history: History) -> None:
        """Deletes runs that show no trial of the record, or an ended one as unfinished, and empty ones."""
        delete_empty(self._runs)
        for run in runs(self._runs, lambda _: True):
            number = trial_of(run)
            if number is not None and not (number in history and _shown_as(history[number], run)):
                delete(run)

    def _run(self, trial: Trial) -> Path:
        return self._runs / trial_name(trial.number)

    def _unfinished(self, trial: Trial) -> Path:
        return self._runs / (trial_name(trial.number) + UNFINISHED)

    def _declare(self, history: History, wall: float) -> None:
        """Writes the columns if they have changed."""
        schema = (self._columns.state, history.objective, tuple(self._metrics), self._deviation)
        if schema == self._schema:
            return
        self._schema = schema
        number = max(map(schema_number, self._runs.glob("_schema_*")), default=0) + 1
        for path in runs(self._runs, lambda _: True):
            if schema_number(path):
                delete_files(path)
        file = WholeFile(wall)
        declared = experiment(self._columns, history.objective, self._metrics, wall, deviation=self._deviation)
        file.hparams(metadata.EXPERIMENT_TAG, wall, experiment=declared)
        file.save(self._runs / f"_schema_{number}", self._study)

    def _show_reads(self, trial: Trial, history: History) -> None:
        """Begins the run of a trial; again if the trial has read more, because the first start of a session counts."""
        run = self._open.get(trial.number)
        if run is None or run.values != trial.values:
            self._begin(trial, history)

    def _begin(self, trial: Trial, history: History) -> None:
        """Writes an unfinished trial's run from the history and leaves it open."""
        if trial.number in self._open:
            self._open.pop(trial.number).close()
        delete_files(self._run(trial))
        run = self._open[trial.number] = UnfinishedRun(self._unfinished(trial), trial, self._study)
        run.catch_up(trial, self._columns, history)

    def _report(self, event: Reported, history: History) -> None:
        trial = history[event.trial]
        if not event.metrics.keys() <= self._metrics.keys():
            self._metrics |= dict.fromkeys(event.metrics)
            self._declare(history, event.stamp.wall)
        run = self._open.get(event.trial)
        if run is None or not run.continues_with(event):
            self._begin(trial, history)
        else:
            run.report(event, trial, history)

    def _end(self, event: Ended, history: History) -> None:
        trial = history[event.trial]
        if not trial.ended:
            self._declare(history, event.stamp.wall)
            if event.trial not in self._open:
                self._begin(trial, history)
            run = self._open.pop(event.trial)
            run.record(trial, history)
            run.close()
            return
        if event.outcome == "duplicate":
            self._discard(trial)
            return
        self._declare(history, event.stamp.wall)
        self._finish(trial, history)
        self._tell(trial, history.best, len(history) - len(history.unfinished))
        self._lead(history, event.stamp.wall)

    def _discard(self, trial: Trial) -> None:
        """Deletes what shows the trial as unfinished."""
        if trial.number in self._open:
            self._open.pop(trial.number).close()
        delete_files(self._unfinished(trial))

    def _finish(self, trial: Trial, history: History) -> None:
        """Writes an ended trial's run in place of the unfinished one."""
        save_ended(self._run(trial), trial, self._columns, history, self._study)
        self._discard(trial)

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
class UnfinishedRun:
    """The run of a trial that has not ended: written from the history first, then report by report.

    Attributes:
        values: The values that it shows.
    """

    def __init__(self, directory: Path, trial: Trial, study: str) -> None:
        self.values = trial.values
        self._file = EventFile(directory, trial.started_at, study)
        self._written: dict[int, int] = {}
        self._records = 0

    def catch_up(self, trial: Trial, columns: Columns, history: History) -> None:
        """Writes what is recorded so far."""
        _start(self._file, trial, columns)
        for event, score in trial.replay():
            self._write(event, score)
        self.record(trial, history)
        self._file.flush()

    def continues_with(self, event: Reported) -> bool:
        """Whether the report follows those written; a repeated epoch makes the file outdated."""
        return event.epoch > self._written.get(event.execution, 0)

    def report(self, event: Reported, trial: Trial, history: History) -> None:
        """Writes an epoch, and the record of the trial unless that was written just before."""
        self._write(event, trial.score)
        if self._records < affordable(event.stamp.wall - trial.started_at, _BURST):
            self.record(trial, history)
        self._file.flush()

    def record(self, trial: Trial, history: History) -> None:
        """Writes the record of the trial as it is now."""
        self._file.record(TRIAL, trial_record(trial, history), self._records, history.updated)
        self._records += 1

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, event: Reported, score: float | None) -> None:
        _epoch(self._file, event, score)
        self._written[event.execution] = event.epoch


def _shown_as(trial: Trial, run: Path) -> bool:
    """Whether a run of the trial may have this name."""
    return trial.status != "duplicate" and not (trial.ended and run.name.endswith(UNFINISHED))


def save_ended(directory: Path, trial: Trial, columns: Columns, history: History, study: str) -> None:
    """Writes the run of a trial that has ended."""
    file = WholeFile(trial.started_at)
    _start(file, trial, columns)
    for event, score in trial.replay():
        _epoch(file, event, score)
    if trial.deviation is not None:
        file.scalars({DEVIATION: trial.deviation}, len(trial.execution_scores), trial.ended_at)
    file.record(TRIAL, trial_record(trial, history), trial.reported_epochs, trial.ended_at)
    file.text("trial", trial_text(trial), 0, trial.ended_at)
    status = api_pb2.STATUS_FAILURE if trial.status in _FAILED else api_pb2.STATUS_SUCCESS
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=trial.ended_at)
    file.hparams(metadata.SESSION_END_INFO_TAG, trial.ended_at, session_end_info=end)
    file.save(directory, study, columns.format(trial))


def _start(file: Records, trial: Trial, columns: Columns) -> None:
    # without a group name: TensorBoard averages the trials of all studies that share one
    start = plugin_data_pb2.SessionStartInfo(hparams=columns.cells(trial), start_time_secs=trial.started_at)
    file.hparams(metadata.SESSION_START_INFO_TAG, trial.started_at, session_start_info=start)


def _epoch(file: Records, event: Reported, score: float | None) -> None:
    values = tags(event.metrics, event.execution)
    if score is not None:
        values[BEST] = score
    file.scalars(values, event.epoch, event.stamp.wall)
