"""The model of the epoch that scored, and the means to go on after a crash."""

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
from kerastune_lite.errors import UsageError, cannot_write
from kerastune_lite.study.layout import BEST_EPOCH, METADATA, MODEL, RESUME, WEIGHTS
from kerastune_lite.study.objective import Best, Objective, resolve


@final
class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Saves the model of the scored epoch as `model.keras`, and after each epoch what is needed to go on.

    Put it last among the callbacks. To go on with an interrupted plain `fit`, make the same model and callbacks and fit
    with `initial_epoch=checkpoint.epochs_done`: the state is loaded when the training begins.

    Args:
        directory: Where the files go: `model.keras` and, until they are deleted, `resume.npz` and `scored.npz`. In a
            tuner, the trial's directory.
        objective: The metric that scores, and how epochs are reduced. In a tuner, the search's objective unless given.
        resume: Whether the state of the training is kept after each epoch.
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
        self._values: list[tuple[int, float]] = []
        self._state: ResumeState | None = None
        self._saved: Best | None = None
        self._unscored: Best | None = None

    def fresh(self, directory: Path, objective: Objective, execution: int) -> "Checkpoint":
        """One for the given execution, in a directory of the trial's own; `objective` unless it was given one."""
        checkpoint = Checkpoint(directory, objective=self.objective or objective, resume=self.resume)
        checkpoint.execution = execution
        return checkpoint

    @property
    def state(self) -> ResumeState | None:
        """The state on disk that the next training goes on from; None to begin at the beginning."""
        if self._state is None and self.resume and self.directory is not None:
            state = ResumeState.read(self.directory / RESUME)
            self._state = state if state is not None and state.facts["execution"] == self.execution else None
        return self._state

    @property
    def epochs_done(self) -> int:
        """How many epochs the state on disk has behind it."""
        return 0 if self.state is None else int(self.state.facts["epoch"])

    @property
    def heard(self) -> bool:
        """Whether any epoch has ended with it."""
        return bool(self._values)

    def forget(self) -> None:
        """Deletes what an earlier attempt left, so that the training begins anew."""
        self._state = None
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Goes on where the state on disk ends: the other callbacks have begun by now."""
        if self.directory is None or self.objective is None:
            raise UsageError('Checkpoint needs a directory and an objective: Checkpoint("run1", objective="val_loss")')
        self._values, self._unscored = [], None
        if self.state is not None:
            self.state.restore(self.model, self.others)
            self._values = [(epoch, float(value)) for epoch, value in self.state.facts["values"]]
            self._state = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keeps the state, and the model if this epoch scores."""
        metrics = scalars(logs)
        assert self.objective is not None
        self._values.append((epoch + 1, metrics.get(self.objective.name, float("nan"))))
        best = self._best()
        if (
            best is None and self.objective.name not in metrics
        ):  # known later, if at all: the last epoch's model is kept
            best = self._unscored = Best(math.nan, epoch + 1)
        scored = best is not None and best.epoch == epoch + 1
        if not (self.resume or scored):
            return
        facts = {
            "execution": self.execution,
            "epoch": epoch + 1,
            "metrics": {name: repr(value) for name, value in metrics.items()},
            "values": [(done, repr(value)) for done, value in self._values],
            # a training loop of the user's own may not have set it
            "stopped": bool(getattr(self.model, "stop_training", False)),
        }
        state = ResumeState.capture(self.model, self.others, facts)
        if not self.resume:
            state.write(self._path(BEST_EPOCH))
            return
        new = self._path(RESUME).with_suffix(".new")
        state.write(new)
        if scored:
            _link(new, self._path(BEST_EPOCH))
        os.replace(new, self._path(RESUME))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the scored epoch's model, unless an earlier execution's is better or nobody wants it."""
        best = self._best() or self._unscored
        if self._saved == best or not self.keep or best is None or not self._beats_saved(best):
            return
        self._saved = best
        state = ResumeState.read(self._path(BEST_EPOCH))
        if state is None:
            return
        now = self.model.get_weights()
        state.restore_model(self.model)
        facts = {
            "execution": self.execution,
            "epoch": best.epoch,
            "score": best.score,
            "build": keras.saving.serialize_keras_object(self.model.get_build_config()),
        }
        try:
            self._save()
            self._path(METADATA).write_text(json.dumps(facts))
        except OSError as error:
            for name in ("part.keras", "part.weights.h5"):
                with suppress(OSError):  # the error that matters is the first one
                    self._path(name).unlink(missing_ok=True)
            raise cannot_write(self._path(MODEL), error) from error
        self.model.set_weights(now)

    def _save(self) -> None:
        """The whole model, or its weights where it holds something that Keras cannot write."""
        part, name = self._path("part.keras"), MODEL
        try:
            self.model.save(part)
        except (NotImplementedError, TypeError, ValueError) as error:
            warnings.warn(
                f"{type(self.model).__name__} cannot be saved whole ({str(error).splitlines()[0][:200]}): its weights "
                "are kept instead, and get_best_models() builds the model anew with build_model",
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

    def _best(self) -> Best | None:
        return None if self.objective is None else self.objective.reduce(self._values)

    def _beats_saved(self, best: Best) -> bool:
        assert self.objective is not None
        try:
            saved = json.loads(self._path(METADATA).read_text())
        except (OSError, ValueError):
            return True
        return saved["execution"] == self.execution or self.objective.better(best.score, saved["score"])


def _link(source: Path, target: Path) -> None:
    """Gives the file a second name; files here are replaced, never changed, so that both stay what they are."""
    part = target.with_suffix(".link")
    part.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, part)
    if not part.exists():
        shutil.copyfile(source, part)
    os.replace(part, target)
