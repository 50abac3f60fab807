"""Attempts at one Keras trial without a loop: an interruption is an exception that nobody catches."""

import keras

from kerastune_lite.callbacks import Checkpoint
from kerastune_lite.study.events import Annotated, Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import checkpoint_directory
from kerastune_lite.study.objective import resolve
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.testing import search_started
from kerastune_lite.training.arguments import FitArguments
from kerastune_lite.training.folds import Folds
from kerastune_lite.training.hypermodel import Builder
from kerastune_lite.training.keras_trial import KerasTrial
from kerastune_lite.training.saved_model import load_model
from kerastune_lite.training.user_callbacks import UserCallbacks
from tests import tiny

X, Y = tiny.X[:32], tiny.Y[:32]
X_VAL, Y_VAL = tiny.X[80:], tiny.Y[80:]


class Killed(BaseException):
    """Stands for the death of the process."""


class KillAt(keras.callbacks.Callback):
    """Kills at the beginning of an epoch, from 0."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


class Trial:
    """A trial whose attempts may be killed; each attempt is as in a new process: everything is made again."""

    def __init__(
        self,
        directory,
        build,
        *,
        objective="val_loss",
        executions=1,
        callbacks=list,
        keep=False,
        checkpoint=None,
        cv=None,
        **arguments,
    ):
        self.directory = directory
        self._build = build
        self._objective = resolve(objective)
        self._executions = executions
        self._callbacks = callbacks
        self._keep = keep
        self._checkpoint = checkpoint or Checkpoint()
        self._pause_at = None
        self._cv = cv
        self._arguments = {"x": X, "y": Y, "validation_data": (X_VAL, Y_VAL), "epochs": 3, **arguments}
        self.events = [search_started(objective=self._objective, executions=executions)]
        self.attempts = 0

    def attempt(self, *, kill_at=None, execution=0, pause_at=None):
        """An attempt that is killed at the beginning of an epoch of an execution, or pauses after an epoch.

        Says whether it was killed.
        """
        self.attempts += 1
        self._pause_at = pause_at
        if self.attempts > 1:
            self.events.append(Ended(trial=0, outcome="interrupted"))
        self.events.append(Started(trial=0, attempt=self.attempts, values={}))
        task = Task(self.events[-1], self.events[0], resume=self.attempts > 1)

        def callbacks(info):
            return [*self._callbacks(), *([KillAt(kill_at)] if info.execution == execution else [])]

        trial = KerasTrial(
            builder=Builder(self._build),
            arguments=FitArguments.of((), self._arguments),
            objective=self._objective,
            directory=self.directory,
            checkpoint=self._checkpoint,
            user_callbacks=UserCallbacks(callbacks),
            folds=None if self._cv is None else Folds(self._cv, self._arguments),
        )
        try:
            trial(task, self._send)
        except Killed:
            return True
        self.events.append(Ended(trial=0))
        return False

    def killed_and_resumed(self, kill_at=2):
        """Kills the first attempt, and lets the second one end."""
        assert self.attempt(kill_at=kill_at)
        assert not self.attempt()
        return self

    def _send(self, event):
        self.events.append(event)
        keep = self._keep(event) if callable(self._keep) else self._keep
        pauses = isinstance(event, Reported) and event.epoch == self._pause_at
        return Decision(stop="paused" if pauses else None, resumable=pauses, keep=keep)

    @property
    def curves(self):
        """The metrics of all epochs of all executions."""
        return [dict(run.metrics) for run in History(self.events)[0].executions]

    @property
    def note(self):
        """What the trial notes about its resumption."""
        return History(self.events)[0].notes.get("resume")

    @property
    def reported(self):
        """The epochs in the order reported."""
        return [event.epoch for event in self.events if isinstance(event, Reported)]

    @property
    def places(self):
        """The (execution, epoch) of each report."""
        return [(event.execution, event.epoch) for event in self.events if isinstance(event, Reported)]

    @property
    def annotations(self):
        return [event for event in self.events if isinstance(event, Annotated)]

    @property
    def score(self):
        """The score of the execution whose model is kept."""
        trial = History(self.events)[0]
        return trial.executions[trial.best_execution].best.score

    def kept_loss(self):
        """The loss of the kept model on the validation data."""
        hp = History(self.events)[0].hyperparameters
        model = load_model(Builder(self._build), hp, checkpoint_directory(self.directory, 0))
        return model.evaluate(X_VAL, Y_VAL, verbose=0, return_dict=True)["loss"]


def whole(directory, build, **options):
    """The same trial without an interruption."""
    trial = Trial(directory, build, **options)
    assert not trial.attempt()
    return trial
