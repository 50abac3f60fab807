"""A numeric range and how it is sampled: linear, log or reverse-log, with or without a step.

`Float` and `Int` use it. A scale maps the unit interval to the range so that each level is as likely as its share of
the (transformed) range, including the two end levels.
"""

import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

Sampling = Literal["linear", "log", "reverse_log"]
SAMPLINGS = get_args(Sampling)

# Numbers this close (relative to the range) are the same level: steps such as 0.1 are not exact in binary.
_TOLERANCE = 1e-9

# A float holds every integer up to here, with a bit for halves.
_EXACT = 2**52

_LARGEST_LOG = math.log(sys.float_info.max)


@dataclass(frozen=True, slots=True)
class Scale:
    """The range [low, high].

    With `step` None, every number in between is possible, both ends included; otherwise levels are `low + i * step`
    (linear) or `low * step ** i` (log; mirrored for reverse_log) within the range. `whole` restricts it to integers.
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
        if not math.isfinite(float(self.high) - float(self.low)):
            return f"the range from {self.low} to {self.high} is too wide to compute with; halve both bounds"
        if self.low > self.high:
            return f"min_value={self.low} is above max_value={self.high}; swap them"
        if self.sampling not in SAMPLINGS:
            return f"sampling={self.sampling!r} is unknown; use one of {', '.join(map(repr, SAMPLINGS))}"
        if self.sampling != "linear" and self.low <= 0:
            return (
                f'sampling="{self.sampling}" needs min_value > 0, got {self.low}; '
                'use sampling="linear" or raise min_value'
            )
        return self._curve_problem() or (None if self.step is None else self._step_problem(self.step))

    def _curve_problem(self) -> str | None:
        """Why the values cannot be told apart by their logarithms."""
        if self.sampling == "reverse_log" and not math.isfinite(float(self.low) + float(self.high)):
            return f"max_value={self.high} is too large for sampling='reverse_log'; halve both bounds"
        if self.sampling == "linear" or self.low == self.high:
            return None
        if (self.high - self.low) / self.high < _TOLERANCE:
            return (
                f'the range from {self.low} to {self.high} is too narrow for sampling="{self.sampling}"; '
                'use sampling="linear", which is the same there'
            )
        return None

    def _step_problem(self, step: float) -> str | None:
        least = 0 if self.sampling == "linear" else 1
        if not (math.isfinite(step) and step > least):
            return f'step={step} must be above {least} with sampling="{self.sampling}"'
        if self.low == self.high or self.whole:
            return None
        if self.sampling != "linear" and not math.isfinite(self.high / self.low):
            return f"the range from {self.low} to {self.high} is too wide for a step; leave step out"
        largest = self.low if self.sampling == "log" else max(abs(self.low), abs(self.high))
        finest, gap = math.ulp(largest), self._gap(self.low)
        exact = self.sampling == "linear" and finest == math.ulp(0.0)  # sums of subnormal numbers are not rounded
        if gap < (finest if exact else 2 * finest):
            return f"step={step} is too small to tell levels near {largest} apart; use a larger step, or none"
        return None

    def missed_end(self) -> str | None:
        """The end of the range that the levels do not reach, and the level before it; None if they reach both."""
        levels = self.count()
        if self.step is None or levels is None:
            return None
        slack = self._slack(self._raw(levels - 1))
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
        return self._clean(self._mirror(raw), self._slack(raw))

    def at(self, unit: float) -> float:
        """The value at `unit` in [0, 1]; without a step, 0 and 1 give exactly the ends of the range."""
        count = self.count()
        if self.step is not None and count is not None:
            return self.level(min(int(unit * count), count - 1))
        if unit in (0.0, 1.0):
            return self.high if unit else self.low
        if count is not None and self._exceeds_float():
            return self.low + min(int(Fraction(unit) * count), count - 1)
        pad = 0.5 if self.whole else 0.0
        low, high = self._forward(self.low - pad), self._forward(self.high + pad)
        if self.sampling == "reverse_log":
            value = self.low + self.high - _exp(high + (low - high) * unit)
        elif self.sampling == "log":
            value = _exp(low + (high - low) * unit)
        else:
            value = low + (high - low) * unit
        return min(max(round(value) if self.whole else value, self.low), self.high)

    def unit(self, value: float) -> float:
        """The position of `value` in [0, 1]; for a level, the middle of its interval."""
        count = self.count()
        if self.step is not None and count is not None:
            return (2 * self.index(value) + 1) / (2 * count)
        if count is not None and self._exceeds_float():
            return (2 * int(value - self.low) + 1) / (2 * count)
        pad = 0.5 if self.whole else 0.0
        low, high = self._forward(self.low - pad), self._forward(self.high + pad)
        if low == high:
            return 0.5
        if self.sampling == "reverse_log":
            place = (high - self._forward(self._mirror(value))) / (high - low)
        else:
            place = (self._forward(value) - low) / (high - low)
        return min(max(place, 0.0), 1.0)  # rounding may leave the interval

    def index(self, value: float) -> int:
        """The index of the level nearest to `value`."""
        if self.step is None:
            return round(value - self.low)
        steps = self._steps()
        if self.sampling == "linear":
            index = _nearest(value - self.low, self.step)
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
        level = self.level(self.index(value))
        return abs(level - value) <= self._slack(self._mirror(level))

    def spread(self, points: int) -> list[float]:
        """`points` values evenly spaced on the scale, both ends included, ascending."""
        if points == 1 or self.low == self.high:
            return [self.low]
        low, high = self._forward(self.low), self._forward(self.high)
        inner = [low + (high - low) * i / (points - 1) for i in range(1, points - 1)]
        if self.sampling == "linear":
            values = inner
        elif self.sampling == "log":
            values = [_exp(place) for place in inner]
        else:
            values = [self._mirror(_exp(place)) for place in reversed(inner)]
        slack = _TOLERANCE * (self.high - self.low) / points if self.sampling == "linear" else math.inf
        return [self.low, *(self._clean(value, slack) for value in values), self.high]

    def _exact_steps(self) -> float:
        if self.step is None or self.low == self.high:
            return 0.0
        if self.sampling == "linear":
            return (self.high - self.low) / self.step
        return math.log(self.high / self.low) / math.log(self.step)

    def _steps(self) -> int:
        if self.whole and self.sampling == "linear" and self.step is not None:
            return int((self.high - self.low) // self.step)
        nearest = round(self._exact_steps())
        raw = self._raw(nearest)
        return nearest - 1 if raw > self.high + self._slack(raw) else nearest

    def _gap(self, raw: float) -> float:
        """The distance between the level at `raw` and the next one."""
        step = 0.0 if self.step is None else self.step
        return step if self.sampling == "linear" else raw * (step - 1)

    def _slack(self, raw: float) -> float:
        """How far a number may be from the level at `raw` to be the same; integers are exact."""
        if self.whole:
            return 0
        return min(_TOLERANCE * max(abs(self.low), abs(self.high)), self._gap(raw) / 1000)

    def _exceeds_float(self) -> bool:
        """Whether it takes integer arithmetic to be exact."""
        return self.whole and self.sampling == "linear" and max(abs(self.low), abs(self.high)) >= _EXACT

    def _raw(self, index: int) -> float:
        step = 0.0 if self.step is None else self.step
        return self.low + index * step if self.sampling == "linear" else self.low * step**index

    def _mirror(self, value: float) -> float:
        if self.sampling != "reverse_log":
            return value
        return max(self.low + self.high - value, self.low)  # rounding may leave the range, and 0 has no logarithm

    def _forward(self, value: float) -> float:
        return value if self.sampling == "linear" else math.log(value)

    def _clean(self, value: float, slack: float) -> float:
        """Rounds off binary noise (0.30000000000000004 becomes 0.3), by `slack` at most, and clips to the range."""
        if self.whole:
            return round(value)
        rounded = float(f"{value:.12g}")
        return min(max(rounded if abs(rounded - value) <= slack else value, self.low), self.high)


def _exp(value: float) -> float:
    """The exponential; the largest float instead of an overflow."""
    return math.exp(min(value, _LARGEST_LOG))


def _nearest(distance: float, step: float) -> int:
    """How many steps are nearest to `distance`; exact for integers of any size."""
    if isinstance(distance, int) and isinstance(step, int):
        return round(Fraction(distance, step)) if abs(distance) >= _EXACT else round(distance / step)
    return round(distance / step)
