"""What a training loop of the user's own returns, as the metrics of epochs."""

from collections.abc import Mapping
from typing import Any

from kerastune_lite.errors import DataError, ObjectiveError
from kerastune_lite.space.number import number, plain
from kerastune_lite.study.objective import Objective

DEFAULT_OBJECTIVE = Objective("default_objective", "min")
"""What is minimised where no objective is named: the number that the user's `fit` or `run_trial` returns."""


def returned_epochs(
    returned: Any, objective: Objective, caller: str, told: set[str] | None = None
) -> list[dict[str, float]]:
    """The metrics of each epoch; of one, where a number or a dict of metrics was returned.

    Args:
        returned: A number, a dict of metrics that holds the objective, or a Keras History.
        objective: What the trial is judged by.
        caller: The function that returned it, for the error.
        told: Names of metrics that are not scalar and that a warning was given for; updated.

    Raises:
        DataError: It is something else.
    """
    from kerastune_lite.callbacks.report import told_scalars  # noqa: PLC0415 - heavy: a tuner is made without Keras

    told = set() if told is None else told
    if number(returned) is not None:
        return [{objective.name: float(plain(returned))}]
    if isinstance(returned, Mapping):
        return [told_scalars(returned, told)]
    columns = getattr(returned, "history", None)
    if isinstance(columns, Mapping):
        count = max(map(len, columns.values()), default=0)
        rows = [{name: column[i] for name, column in columns.items() if i < len(column)} for i in range(count)]
        return [told_scalars(row, told) for row in rows]
    raise DataError(
        f"{caller} reported no epoch and returned {returned!r}; return the History of model.fit, the metrics as a dict "
        "or the objective as a number (or pass the callbacks it was given to model.fit)"
    )


def check_objective(metrics: Mapping[str, float], objective: Objective, caller: str) -> None:
    """Raises an ObjectiveError if `metrics`, the last that a training gave, lack the objective."""
    if objective.name not in metrics and objective == DEFAULT_OBJECTIVE:
        raise ObjectiveError(
            f"{caller} returned no single number, which is what is minimised while no objective is given; give one of "
            f'{", ".join(metrics) or "its metrics"}, as in objective="val_loss"'
        )
    objective.check(metrics)
