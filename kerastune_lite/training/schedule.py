"""Whether the learning rate of a training follows a schedule.

The order of such trainings shows late, so stopping policies must know of it.
"""

from collections.abc import Sequence

import keras


def schedule_of(model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> str | None:
    """The name of the schedule, as far as it is known before the training; None without one.

    `ReduceLROnPlateau` is none: it follows the scores.
    """
    given = getattr(_inner(model), "_learning_rate", None)
    if isinstance(given, keras.optimizers.schedules.LearningRateSchedule):
        return type(given).__name__
    scheduler = keras.callbacks.LearningRateScheduler
    return next((type(callback).__name__ for callback in callbacks if isinstance(callback, scheduler)), None)


class LearningRateWatch:
    """Notices that a callback of the user's changes the learning rate.

    Args:
        model: The model in training.
        callbacks: Its callbacks. With `ReduceLROnPlateau` among them nothing is noticed.
    """

    def __init__(self, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        plateau = any(isinstance(callback, keras.callbacks.ReduceLROnPlateau) for callback in callbacks)
        self._model = None if plateau else model
        self._before = self._now()

    def changed(self) -> bool:
        """Whether the learning rate differs from that of the last call."""
        before, self._before = self._before, self._now()
        return before != self._before

    def _now(self) -> float | None:
        rate = None if self._model is None else getattr(_inner(self._model), "_learning_rate", None)
        return float(keras.ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else None


def _inner(model: keras.Model) -> keras.optimizers.Optimizer | None:
    """The optimizer, without loss scaling around it."""
    optimizer = getattr(model, "optimizer", None)
    return getattr(optimizer, "inner_optimizer", optimizer)
