"""Searches over a small network's hyperparameters, as users write them: some well, some carelessly."""

from collections.abc import Callable
from typing import Any

from benchmarks.tasks.data import split
from benchmarks.tasks.network import Data, Settings, cross_entropy, deviation, error, train
from benchmarks.tasks.recipe import (
    Recipe,
    Values,
    category,
    flat,
    floating,
    integer,
    log_floating,
    log_integer,
    ordinal,
)

_RATE = log_floating("learning_rate", 1e-5, 1.0)
_BATCH = ordinal("batch_size", 16, 32, 64, 128, 256)
_ACTIVATION = category("activation", "relu", "tanh", "sigmoid")
_OPTIMIZER = category("optimizer", "sgd", "adam", "rmsprop")
_AS_ANYBODY = (
    *(_RATE, _BATCH, integer("layers", 1, 3), integer("units", 8, 128), floating("dropout", 0.0, 0.7)),
    *(_ACTIVATION, _OPTIMIZER, floating("momentum", 0.0, 0.95)),
)

Loss = Callable[[Data, Any], float]


def _trained(data: Callable[[], Data], loss: Loss, settings: Callable[[Values], Settings]) -> Any:
    """What a recipe trains; the data are made when they are needed."""
    return lambda values, seed: loss(data(), train(data(), settings(values), seed))


def _plainly(**fixed: Any) -> Callable[[Values], Settings]:
    """Settings under their own names, with `layers` of the same `units`; momentum is for SGD alone."""

    def settings(values: Values) -> Settings:
        known = {**fixed, **values}
        units = (known.pop("units", 32),) * known.pop("layers", 1)
        if known.get("optimizer", "adam") != "sgd":
            known.pop("momentum", None)
        return Settings(units=units, **known)

    return settings


def _digits(held: int = 400, count: int = 800) -> Callable[[], Data]:
    return lambda: split("digits", count, held)


def _units_per_layer() -> Recipe:
    """Each layer with units and dropout of its own, read in a loop."""

    def read(ask: Any) -> Values:
        count = ask(integer("num_layers", 1, 4))
        values = {"learning_rate": ask(_RATE), "activation": ask(_ACTIVATION), "batch_size": ask(_BATCH)}
        for place in range(count):
            values[f"units_{place}"] = ask(integer(f"units_{place}", 8, 128))
            values[f"dropout_{place}"] = ask(floating(f"dropout_{place}", 0.0, 0.7))
        return {**values, "num_layers": count}

    def settings(values: Values) -> Settings:
        places = range(values["num_layers"])
        units, dropout = (tuple(values[f"{name}_{place}"] for place in places) for name in ("units", "dropout"))
        known = {key: values[key] for key in ("learning_rate", "activation", "batch_size")}
        return Settings(units=units, dropout=dropout, **known)

    return Recipe(read, None, _trained(_digits(), cross_entropy, settings))


def _optimizer_branches() -> Recipe:
    """Each optimiser with a learning rate of its own."""

    def read(ask: Any) -> Values:
        chosen = ask(_OPTIMIZER)
        values = {"optimizer": chosen, "units": ask(log_integer("units", 4, 256)), "weight_decay": ask(decay)}
        if chosen == "sgd":
            values["sgd_learning_rate"] = ask(log_floating("sgd_learning_rate", 1e-5, 10.0))
            return {**values, "momentum": ask(floating("momentum", 0.0, 0.99))}
        values[f"{chosen}_learning_rate"] = ask(log_floating(f"{chosen}_learning_rate", 1e-6, 1.0))
        if chosen == "adam":
            return {**values, "momentum": ask(floating("beta_1", 0.5, 0.99))}
        return {**values, "rho": ask(floating("rho", 0.5, 0.999))}

    def settings(values: Values) -> Settings:
        known = {**values, "learning_rate": values[f"{values['optimizer']}_learning_rate"]}
        known.pop(f"{values['optimizer']}_learning_rate")
        return Settings(**{**known, "units": (values["units"],) * 2}, batch_size=64)

    decay = log_floating("weight_decay", 1e-7, 1.0)
    return Recipe(read, None, _trained(_digits(200), error, settings))


def _misleading() -> Recipe:
    """Names that mean the opposite of what they usually do."""

    def settings(values: Values) -> Settings:
        return Settings(
            units=(round(256 / values["units"]),),
            dropout=1 - values["dropout"],
            momentum=1 - values["momentum"],
            weight_decay=10.0 ** -values["weight_decay"],
            learning_rate=1 / values["learning_rate"],
            optimizer="sgd",
            batch_size=64,
        )

    return flat(
        _trained(_digits(), cross_entropy, settings),
        log_integer("units", 1, 128),  # how many times fewer than 256
        floating("dropout", 0.1, 1.0),  # the share kept
        log_floating("momentum", 0.01, 1.0),  # what is lost of the speed
        floating("weight_decay", 0.0, 8.0),  # the power of ten divided by
        log_floating("learning_rate", 0.1, 1e5),  # its inverse
    )


def _pruned() -> Recipe:
    """`units` are those taken away, `dropout` is the share kept; the rest is as named."""

    def settings(values: Values) -> Settings:
        units = (130 - values["units"],) * 2
        known = {key: values[key] for key in ("learning_rate", "activation", "batch_size")}
        return Settings(units=units, dropout=1 - values["dropout"], epochs=10, **known)

    kept = floating("dropout", 0.05, 1.0)
    batch = ordinal("batch_size", 8, 16, 32, 64)
    data = lambda: split("digits", 300, 400)  # noqa: E731
    return flat(_trained(data, cross_entropy, settings), _RATE, integer("units", 2, 128), kept, _ACTIVATION, batch)


def _ten() -> Recipe:
    """Ten hyperparameters, most of which hardly matter."""
    return flat(
        _trained(_digits(), cross_entropy, _plainly(layers=2, optimizer="rmsprop", batch_size=64)),
        log_floating("epsilon", 1e-10, 1e-5),
        floating("rho", 0.9, 0.999),
        _RATE,
        floating("decay", 0.5, 1.0),
        floating("clip", 1.0, 10.0),
        floating("noise", 0.0, 0.3),
        log_floating("smoothing", 1e-4, 0.1),
        category("initializer", "he", "glorot", "normal"),
        log_integer("units", 16, 128),
        log_floating("weight_decay", 1e-8, 1e-2),
    )


def _small_is_better() -> Recipe:
    """Few images, many with a wrong label, many epochs: what holds the network back helps."""
    data = lambda: split("digits", 150, 400, wrong=0.4)  # noqa: E731
    return flat(
        _trained(data, cross_entropy, _plainly(layers=1, batch_size=32, epochs=30)),
        log_floating("learning_rate", 1e-4, 0.1),
        log_integer("units", 2, 256),
        floating("dropout", 0.0, 0.9),
        log_floating("weight_decay", 1e-6, 1.0),
    )


def _few_units() -> Recipe:
    """The same without dropout or weight decay: a small network does best."""
    data = lambda: split("digits", 150, 400, wrong=0.4)  # noqa: E731
    return flat(
        _trained(data, cross_entropy, _plainly(batch_size=32, epochs=30, initializer="glorot")),
        log_floating("learning_rate", 3e-3, 0.1),
        log_integer("units", 8, 256),
        integer("layers", 1, 3),
    )


def _table(name: str, count: int, held: int, loss: Loss, fixed: Values, *parameters: Any) -> Recipe:
    return flat(_trained(lambda: split(name, count, held), loss, _plainly(**fixed)), *parameters)


def _recipes() -> dict[str, Recipe]:
    units, dropout = integer("units", 8, 256), floating("dropout", 0.0, 0.8)
    linear = floating("learning_rate", 1e-5, 0.5)
    sgd = {"optimizer": "sgd"}
    return {
        "digits_as_anybody_loss": flat(_trained(_digits(), cross_entropy, _plainly()), *_AS_ANYBODY),
        "digits_as_anybody_accuracy": flat(_trained(_digits(), error, _plainly()), *_AS_ANYBODY),
        "digits_adam_accuracy": flat(
            _trained(_digits(100), error, _plainly(layers=2)), _RATE, log_integer("units", 8, 256), _BATCH, dropout
        ),
        "digits_linear_rate_adam": flat(_trained(_digits(), error, _plainly(layers=2)), linear, units, dropout),
        "digits_linear_rate_sgd": flat(
            _trained(_digits(), cross_entropy, _plainly(layers=3, batch_size=16, **sgd)),
            linear,
            units,
            floating("momentum", 0.0, 0.99),
        ),
        "digits_rate_and_momentum": flat(
            _trained(_digits(count=600), cross_entropy, _plainly(**sgd)),
            log_floating("learning_rate", 1e-6, 10.0),
            floating("momentum", 0.0, 0.999),
        ),
        "digits_units_per_layer": _units_per_layer(),
        "digits_optimizer_branches": _optimizer_branches(),
        "digits_misleading_names": _misleading(),
        "digits_ten": _ten(),
        "digits_small_is_better": _small_is_better(),
        "digits_pruned_units": _pruned(),
        "digits_few_units": _few_units(),
        "spiral_rate_and_batch": _table(
            *("spiral", 600, 400, cross_entropy, {"layers": 2, "epochs": 15}),
            *(_RATE, log_integer("batch_size", 8, 256)),
        ),
        "spiral_depth": _table(
            *("spiral", 600, 400, error, {"epochs": 10, "batch_size": 32}),
            *(_RATE, integer("layers", 1, 4), integer("units", 2, 64), _ACTIVATION, _OPTIMIZER),
        ),
        "diabetes_regression": _table(
            *("diabetes", 200, 240, deviation, {"epochs": 15}),
            *(_RATE, _BATCH, integer("units", 2, 256), dropout, log_floating("weight_decay", 1e-6, 10.0), _OPTIMIZER),
        ),
        "breast_cancer_loss": _table(
            *("breast_cancer", 200, 369, cross_entropy, {"epochs": 10}),
            *(_RATE, _BATCH, log_integer("units", 2, 256), log_floating("weight_decay", 1e-8, 1.0), _ACTIVATION),
        ),
        "wine_choices": _table(
            *("wine", 90, 88, cross_entropy, {"epochs": 10}),
            *(ordinal("learning_rate", 1e-5, 1e-4, 1e-3, 1e-2, 0.1), ordinal("units", 4, 16, 64, 256)),
            *(ordinal("layers", 1, 2, 3), _ACTIVATION, _OPTIMIZER, ordinal("dropout", 0.0, 0.2, 0.4, 0.6)),
            category("initializer", "he", "glorot", "normal", "large"),
        ),
    }


_RECIPES = _recipes()
NAMES = list(_RECIPES)


def recipe(name: str) -> Recipe:
    return _RECIPES[name]
