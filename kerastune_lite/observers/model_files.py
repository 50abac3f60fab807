"""Deletes model files, except those of the best trials and those needed to resume trials."""

import shutil
from pathlib import Path
from typing import final

from kerastune_lite.study.events import Ended, Event, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BEST_EPOCH, CHECKPOINTS, RESUME, checkpoint_directory


@final
class ModelFiles:
    """An observer that deletes model files that are no longer needed.

    Args:
        study: The study's directory.
    """

    def __init__(self, study: Path) -> None:
        self._study = study

    def __call__(self, event: Event, history: History) -> None:
        """Deletes files when a search starts and after each trial."""
        if isinstance(event, SearchStarted):
            self._prune(history)
        elif isinstance(event, Ended) and history[event.trial].ended:
            directory = checkpoint_directory(self._study, event.trial)
            for name in (RESUME, BEST_EPOCH):
                (directory / name).unlink(missing_ok=True)
            self._prune(history)

    def _prune(self, history: History) -> None:
        kept = {checkpoint_directory(self._study, trial.number) for trial in (*history.kept(), *history.unfinished)}
        for directory in (self._study / CHECKPOINTS).glob("*"):
            if directory not in kept:
                shutil.rmtree(directory, ignore_errors=True)
