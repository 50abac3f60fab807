"""Which models stay on disk: those of the best trials; the files of trials that are over are tidied up."""

import shutil
from itertools import islice
from pathlib import Path
from typing import final

from kerastune_lite.study.events import Ended, Event, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BEST_EPOCH, CHECKPOINTS, RESUME, checkpoint_directory


@final
class KeptModels:
    """An observer that deletes what is no longer needed.

    Args:
        study: The study's directory.
        keep: How many of the best trials keep their model; None for all.
    """

    def __init__(self, study: Path, keep: int | None) -> None:
        self._study = study
        self._keep = keep

    def __call__(self, event: Event, history: History) -> None:
        """Tidies up after a trial that is over, and once when a search begins."""
        if isinstance(event, SearchStarted):
            self._prune(history)
        elif isinstance(event, Ended) and history[event.trial].ended:
            directory = checkpoint_directory(self._study, event.trial)
            for name in (RESUME, BEST_EPOCH):
                (directory / name).unlink(missing_ok=True)
            self._prune(history)

    def _prune(self, history: History) -> None:
        count = len(history) if self._keep is None else self._keep
        trials = [*islice(history.ranked(), count), *history.unfinished]
        kept = {checkpoint_directory(self._study, trial.number) for trial in trials}
        for directory in (self._study / CHECKPOINTS).glob("*"):
            if directory not in kept:
                shutil.rmtree(directory, ignore_errors=True)
