"""A numeric range and how it is sampled: linear, log or reverse-log, with or without a step.

`Float` and `Int` use it. A scale maps the unit interval to the range so that each level is as likely as its share of
the (transformed) range, including the two end levels.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

Sampling = Literal["linear", "log", "reverse_log"]
SAMPLINGS = get_args(Sampling)

# Numbers this close (relative to the range) are the same level: steps such as 0.1 are not exact in binary.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """The range [low, high].

    With `step` None, every number in between is possible, both ends included; otherwise levels are `low + i * step`
    (linear) or `low * step ** i` (log; mirrored for reverse_log) up to the end of the range. `whole` restricts the
    range to integers.
    """

    low: float
    high: float
    step: float | None
    sampling: Sampling
    whole: bool

    def problem(self) -> str | None:
        """What is wrong with the range, and how to fix it; None if it is valid."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return f"min_value and max_value must be finite, got {self.low} and {self.high}"
        if self.low > self.high:
            return f"min_value={self.low} is above max_value={self.high}; swap them"
        if self.sampling not in SAMPLINGS:
            return f"sampling={self.sampling!r} is unknown; use one of {', '.join(map(repr, SAMPLINGS))}"
        if self.sampling != "linear" and self.low <= 0:
            return (
                f'sampling="{self.sampling}" needs min_value > 0, got {self.low}; '
                'use sampling="linear" or raise min_value'
            )
        return None if self.step is None else self._step_problem(self.step)

    def _step_problem(self, step: float) -> str | None:
        least = 0 if self.sampling == "linear" else 1
        if not (math.isfinite(step) and step > least):
            return f'step={step} must be above {least} with sampling="{self.sampling}"'
        return None

    def missed_end(self) -> str | None:
        """The end of the range that the levels do not reach, and the level before it; None if they reach both."""
        levels = self.count()
        if self.step is None or levels is None:
            return None
        slack = _TOLERANCE * max(1.0, abs(self.high))
        if self.sampling == "reverse_log":
            first = self.level(0)
            missed = first > self.low + slack
            return f"min_value={self.low:.12g} is not reached: the first level is {first:.12g}" if missed else None
        last = self.level(levels - 1)
        missed = last < self.high - slack
        return f"max_value={self.high:.12g} is not reached: the last level is {last:.12g}" if missed else None

    def count(self) -> int | None:
        """The number of levels; None if it is infinite."""
        if self.step is not None:
            return self._steps() + 1
        if self.whole or self.low == self.high:
            return int(self.high) - int(self.low) + 1
        return None

    def level(self, index: int) -> float:
        """The level at `index`, from 0, in ascending order."""
        if self.step is None:
            return self.low + index
        raw = self._raw(self._steps() - index if self.sampling == "reverse_log" else index)
        return self._clean(self._mirror(raw))

    def at(self, unit: float) -> float:
        """The value at `unit` in [0, 1]; without a step, 0 and 1 give exactly the ends of the range."""
        count = self.count()
        if self.step is not None and count is not None:
            return self.level(min(int(unit * count), count - 1))
        if unit in (0.0, 1.0):
            return self.high if unit else self.low
        pad = 0.5 if self.whole else 0.0
        low, high = self._forward(self.low - pad), self._forward(self.high + pad)
        if self.sampling == "reverse_log":
            value = self.low + self.high - math.exp(high + (low - high) * unit)
        elif self.sampling == "log":
            value = math.exp(low + (high - low) * unit)
        else:
            value = low + (high - low) * unit
        return min(max(float(round(value)) if self.whole else value, self.low), self.high)

    def unit(self, value: float) -> float:
        """The position of `value` in [0, 1]; for a level, the middle of its interval."""
        count = self.count()
        if self.step is not None and count is not None:
            return (self.index(value) + 0.5) / count
        pad = 0.5 if self.whole else 0.0
        low, high = self._forward(self.low - pad), self._forward(self.high + pad)
        if low == high:
            return 0.5
        if self.sampling == "reverse_log":
            return (high - self._forward(self._mirror(value))) / (high - low)
        return (self._forward(value) - low) / (high - low)

    def index(self, value: float) -> int:
        """The index of the level nearest to `value`."""
        if self.step is None:
            return round(value - self.low)
        steps = self._steps()
        if self.sampling == "linear":
            index = round((value - self.low) / self.step)
        else:
            index = round(math.log(self._mirror(value) / self.low) / math.log(self.step))
        index = min(max(index, 0), steps)  # an end of the range may lie beyond the last level
        return steps - index if self.sampling == "reverse_log" else index

    def holds(self, value: float) -> bool:
        """Whether `value` is in the range and, with a step, one of its levels."""
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return not self.whole or float(value).is_integer()
        return abs(self.level(self.index(value)) - value) <= _TOLERANCE * max(1.0, abs(self.high))

    def spread(self, points: int) -> list[float]:
        """`points` values evenly spaced on the scale, both ends included, ascending."""
        if points == 1 or self.low == self.high:
            return [self.low]
        low, high = self._forward(self.low), self._forward(self.high)
        inner = [low + (high - low) * i / (points - 1) for i in range(1, points - 1)]
        if self.sampling == "linear":
            values = inner
        elif self.sampling == "log":
            values = [math.exp(place) for place in inner]
        else:
            values = [self._mirror(math.exp(place)) for place in reversed(inner)]
        return [self.low, *(self._clean(value) for value in values), self.high]

    def _exact_steps(self) -> float:
        if self.step is None or self.low == self.high:
            return 0.0
        if self.sampling == "linear":
            return (self.high - self.low) / self.step
        return math.log(self.high / self.low) / math.log(self.step)

    def _steps(self) -> int:
        nearest = round(self._exact_steps())
        beyond = self._raw(nearest) > self.high + _TOLERANCE * max(1.0, abs(self.high))
        return nearest - 1 if beyond else nearest

    def _raw(self, index: int) -> float:
        step = 0.0 if self.step is None else self.step
        return self.low + index * step if self.sampling == "linear" else self.low * step**index

    def _mirror(self, value: float) -> float:
        return self.low + self.high - value if self.sampling == "reverse_log" else value

    def _forward(self, value: float) -> float:
        return value if self.sampling == "linear" else math.log(value)

    def _clean(self, value: float) -> float:
        """Rounds off binary noise (0.30000000000000004 becomes 0.3) and clips to the range."""
        if self.whole:
            return float(round(value))
        value = float(f"{value:.12g}")
        return min(max(value, self.low), self.high)
