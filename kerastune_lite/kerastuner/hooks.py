"""The hooks: methods with KerasTuner's names that subclasses of a tuner may override."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kerastune_lite.kerastuner.trial_view import TrialView
from kerastune_lite.study.events import SEARCH_ENDED, Annotated, Ended, Event, SearchStarted, Started
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import keras

Logs = Mapping[str, Any]


class Hooks:
    """The base class of the tuners; each hook does nothing by default."""

    def on_search_begin(self) -> None:
        """Called when a search begins."""

    def on_search_end(self) -> None:
        """Called when a search has ended without an error."""

    def on_trial_begin(self, trial: TrialView) -> None:
        """Called when an attempt at a trial begins."""

    def on_trial_end(self, trial: TrialView) -> None:
        """Called when a trial has ended and its score is known."""

    def on_epoch_begin(self, trial: TrialView, model: "keras.Model", epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch, from 0, begins."""

    def on_epoch_end(self, trial: TrialView, model: "keras.Model", epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch, from 0, has ended."""

    def on_batch_begin(self, trial: TrialView, model: "keras.Model", batch: int, logs: Logs | None = None) -> None:
        """Called when a batch, from 0 in each epoch, begins."""

    def on_batch_end(self, trial: TrialView, model: "keras.Model", batch: int, logs: Logs | None = None) -> None:
        """Called when a batch, from 0 in each epoch, has ended."""


_WHILE_TRAINING = ("on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end")


def call_hooks(hooks: Hooks, event: Event, history: History, view: Callable[[int], TrialView]) -> None:
    """Calls the hook for an event that the search has recorded."""
    match event:
        case SearchStarted():
            hooks.on_search_begin()
        case Annotated(key=key) if key == SEARCH_ENDED:
            hooks.on_search_end()
        case Started():
            hooks.on_trial_begin(view(event.trial))
        case Ended() if history[event.trial].ended:
            hooks.on_trial_end(view(event.trial))


def hooks_while_training(hooks: Hooks) -> list[str]:
    """The names of the overridden hooks of epochs and batches."""
    return [name for name in _WHILE_TRAINING if getattr(type(hooks), name) is not getattr(Hooks, name)]


def hook_callbacks(hooks: Hooks, trial: TrialView) -> "list[keras.callbacks.Callback]":
    """The callbacks that call the overridden hooks of epochs and batches."""
    names = hooks_while_training(hooks)
    if not names:
        return []
    import keras  # noqa: PLC0415 - heavy: loaded if a hook needs it

    callback = keras.callbacks.Callback()
    for name in names:
        setattr(callback, name, _calling(getattr(hooks, name), trial, callback))
    return [callback]


def _calling(hook: Callable[..., None], trial: TrialView, callback: Any) -> Callable[..., None]:
    def call(index: int, logs: Logs | None = None) -> None:
        hook(trial, callback.model, index, logs=logs)

    return call
