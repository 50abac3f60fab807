"""Saves the best epoch's model, and the state needed to resume after a crash."""

import json
import math
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, final

import keras

from kerastune_lite.callbacks.report import scalars
from kerastune_lite.callbacks.resume_state import ResumeState
from kerastune_lite.errors import UsageError, cannot_write, warn
from kerastune_lite.study.layout import BEST_EPOCH, FORMER_BEST_EPOCH, METADATA, MODEL, RESUME, WEIGHTS
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
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        objective: str | Objective | None = None,
        resume: bool = True,
    ) -> None:
        super().__init__()
        self.directory = None if directory is None else Path(directory)
        self.objective = None if objective is None else resolve(objective)
        self.resume = resume
        self.execution = 0
        self.keep = True
        self.others: Sequence[keras.callbacks.Callback] = ()
        self._in_tuner = False
        self._score: RunningScore | None = None
        self._epochs = 0
        self._state: ResumeState | None = None
        self._state_read = False
        self._saved: Best | None = None
        self._unscored: Best | None = None

    def fresh(self, directory: Path, objective: Objective, execution: int, state: ResumeState | None) -> "Checkpoint":
        """A copy for an execution, with the trial's directory, that resumes from `state`.

        `objective` is used if this one has none.
        """
        checkpoint = Checkpoint(directory, objective=self.objective or objective, resume=self.resume)
        checkpoint.execution, checkpoint._in_tuner = execution, True
        checkpoint._state, checkpoint._state_read = state if self.resume else None, True
        return checkpoint

    @property
    def state(self) -> ResumeState | None:
        """The state on disk from which the next training resumes; None to start from scratch."""
        if not self._state_read and self.resume and self.directory is not None:
            state, self._state_read = ResumeState.read(self.directory / RESUME), True
            self._state = state if state is not None and state.metadata["execution"] == self.execution else None
        return self._state

    @property
    def epochs_done(self) -> int:
        """Completed epochs of the state on disk."""
        return 0 if self.state is None else int(self.state.metadata["epoch"])

    @property
    def has_epochs(self) -> bool:
        """Whether any epoch of this training has ended."""
        return self._epochs > 0

    def forget(self) -> None:
        """Deletes the state on disk, so that the training starts from scratch; the kept model stays."""
        self._state = None
        if self.directory is not None:
            for name in (RESUME, BEST_EPOCH, FORMER_BEST_EPOCH):
                self._path(name).unlink(missing_ok=True)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Restores the state on disk; it comes after the `on_train_begin` of the other callbacks."""
        if self.directory is None or self.objective is None:
            raise UsageError('Checkpoint needs a directory and an objective: Checkpoint("run1", objective="val_loss")')
        if self._score is None or not self._in_tuner:  # an execution may train in several stages, each a `fit`
            self._start_over(self.objective)
        if self.state is not None:
            with suppress(FileNotFoundError):
                os.replace(self._path(FORMER_BEST_EPOCH), self._path(BEST_EPOCH))
            self.state.restore(self.model, self.others)
            deciding = [(epoch, float(value)) for epoch, value in self.state.metadata["values"]]
            self._score = RunningScore(self.objective, deciding)
        self._state, self._state_read = None, self._in_tuner  # if this fit is interrupted, the next one looks again

    def _start_over(self, objective: Objective) -> None:
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
        metadata = {
            "execution": self.execution,
            "epoch": epoch + 1,
            "metrics": {name: repr(value) for name, value in metrics.items()},
            "values": [(done, repr(value)) for done, value in self._score.deciding],
            # a custom training loop may not set it
            "stopped": bool(getattr(self.model, "stop_training", False)),
        }
        state = ResumeState.capture(self.model, self.others, metadata)
        if not self.resume:
            state.write(self._path(BEST_EPOCH))
            return
        new = self._path(RESUME).with_suffix(".new")
        state.write(new)
        if scored:
            _link(new, self._path(BEST_EPOCH))
        os.replace(new, self._path(RESUME))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the best epoch's model, unless an earlier execution's is better or `keep` is False."""
        self._state, self._state_read = None, True  # nothing is left to resume
        best = (None if self._score is None else self._score.best) or self._unscored
        if self._saved == best or not self.keep or best is None or not self._beats_saved(best):
            return
        self._saved = best
        state = ResumeState.read(self._path(BEST_EPOCH))
        if state is None:
            return
        now = self.model.get_weights()
        state.restore_model(self.model)
        metadata = {
            "execution": self.execution,
            "epoch": best.epoch,
            "score": best.score,
            "build": keras.saving.serialize_keras_object(self.model.get_build_config()),
        }
        try:
            with warnings.catch_warnings():  # Keras reads its variables in a way that numpy 2 deprecates
                warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
                self._save()
            self._path(METADATA).write_text(json.dumps(metadata))
        except OSError as error:
            for name in ("part.keras", "part.weights.h5"):
                with suppress(OSError):  # the error that matters is the first one
                    self._path(name).unlink(missing_ok=True)
            raise cannot_write(self._path(MODEL), error) from error
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

    def _save(self) -> None:
        """Saves the whole model, or only its weights if Keras cannot save the model."""
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

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / name

    def _beats_saved(self, best: Best) -> bool:
        assert self.objective is not None
        try:
            saved = json.loads(self._path(METADATA).read_text())
        except (OSError, ValueError):
            return True
        return saved["execution"] == self.execution or self.objective.better(best.score, saved["score"])


def _link(source: Path, target: Path) -> None:
    """Gives the file a second name (a hard link): files here are replaced, never modified."""
    part = target.with_suffix(".link")
    part.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, part)
    if not part.exists():
        shutil.copyfile(source, part)
    os.replace(part, target)
