"""Diagnostics of a study: whether its scores can be predicted, and whether its space is well chosen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, final

import numpy as np

from kerastune_lite.printable import printable
from kerastune_lite.results.surrogate_health import SMALL, SurrogateHealth, surrogate_health
from kerastune_lite.space.kinds import Choice, Float, Hyperparameter, Int, Value
from kerastune_lite.study.events import STOPPING
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

# How many trials count as the best.
_BEST = 5

# Finished trials needed for statements about noise, bounds and importance.
_NOTES = 5  # of resumed trials that are shown
_ENOUGH = 10
_ENOUGH_FOR_BOUNDS = 15
_ENOUGH_FOR_IMPORTANCE = 20

# Importance is trusted from the first correlation on; below the second, the scores are unexplained.
_PREDICTABLE = 0.5
_UNEXPLAINED = 0.2

# The distance from an end that counts as "at the bound", and the probability of so many random values there.
_NEAR = 0.05
_BY_CHANCE = 0.005

# Degrees of freedom needed to estimate the noise from replicates.
_REPEATS = 3

# Shares that are reported: of failures; of noise in the distance from best to median, or in the spread.
_MANY_FAILURES = 0.2
_NOISY = 0.1

_SOURCES = {"executions": "repeated executions", "folds": "the folds", "model": "the model", None: ""}


@final
@dataclass(frozen=True)
class AtBound:
    """A hyperparameter whose best values cluster at a bound of its range.

    Attributes:
        name: The hyperparameter.
        side: Which bound.
        bound: The end of the range on that side.
        trials: How many of the best trials are within 5 % of the range from it, on the hyperparameter's own scale.
        of: How many best trials were examined.
    """

    name: str
    side: Literal["lower", "upper"]
    bound: float
    trials: int
    of: int

    @property
    def advice(self) -> str:
        """What to change."""
        return f"widen {self.name} {'above' if self.side == 'upper' else 'below'} {_short(self.bound)}"


@final
@dataclass(frozen=True)
class Diagnostics:
    """Diagnostics of a study.

    Attributes:
        trials: Number of finished trials, on which the diagnostics are based.
        failures: Failed trials as a fraction of failed and finished trials.
        rank_correlation: Spearman's rank correlation, from -1 to 1, of the scores with a Gaussian process's prediction
            of each from all the others. None with fewer than 5 finished trials, equal scores, or nothing to tune.
        correlation: As above, but Pearson's, of warped minimized values. It stays high when a search has converged to
            many trials that differ only by noise, whose ranks are meaningless.
        importance: By name, the most important first: the total effect, as a fraction of the variance of predictions
            over the space, times the fraction of trials that read the hyperparameter. Interactions count for each of
            their hyperparameters, so the sum may exceed 1. Predictions worse than the median count as the median, so
            that differences between good configurations dominate.
        unimportant: Hyperparameters whose importance is below 0.02 in each of four fits. Empty with fewer than 20
            finished trials or if both correlations are below 0.5. Excludes hyperparameters with too few tried values
            and those that decide what else is read.
        at_bound: Hyperparameters that may have better values beyond their range. Empty with fewer than 15 finished
            trials.
        noise: Standard deviation of the score of one execution when a configuration is trained again, in the
            objective's units; None if unknown.
        noise_from: "executions": estimated from trials that were executed more than once. "folds": the same, without
            the differences between folds that all trials share. "model": the noise of the
            Gaussian process, converted to the objective's units by the slope of the output warp at the median of the
            5 best; with few trials it is usually too small.
        spread: Standard deviation of the scores, in the objective's units; 0 with fewer than 2 trials.
        gap_of_best: Difference of the best and the fifth best score, in the objective's units.
        gap_to_median: Difference of the best and the median score, in the objective's units.
        executions: Executions per trial; the score is their mean.
    """

    trials: int
    failures: float
    rank_correlation: float | None
    correlation: float | None
    importance: Mapping[str, float]
    unimportant: tuple[str, ...]
    at_bound: tuple[AtBound, ...]
    noise: float | None
    noise_from: Literal["executions", "folds", "model"] | None
    spread: float
    gap_of_best: float
    gap_to_median: float
    executions: int

    @property
    def noise_ratio(self) -> float | None:
        """Noise divided by spread; None if the noise is unknown or all scores are equal."""
        return None if self.noise is None or not self.spread > 0 else self.noise / self.spread

    @property
    def messages(self) -> tuple[str, ...]:
        """Findings that need a decision by the user."""
        bounds = [_of_bound(found) for found in self.at_bound]
        return (*self._of_failures(), *self._of_correlation(), *bounds, *self._of_importance(), *self._of_noise())

    @property
    def fit(self) -> tuple[bool, str] | None:
        """Whether the scores can be predicted from the hyperparameters, and how well in words; None if unknown."""
        if self.rank_correlation is None or self.correlation is None:
            return None
        figures = f"correlation {self.correlation:.2f}, of ranks {self.rank_correlation:.2f}"
        text = f"each score predicted from the other trials: {figures}"
        return _higher(self.rank_correlation, self.correlation) >= _PREDICTABLE, text

    @property
    def _noise_of_trial(self) -> float:
        return (self.noise or 0.0) / math.sqrt(self.executions)

    def _of_failures(self) -> list[str]:
        if self.failures < _MANY_FAILURES:
            return []
        advice = "narrow the space, or raise kt.Infeasible (which uses no budget) for impossible configurations"
        return [f"{self.failures:.0%} of the trials failed: {advice}"]

    def _of_correlation(self) -> list[str]:
        explained = self.rank_correlation is None or _higher(self.rank_correlation, self.correlation) >= _UNEXPLAINED
        if explained or self.trials < _ENOUGH_FOR_IMPORTANCE:
            return []
        advice = "; set executions_per_trial=2 to see whether this is noise" if self.noise_from == "model" else ""
        return [f"the hyperparameters hardly explain the scores{advice}"]

    def _of_importance(self) -> list[str]:
        if not self.unimportant:
            return []
        return [f"hardly any effect on the score: {', '.join(self.unimportant)}; give a fixed value to save trials"]

    def _of_noise(self) -> list[str]:
        if self.noise is None or self.trials < _ENOUGH:
            return []
        noise = self._noise_of_trial
        gap = self.gap_of_best / math.sqrt(2)  # the noise of a difference is that of two trials
        drowned = noise > max(gap, _NOISY * self.gap_to_median)
        credible = self.noise_from in ("executions", "folds") or (self.noise_ratio or 0.0) >= _NOISY
        if not (drowned and credible):
            return []
        more = "executions_per_trial=2 or more" if self.executions == 1 else "more executions_per_trial"
        more = "repeated folds, such as cv=RepeatedKFold()," if self.noise_from == "folds" else more
        differ = f"the best {_BEST} trials differ by {_short(self.gap_of_best, 2)}"
        return [f"{differ}, training again changes a score by about {_short(noise, 2)}: use {more} to tell them apart"]

    def __str__(self) -> str:
        """A short report."""
        lines = [f"{self.trials} finished trials, {self.failures:.0%} failed"]
        if self.rank_correlation is not None and self.correlation is not None:
            of = f"{self.correlation:.2f}, of their ranks {self.rank_correlation:.2f}"
            lines.append(f"correlation of predictions with scores: {of}")
        if self.importance:
            lines.append("importance: " + ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items()))
        noise = "unknown" if self.noise is None else f"{_short(self.noise, 2)} (from {_SOURCES[self.noise_from]})"
        lines.append(f"standard deviation of scores: {_short(self.spread, 2)}, of noise: {noise}")
        return "\n".join(map(printable, lines + [f"- {message}" for message in self.messages]))


def _higher(one: float | None, other: float | None) -> float:
    return max(one or 0.0, other or 0.0)


def _short(value: float, digits: int = 5) -> str:
    return str(value) if isinstance(value, int) else f"{value:.{digits}g}"


def _of_bound(found: AtBound) -> str:
    return f"{found.trials} of the best {found.of} trials are at the {found.side} bound of {found.name}: {found.advice}"


def diagnose(history: History) -> Diagnostics:
    """Diagnostics of a study, which may be empty."""
    ranked = list(history.ranked())
    best = ranked[:_BEST]
    scores = np.array([trial.score for trial in ranked], dtype=float)
    model = surrogate_health(history) if ranked else SurrogateHealth()
    predictable = (
        len(ranked) >= _ENOUGH_FOR_IMPORTANCE and _higher(model.rank_correlation, model.correlation) >= _PREDICTABLE
    )
    folds = history.last_search is not None and history.last_search.options.get("cv") is not None
    noise = _noise_of_folds(ranked) if folds else _noise_of_executions(ranked)
    measured: Literal["executions", "folds"] = "folds" if folds else "executions"
    with np.errstate(over="ignore"):
        spread = float(scores.std()) if len(scores) > 1 else 0.0
    return Diagnostics(
        trials=len(ranked),
        failures=_share_of_failures(history),
        rank_correlation=model.rank_correlation,
        correlation=model.correlation,
        importance=model.importance,
        unimportant=model.unimportant if predictable else (),
        at_bound=_at_bound(history, best, model.importance) if len(ranked) >= _ENOUGH_FOR_BOUNDS else (),
        noise=model.noise if noise is None else noise,
        noise_from=("model" if model.noise is not None else None) if noise is None else measured,
        spread=spread,
        gap_of_best=abs(float(scores[0] - scores[len(best) - 1])) if ranked else 0.0,
        gap_to_median=abs(float(scores[0] - np.median(scores))) if ranked else 0.0,
        executions=1 if history.last_search is None else history.last_search.executions,
    )


def messages(history: History, found: Diagnostics | None = None) -> tuple[str, ...]:
    """The messages to show below a table of results: of resumed trials, and findings unless the study is small.

    Args:
        history: The study.
        found: Its diagnostics, if they are known already.
    """
    enough = sum(1 for _ in islice(history.ranked(), _ENOUGH)) == _ENOUGH
    told = history.notes.get(STOPPING)
    of_stopping = [told] if isinstance(told, str) else []
    return (*_of_resumed(history), *of_stopping, *((found or diagnose(history)).messages if enough else ()))


def _of_resumed(history: History) -> list[str]:
    """What trials note about their resumption."""
    noted = [(trial.number, note) for trial in history.trials if isinstance(note := trial.notes.get("resume"), str)]
    more = [f"{len(noted) - _NOTES} more trials have such a note, see the column `reason`"] if noted[_NOTES:] else []
    return [*(f"trial {number}: {note}" for number, note in noted[:_NOTES]), *more]


def _share_of_failures(history: History) -> float:
    ended = [trial for trial in history.trials if trial.succeeded or trial.status == "failed"]
    return sum(trial.status == "failed" for trial in ended) / max(1, len(ended))


def _noise_of_executions(trials: Sequence[Trial]) -> float | None:
    """The standard deviation of scores within trials, pooled over trials with several executions."""
    runs = [[run.best.score for run in trial.executions if run.best is not None] for trial in trials]
    freedom = sum(len(scores) - 1 for scores in runs if scores)
    if freedom < _REPEATS:
        return None
    with np.errstate(over="ignore"):
        return math.sqrt(sum(float(np.var(scores)) * len(scores) for scores in runs if scores) / freedom)


def _noise_of_folds(trials: Sequence[Trial]) -> float | None:
    """The standard deviation of scores within trials, beside the level of each fold, over trials with all folds."""
    runs = [[score for score in trial.execution_scores if score is not None] for trial in trials]
    scores = np.array([run for run in runs if len(run) == max(map(len, runs))], dtype=float)
    freedom = (len(scores) - 1) * (scores.shape[1] - 1) if len(scores) else 0
    if freedom < _REPEATS:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        # the residuals of an additive model of trials and folds
        residuals = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
        return math.sqrt(float((residuals**2).sum()) / freedom)


def _at_bound(history: History, best: Sequence[Trial], importance: Mapping[str, float]) -> tuple[AtBound, ...]:
    """Important hyperparameters with most of the best trials at a bound that is neither natural nor due to chance."""
    matter = [definition for definition in history.space if importance.get(definition.name, 0.0) >= SMALL]
    return tuple(found for definition in matter for found in _ends(definition, best))


def _ends(definition: Hyperparameter, best: Sequence[Trial]) -> list[AtBound]:
    ends = _range(definition)
    if ends is None or not _has_read(best[0], definition):
        return []
    values = [trial.values[definition.name] for trial in best if _has_read(trial, definition)]
    found: list[AtBound] = []
    for place, (bound, other) in enumerate((ends, ends[::-1])):
        side: Literal["lower", "upper"] = "upper" if bound > other else "lower"
        near = sum(_is_near(definition, value, place) for value in values)
        crowded = 2 * near > len(best) and _chance(near, len(values), _prior_near(definition, place)) < _BY_CHANCE
        if crowded and not _is_natural(definition, bound, min(ends), side):
            found.append(AtBound(definition.name, side, bound, near, len(best)))
    return found


def _has_read(trial: Trial, definition: Hyperparameter) -> bool:
    return any(read.name == definition.name and read.kind == definition.kind for read in trial.definitions)


def _range(definition: Hyperparameter) -> tuple[float, float] | None:
    """The values at positions 0 and 1 of the unit interval; None if values are not ordered numbers or only one."""
    match definition:
        case Float() | Int() if definition.min_value < definition.max_value:
            levels = None if definition.step is None else definition.count()
            ends = (definition.min_value, definition.max_value)
            return ends if levels is None else (definition.level(0), definition.level(levels - 1))
        case Choice() if definition.ordered and len(definition.values) > 1:
            values = list(definition.values)
            monotone = values in (sorted(values), sorted(values, reverse=True))
            return (values[0], values[-1]) if monotone and not isinstance(values[0], str) else None
    return None


def _is_near(definition: Hyperparameter, value: Value, place: int) -> bool:
    """Whether a value is within 5 % of the range from the end at `place` (0 or 1), on its own scale."""
    ends = _range(definition)
    assert ends is not None
    low, high, here = (definition.to_unit(item) for item in (*ends, value))
    return abs((here - low) / (high - low) - place) <= _NEAR


def _prior_near(definition: Hyperparameter, place: int) -> float:
    """The probability that a random value is near that end."""
    count = 200
    return sum(_is_near(definition, definition.from_unit((i + 0.5) / count), place) for i in range(count)) / count


def _chance(successes: int, trials: int, chance: float) -> float:
    """The probability of at least so many successes."""
    terms = (math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(successes, trials + 1))
    return math.fsum(terms)


def _is_natural(definition: Hyperparameter, bound: float, lowest: float, side: str) -> bool:
    """Whether a range naturally ends there: at 0; at 1 for integers; at 1 for fractions (ranges from 0 or more to 1).

    A range with log sampling is not a fraction: 1 is no natural end for a learning rate.
    """
    fraction = side == "upper" and lowest >= 0 and getattr(definition, "sampling", "linear") != "log"
    return bound == 0 or (bound == 1 and (isinstance(bound, int) or fraction))
