"""A training in TensorBoard, written without TensorFlow's own summaries."""

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
    """Per-epoch metrics as `train/...` and `validation/...`, and the best value so far of an objective.

    In a tuner it configures what the search writes for all trials; in a plain `fit` it writes one run itself.

    Args:
        log_dir: Where to write: in a tuner the directory of all runs (the study's `tensorboard` unless given), in a
            plain `fit` the run's own directory.
        objective: In a plain `fit`: the metric whose best value is written as `objective/best`.
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
        """What writes a whole search: to `log_dir`, or else to `directory`."""
        return SearchBoard(self.log_dir or directory)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begins the run's file."""
        if self.log_dir is None:
            raise UsageError('TensorBoard has nowhere to write; give a directory: TensorBoard("logs/run1")')
        self._file = EventFile(self.log_dir, time.time())
        self._score = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes an epoch; steps count epochs done, from 1."""
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
