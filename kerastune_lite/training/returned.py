"""Converts what the user's `fit` or `run_trial` returns to the metrics of epochs."""

from collections.abc import Mapping
from typing import Any

from kerastune_lite.errors import DataError, ObjectiveError
from kerastune_lite.space.number import number, plain
from kerastune_lite.study.objective import Objective

DEFAULT_OBJECTIVE = Objective("default_objective", "min")
"""The objective if none is given: the number that the user's `fit` or `run_trial` returns, minimised."""


def returned_epochs(
    returned: Any, objective: Objective, caller: str, warned: set[str] | None = None
) -> list[dict[str, float]]:
    """The metrics of each epoch; a number or a dict of metrics counts as one epoch.

    Args:
        returned: A number, a dict of metrics that contains the objective, or a Keras History.
        objective: The objective of the search.
        caller: The function that returned it, for the error message.
        warned: Names of metrics that are not scalar and that a warning was given for; updated.

    Raises:
        DataError: `returned` is something else.
    """
    from kerastune_lite.callbacks.report import scalars_with_warning  # noqa: PLC0415 - imports keras

    warned = set() if warned is None else warned
    if number(returned) is not None:
        return [{objective.name: float(plain(returned))}]
    if isinstance(returned, Mapping):
        return [scalars_with_warning(returned, warned)]
    columns = getattr(returned, "history", None)
    if isinstance(columns, Mapping):
        count = max(map(len, columns.values()), default=0)
        rows = [{name: column[i] for name, column in columns.items() if i < len(column)} for i in range(count)]
        return [scalars_with_warning(row, warned) for row in rows]
    raise DataError(
        f"{caller} reported no epoch and returned {returned!r}; return the History of model.fit, a dict of metrics or "
        "the objective as a number, or pass the given callbacks to model.fit"
    )


def check_objective(metrics: Mapping[str, float], objective: Objective, caller: str) -> None:
    """Raises an ObjectiveError if `metrics`, those of the last epoch, do not contain the objective."""
    if objective.name not in metrics and objective == DEFAULT_OBJECTIVE:
        raise ObjectiveError(
            f"{caller} did not return a single number to minimise, and no objective is given; give one of "
            f'{", ".join(metrics) or "its metrics"}, such as objective="val_loss"'
        )
    objective.check(metrics)
