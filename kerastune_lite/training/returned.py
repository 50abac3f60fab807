"""What a training loop of the user's own returns, as the metrics of epochs."""

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_lite.errors import DataError, ObjectiveError
from kerastune_lite.space.number import number
from kerastune_lite.study.objective import Objective

DEFAULT_OBJECTIVE = Objective("default_objective", "min")
"""What is minimised where no objective is named: the number that the user's `fit` or `run_trial` returns."""


def returned_epochs(
    returned: Any,
    objective: Objective,
    caller: str,
    scalars: Callable[[Mapping[str, Any]], dict[str, float]] | None = None,
) -> list[dict[str, float]]:
    """The metrics of each epoch; of one, where a number or a dict of metrics was returned.

    Args:
        returned: A number, a dict of metrics that holds the objective, or a Keras History.
        objective: What the trial is judged by.
        caller: The function that returned it, for the error.
        scalars: Takes the numbers out of what an epoch reports; by default all that are single numbers.

    Raises:
        DataError: It is something else.
    """
    scalars = _scalars if scalars is None else scalars
    if (found := number(returned)) is not None:
        return [{objective.name: float(found)}]
    if isinstance(returned, Mapping):
        return [scalars(returned)]
    columns = getattr(returned, "history", None)
    if isinstance(columns, Mapping):
        count = max(map(len, columns.values()), default=0)
        rows = [{name: column[i] for name, column in columns.items() if i < len(column)} for i in range(count)]
        return [scalars(row) for row in rows]
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


def _scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): number(value) for name, value in metrics.items()}
    return {name: float(value) for name, value in found.items() if value is not None}
