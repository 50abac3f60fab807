"""What the user gives as the model to tune: a function, or an object with `build` and perhaps `fit`."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import ModelError, UsageError
from kerastune_lite.space.hp import HyperParameters

if TYPE_CHECKING:
    import keras


class HyperModel:
    """A base to derive from: `build(hp)` makes the model, `fit(hp, model, ...)` trains it.

    Any object with these two methods serves as well; one without `fit` is trained by `model.fit`.
    """

    def build(self, hp: HyperParameters) -> "keras.Model":
        """A compiled model."""
        raise NotImplementedError("a HyperModel must define build(self, hp)")

    def fit(self, hp: HyperParameters, model: "keras.Model", *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Trains the model; `kwargs["callbacks"]` must reach it."""
        return model.fit(*args, **kwargs)


class Builder:
    """Calls the user's code to build, and to train where the user has a `fit`.

    Raises:
        UsageError: What was given is neither a function nor has a `build` method, or is a model or a class.
    """

    def __init__(self, given: Any) -> None:
        _check_given(given)
        method = getattr(given, "build", None)
        build = given if callable(given) and method is None else method
        if not callable(build):
            raise UsageError(
                f"build_model must be a function of hp or an object with a build(hp) method, got {given!r}"
            )
        self.given = given
        self._build: Callable[[HyperParameters], Any] = build
        fit = getattr(given, "fit", None) if method is not None else None
        # the base class's own fit is model.fit: nothing special
        inherited = isinstance(given, HyperModel) and type(given).fit is HyperModel.fit
        self.fit: Callable[..., Any] | None = None if inherited else fit

    def build(self, hp: HyperParameters) -> "keras.Model":
        """The user's model, checked.

        Raises:
            ModelError: It is no Keras model, or not compiled.
        """
        import keras  # noqa: PLC0415 - heavy: loaded when the first model is built

        from kerastune_lite.training.name_counters import reset_metrics  # noqa: PLC0415 - imports keras

        reset_metrics()
        model = self._build(hp)
        if not isinstance(model, keras.Model):
            raise ModelError(f"build_model must return a compiled Keras model, got {model!r}; is a `return` missing?")
        if self.fit is None and not model.compiled:
            raise ModelError(
                f"build_model returned {model.name!r}, which is not compiled; "
                "call model.compile(optimizer, loss=..., metrics=...) before returning it"
            )
        return model


def _check_given(given: Any) -> None:
    """Finds a model, or a class, where a function of hp belongs: both have a `build` of their own."""
    if isinstance(given, type) and hasattr(given, "build"):
        raise UsageError(f"build_model is the class {given.__name__}; give an instance: {given.__name__}()")
    keras = sys.modules.get("keras")  # whoever has a model has it imported
    if keras is not None and isinstance(given, keras.Model):
        raise UsageError(
            f"build_model is the model {given.name!r}; give a function that makes a new one for each trial: "
            "def build_model(hp): ...; return model"
        )
