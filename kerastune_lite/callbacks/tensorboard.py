"""Writes a training for TensorBoard without TensorFlow's summaries."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import keras

from kerastune_lite.callbacks.report import scalars
from kerastune_lite.errors import UsageError
from kerastune_lite.observers.tensorboard import EventFile, SearchBoard
from kerastune_lite.observers.tensorboard.columns import BEST, tags
from kerastune_lite.study.objective import Objective, RunningScore, resolve


@final
class TensorBoard(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Writes per-epoch metrics as `train/...` and `validation/...`, and the best value so far of an objective.

    In a tuner, it configures what the search writes for all trials. In a plain `fit`, it writes one run.

    Args:
        log_dir: In a tuner, the directory that you open in TensorBoard (the study's `tensorboard` by default). Several
            studies may share one: the runs of each lie below it in `PROJECT_NAME-IDENTITY`. In a plain `fit`, the run's
            directory.
        objective: In a plain `fit`, the metric whose best value is written as `objective/best`.
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, *, objective: str | Objective | None = None
    ) -> None:
        super().__init__()
        self.log_dir = None if log_dir is None else Path(log_dir)
        self.objective = None if objective is None else resolve(objective)
        self._file: EventFile | None = None
        self._score: RunningScore | None = None

    def observer(self, directory: Path) -> SearchBoard:
        """The observer that writes a search to `log_dir`, or to `directory`, in the study's own, if that is None."""
        return SearchBoard(directory) if self.log_dir is None else SearchBoard(self.log_dir, shared_by=directory.parent)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Creates the run's file."""
        if self.log_dir is None:
            raise UsageError('TensorBoard has nowhere to write; give a directory: TensorBoard("logs/run1")')
        self._file = EventFile(self.log_dir, time.time())
        self._score = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes an epoch; steps count completed epochs, from 1."""
        metrics = scalars(logs)
        values = tags(metrics, execution=0)
        if self.objective is not None:
            self._score = self._score or RunningScore(self.objective)
            best = self._score.add(epoch + 1, self.objective.value(metrics))
            values |= {} if best is None else {BEST: best.score}
        if self._file is not None:
            self._file.scalars(values, epoch + 1, time.time())
            self._file.flush()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
