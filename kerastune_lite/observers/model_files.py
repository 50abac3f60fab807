"""Deletes model files, except those of the best trials and those needed to resume trials."""

import shutil
from pathlib import Path
from typing import final

from kerastune_lite.errors import changing
from kerastune_lite.study.events import Ended, Event, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BEST_EPOCH, CHECKPOINTS, PREVIOUS, RESUME, checkpoint_directory
from kerastune_lite.study.trial import Trial


@final
class ModelFiles:
    """An observer that deletes model files that are no longer needed.

    Args:
        study: The study's directory.
    """

    def __init__(self, study: Path) -> None:
        self._study = study

    def __call__(self, event: Event, history: History) -> None:
        """Deletes files when a search starts and after each trial.

        Raises:
            StudyWriteError: A file cannot be deleted; the next search deletes it.
        """
        with changing(self._study / CHECKPOINTS):
            if isinstance(event, SearchStarted):
                self._prune(history)
                for trial in history.kept():
                    self._delete_states(trial)  # the process may have died before it could
            elif isinstance(event, Ended) and history[event.trial].ended:
                self._delete_states(history[event.trial])
                self._prune(history)

    def _delete_states(self, trial: Trial) -> None:
        for name in (RESUME, PREVIOUS, BEST_EPOCH):
            (checkpoint_directory(self._study, trial.number) / name).unlink(missing_ok=True)

    def _prune(self, history: History) -> None:
        kept = {checkpoint_directory(self._study, trial.number) for trial in (*history.kept(), *history.unfinished)}
        for directory in (self._study / CHECKPOINTS).glob("*"):
            if directory not in kept:
                shutil.rmtree(directory, ignore_errors=True)
