"""The model to tune: a function of hp, or an object with `build` and, optionally, `fit`."""

import inspect
import sys
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import ModelError, UsageError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.training.recompile import recompiled

if TYPE_CHECKING:
    import keras


class HyperModel:
    """A base class for hypermodels: `build(hp)` returns the model, `fit(hp, model, ...)` trains it.

    Any object with a `build` method can be used; without a `fit` method, `model.fit` trains the model.

    Args:
        name: A name for the user's own purposes.
        tunable: If False, the hyperparameters that `build` reads are not tuned and not recorded: each has the value
            that `hp` holds, or else its default.
    """

    name: str | None = None
    tunable: bool = True

    def __init__(self, name: str | None = None, tunable: bool = True) -> None:
        self.name = name
        self.tunable = tunable

    def build(self, hp: HyperParameters) -> "keras.Model":
        """Returns a compiled model."""
        raise NotImplementedError("a HyperModel must define build(self, hp)")

    def fit(self, hp: HyperParameters, model: "keras.Model", *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Trains the model; must pass `kwargs["callbacks"]` to `model.fit`.

        Returns:
            The History of `model.fit`. If the objective is not among Keras's metrics, the objective as a number, or a
            dict of metrics that contains it.
        """
        return model.fit(*args, **kwargs)


class Builder:
    """Calls the user's code to build a model, and to train it if there is a `fit`.

    Args:
        given: A function of hp or an object with `build`; None if an overridden `run_trial` needs no model.
        replaced: Arguments of `compile` that replace those of each model.
        checked: Whether the result must be a compiled Keras model. A tuner that overrides `run_trial` may build others.

    Raises:
        UsageError: `given` is neither a function nor an object with `build`, or it is a model or a class.
    """

    def __init__(self, given: Any, *, replaced: Mapping[str, Any] | None = None, checked: bool = True) -> None:
        _check_given(given)
        method = getattr(given, "build", None)
        build = given if callable(given) and method is None else method
        if not callable(build) and (checked or given is not None):
            raise UsageError(
                f"build_model must be a function of hp or an object with a build(hp) method, got {given!r}"
            )
        self.given = given
        self._build: Callable[[HyperParameters], Any] | None = build
        self._replaced = dict(replaced or {})
        self._checked = checked
        self._models: weakref.WeakSet[Any] = weakref.WeakSet()
        fit = getattr(given, "fit", None) if method is not None else None
        # the fit of the base class is model.fit
        inherited = isinstance(given, HyperModel) and type(given).fit is HyperModel.fit
        self.own_fit: Callable[..., Any] | None = None if inherited else fit

    def __getattr__(self, name: str) -> Any:
        """Other attributes of the user's object."""
        if name.startswith("_") or name == "given":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.given, name)

    def build(self, hp: HyperParameters) -> "keras.Model":
        """Builds the user's model and checks it.

        Raises:
            ModelError: The result is not a Keras model, is not compiled, or was returned before.
            UsageError: There is no model to build.
        """
        if self._build is None:
            raise UsageError("this tuner has no model to build; give hypermodel=build_model")
        if self._checked:
            from kerastune_lite.training.name_counters import reset_metrics  # noqa: PLC0415 - imports keras

            reset_metrics()
        model = self._build(hp if getattr(self.given, "tunable", True) else HyperParameters(hp.values))
        return self._compiled(model) if self._checked else recompiled(model, self._replaced)

    def _compiled(self, model: Any) -> "keras.Model":
        import keras  # noqa: PLC0415 - heavy: loaded when the first model is built

        if not isinstance(model, keras.Model):
            raise ModelError(f"build_model must return a compiled Keras model, got {model!r}; is a `return` missing?")
        if model in self._models:
            raise ModelError(
                f"build_model returned the model {model.name!r} once more, which an earlier trial may have trained; "
                "create the model inside of build_model"
            )
        self._models.add(model)
        recompiled(model, self._replaced)
        if self.own_fit is None and not model.compiled:
            raise ModelError(
                f"build_model returned {model.name!r}, which is not compiled; "
                "call model.compile(optimizer, loss=..., metrics=...) before returning it"
            )
        return model

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Trains a model by the user's `fit`, or by `model.fit` if there is none."""
        if self.own_fit is not None:
            return self.own_fit(hp, model, *args, **kwargs)
        return model.fit(*args, **kwargs)


def _check_given(given: Any) -> None:
    """Raises a UsageError if `given` is a model, a class, both of which have a `build` method, or does not take hp."""
    if inspect.isfunction(given) and not inspect.signature(given).parameters:
        raise UsageError(f"{given.__name__}() takes no argument; it must take hp: def {given.__name__}(hp): ...")
    if isinstance(given, type) and hasattr(given, "build"):
        raise UsageError(f"build_model is the class {given.__name__}; give an instance: {given.__name__}()")
    keras = sys.modules.get("keras")  # imported already if there is a model
    if keras is not None and isinstance(given, keras.Model):
        raise UsageError(
            f"build_model is the model {given.name!r}; give a function that creates one for each trial: "
            "def build_model(hp): ...; return model"
        )
