"""Saves the best epoch's model, and the state needed to resume after a crash."""

import math
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, final

import keras

from kerastune_lite.callbacks import callback_state
from kerastune_lite.callbacks.callback_state import Beginning, Lost
from kerastune_lite.callbacks.kept_model import read_metadata, write_metadata
from kerastune_lite.callbacks.report import scalars
from kerastune_lite.callbacks.resume_state import Progress, ResumeState
from kerastune_lite.callbacks.saved_states import best_state, delete_states, last_state, link, replace_last
from kerastune_lite.errors import UsageError, cannot_write, changing, warn
from kerastune_lite.space.number import number
from kerastune_lite.study.layout import BEST_EPOCH, MODEL, RESUME, WEIGHTS
from kerastune_lite.study.objective import Best, Objective, RunningScore, resolve


@final
class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Saves the best epoch's model as `model.keras`, and after each epoch the state needed to resume.

    Put it last among the callbacks. To resume an interrupted plain `fit`, create the same model and callbacks and call
    `fit` with `initial_epoch=checkpoint.epochs_done`; the state is loaded when the training begins.

    Args:
        directory: The directory for `model.keras` and, until they are deleted, `resume.npz` and `best_epoch.npz`. In a
            tuner, the trial's directory.
        objective: The metric that scores epochs, and its reduction. In a tuner, the search's objective by default.
        resume: Whether to save the state of the training after each epoch.
        every_seconds: The least time between two saves of the state. An epoch that is the best so far is always saved,
            and so is one after which a trial pauses.

    Raises:
        UsageError: `every_seconds` is not a number from 0 on.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        objective: str | Objective | None = None,
        resume: bool = True,
        every_seconds: float = 0.0,
    ) -> None:
        super().__init__()
        seconds = number(every_seconds)
        if seconds is None or not seconds >= 0:
            raise UsageError(f"Checkpoint(every_seconds={every_seconds!r}): it must be a number of seconds >= 0")
        self.every_seconds = float(seconds)
        self.directory = None if directory is None else Path(directory)
        self.objective = None if objective is None else resolve(objective)
        self.resume = resume
        self.execution = 0
        self.keep = True
        self.others: Sequence[keras.callbacks.Callback] = ()
        self.lost: Lost = {}
        self._in_tuner = False
        self._score: RunningScore | None = None
        self._epochs = 0
        self._state: ResumeState | None = None
        self._state_read = False
        self._saved: Best | None = None
        self._unscored: Best | None = None
        self._begun: Beginning = {}
        self._unsaved: Progress | None = None
        self._saved_at = -math.inf

    def fresh(self, directory: Path, objective: Objective, execution: int, state: ResumeState | None) -> "Checkpoint":
        """A copy for an execution, with the trial's directory, that resumes from `state`.

        `objective` is used if this one has none.
        """
        checkpoint = Checkpoint(
            directory, objective=self.objective or objective, resume=self.resume, every_seconds=self.every_seconds
        )
        checkpoint.execution, checkpoint._in_tuner = execution, True
        checkpoint._state, checkpoint._state_read = state if self.resume else None, True
        return checkpoint

    @property
    def state(self) -> ResumeState | None:
        """The state on disk from which the next training resumes; None to start from scratch."""
        if not self._state_read and self.resume and self.directory is not None:
            (state, _), self._state_read = last_state(self.directory), True
            self._state = state if state is not None and state.progress.execution == self.execution else None
        return self._state

    @property
    def epochs_done(self) -> int:
        """Completed epochs of the state on disk."""
        return 0 if self.state is None else self.state.progress.epoch

    @property
    def has_epochs(self) -> bool:
        """Whether any epoch of this training has ended."""
        return self._epochs > 0

    def forget(self) -> None:
        """Deletes the state on disk, so that the training starts from scratch; the kept model stays."""
        self._state = None
        if self.directory is not None:
            delete_states(self.directory)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Restores the state on disk; it comes after the `on_train_begin` of the other callbacks."""
        if self.directory is None or self.objective is None:
            raise UsageError('Checkpoint needs a directory and an objective: Checkpoint("run1", objective="val_loss")')
        if self._score is None or not self._in_tuner:  # an execution may train in several stages, each a `fit`
            self._start_over(self.objective)
        self._begun = callback_state.begin(self.others)
        if self.state is not None:
            self._check_fit(self.state)
            progress, self.lost = self.state.progress, self.state.restore(self.model, self.others)
            self._score = progress.score(self.objective)
            if self._score.best is not None and self._score.best.epoch == progress.epoch:
                link(self._path(RESUME), self._path(BEST_EPOCH))  # the process may have died before it could
        self._state, self._state_read = None, self._in_tuner  # if this fit is interrupted, the next one looks again

    def _check_fit(self, state: ResumeState) -> None:
        misfit = state.mismatch(self.model)
        if misfit is not None:
            raise UsageError(
                f"cannot resume from {self._path(RESUME)}: {misfit}; undo the change, or call checkpoint.forget() and "
                "fit from the first epoch (a model must be built before fit)"
            )

    def _start_over(self, objective: Objective) -> None:
        assert self.directory is not None
        with changing(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        self._score, self._unscored, self._saved, self._epochs = RunningScore(objective), None, None, 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the state, and a copy of it if this is the best epoch."""
        metrics = scalars(logs)
        assert self.objective is not None
        # a custom training loop may not call `on_train_begin`; a stage may count its epochs from the first one again
        if self._score is None or epoch < self._epochs:
            self._start_over(self.objective)
        assert self._score is not None
        self._epochs = epoch + 1
        best = self._score.add(epoch + 1, self.objective.value(metrics))
        if best is None and self.objective.name not in metrics:  # the score may follow after the training
            best = self._unscored = Best(math.nan, epoch + 1)
        scored = best is not None and best.epoch == epoch + 1
        if not (self.resume or scored):
            return
        stopped = bool(getattr(self.model, "stop_training", False))  # a custom training loop may not set it
        self._unsaved = Progress(self.execution, epoch + 1, metrics, self._score.deciding, stopped)
        if not self.resume:
            self._capture(self._unsaved).write(self._path(BEST_EPOCH))
        elif scored or time.monotonic() - self._saved_at >= self.every_seconds:
            self.save_state()
        if scored and self.resume:
            link(self._path(RESUME), self._path(BEST_EPOCH))

    def save_state(self) -> None:
        """Saves the state of the last epoch, unless it is saved; the next epoch must not have begun."""
        progress, self._unsaved = self._unsaved, None
        if progress is not None and self.resume:
            assert self.directory is not None
            replace_last(self._capture(progress), self.directory)
            self._saved_at = time.monotonic()

    def _capture(self, progress: Progress) -> ResumeState:
        return ResumeState.capture(self.model, self.others, progress.to_json(), self._begun)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the best epoch's model, unless an earlier execution's is better or `keep` is False."""
        self._state, self._state_read = None, True  # nothing is left to resume
        best = (None if self._score is None else self._score.best) or self._unscored
        if self._saved == best or not self.keep or best is None or not self._beats_saved(best):
            return
        self._saved = best
        assert self.directory is not None
        state = best_state(self.directory, self.execution, best.epoch)
        if state is None:
            if not self._is_saved(best):
                warn(
                    f"{self._path(BEST_EPOCH)} is damaged or missing: the model of epoch {best.epoch} is not kept",
                    RuntimeWarning,
                    stacklevel=2,
                )
            return
        now = None if state.is_of(self.model) else self.model.get_weights()
        if now is not None:
            state.restore_model(self.model)
        try:
            with warnings.catch_warnings():  # Keras reads its variables in a way that numpy 2 deprecates
                warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
                name = self._save()
            write_metadata(
                self.directory, name, self.model, execution=self.execution, epoch=best.epoch, score=best.score
            )
        except OSError as error:
            for name in ("part.keras", "part.weights.h5"):
                with suppress(OSError):  # the error that matters is the first one
                    self._path(name).unlink(missing_ok=True)
            raise cannot_write(self._path(MODEL), error) from error
        if now is not None:
            self.model.set_weights(now)

    def score_last(self, metrics: Mapping[str, float]) -> None:
        """Scores the last epoch if no epoch has had a score, and saves its model if it is the best execution's.

        Args:
            metrics: The metrics of the last epoch, with those known only after the training.
        """
        assert self.objective is not None
        if self._unscored is not None:
            self._unscored = self._unscored._replace(score=self.objective.value(metrics))
        self.on_train_end()

    def _save(self) -> str:
        """Saves the whole model, or only its weights if Keras cannot save the model; returns the file's name."""
        part, name = self._path("part.keras"), MODEL
        try:
            self.model.save(part)
        except (NotImplementedError, TypeError, ValueError) as error:
            warn(
                f"{type(self.model).__name__} cannot be saved whole ({str(error).splitlines()[0][:200]}): only its "
                "weights are saved, and get_best_models() rebuilds the model with build_model",
                UserWarning,
                stacklevel=2,
            )
            part.unlink(missing_ok=True)
            part, name = self._path("part.weights.h5"), WEIGHTS
            self.model.save_weights(part)
        os.replace(part, self._path(name))
        return name

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / name

    def _beats_saved(self, best: Best) -> bool:
        assert self.objective is not None
        assert self.directory is not None
        saved = read_metadata(self.directory)
        return saved is None or saved.execution == self.execution or self.objective.better(best.score, saved.score)

    def _is_saved(self, best: Best) -> bool:
        assert self.directory is not None
        saved = read_metadata(self.directory)
        return saved is not None and (saved.execution, saved.epoch) == (self.execution, best.epoch)
