"""Forecasts of learning curves: where a trial will end, judging by how it has improved so far."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from kerastune_lite.space.number import count, optional_count
from kerastune_lite.stopping.comparison import check_share
from kerastune_lite.stopping.horizon import due
from kerastune_lite.stopping.protocol import Stop
from kerastune_lite.study.curves import Curve
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

_EXPONENTS = (-1.0, 0.25, 0.5, 1.0, 2.0)  # c; -1 is a straight line
_USED_SHARE = 2 / 3  # of the epochs: the first ones improve by another law
_LEAST_POINTS = 3
_SPREAD = 2.0  # errors of neighbouring epochs are alike, so the residuals make the forecast look too certain
_TINY = 1e-12


@final
@dataclass(frozen=True)
class CurveForecast:
    """Stops a trial that is unlikely to become the best.

    It fits power laws `a + b * epoch**-c` to the last two thirds of the score so far, for a few values of `c`, by least
    squares, and weighs them by how well they fit. The trial stops if the chance that it becomes the best is too small.

    Args:
        chance: The trial stops below this chance, between 0 and 1.
        every: Epochs from one forecast to the next.
        first_epoch: The first epoch with a forecast; by default a twentieth of a full training, but at least 3 epochs.
        startup_trials: How many trials must have ended with a score before any is stopped.

    Raises:
        UsageError: An argument is out of its range.

    Source: after Domhan et al., Speeding Up Automatic Hyperparameter Optimization of Deep Neural Networks by
    Extrapolation of Learning Curves (IJCAI 2015), with one family of curves and without sampling.
    """

    chance: float = 0.05
    every: int = 3
    first_epoch: int | None = None
    startup_trials: int = 3

    def __post_init__(self) -> None:
        check_share("CurveForecast", "chance", self.chance, 1)
        count("every", self.every, 1, of="CurveForecast")
        optional_count("first_epoch", self.first_epoch, 1, of="CurveForecast")
        count("startup_trials", self.startup_trials, 1, of="CurveForecast")

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Compares the forecast of the trial with the best trial."""
        found = due(trial, history, first_epoch=self.first_epoch, every=self.every, startup_trials=self.startup_trials)
        if found is None:
            return None
        _, now, epochs = found
        if now >= epochs:
            return None
        best = history.best
        assert best is not None
        assert best.minimized is not None
        chance = chance_below(best.minimized, trial.curve(trial.execution), epochs)
        if chance is None or chance >= self.chance:
            return None
        return Stop(f"epoch {now}: {_percent(chance)} chance of passing {best.score:.4g}")


def _percent(chance: float) -> str:
    return f"{100 * chance:.0f} %" if chance >= 0.005 else "less than 1 %"


class _Fit(NamedTuple):
    """A law's forecast: its mean, its standard deviation, and the logarithm of its weight."""

    mean: float
    deviation: float
    log_weight: float


def chance_below(target: float, curve: Curve, epochs: int) -> float | None:
    """The chance that a curve of minimized values is below `target` after `epochs`; None if it is too short."""
    start = len(curve.epochs) - max(_LEAST_POINTS, math.ceil(_USED_SHARE * len(curve.epochs)))
    if start < 0:
        return None
    x, y = curve.epochs[start:], curve.minimized[start:]
    fits = [*_fits(x, y, epochs)]
    most = max(fit.log_weight for fit in fits)
    weights = [math.exp(fit.log_weight - most) for fit in fits]
    chances = [_normal_cdf((target - fit.mean) / fit.deviation) for fit in fits]
    return sum(map(float.__mul__, weights, chances)) / sum(weights)


def _fits(x: Sequence[int], y: Sequence[float], epochs: int) -> Iterator[_Fit]:
    """Least squares for each exponent; a law that would get worse with time is replaced by a constant."""
    count, mean_y = len(x), sum(y) / len(y)
    scale = max(max(y) - min(y), abs(mean_y) * 1e-3, _TINY)
    floor = (0.01 * scale) ** 2
    for exponent in _EXPONENTS:
        powers = [epoch**-exponent for epoch in x]
        mean_x, end = sum(powers) / count, epochs**-exponent
        square = sum((power - mean_x) ** 2 for power in powers)
        slope = sum((power - mean_x) * value for power, value in zip(powers, y, strict=True)) / square
        slope = min(slope, 0.0) if exponent < 0 else max(slope, 0.0)
        errors = (value - mean_y - slope * (power - mean_x) for power, value in zip(powers, y, strict=True))
        variance = sum(error * error for error in errors) / max(1, count - 2) + floor
        spread = 1 + 1 / count + (end - mean_x) ** 2 / square
        yield _Fit(
            mean=min(mean_y + slope * (end - mean_x), y[-1]),
            deviation=_SPREAD * math.sqrt(variance * spread),
            log_weight=-count / 2 * math.log(variance),
        )


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
