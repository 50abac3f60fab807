"""The trials of a study, best first, with conversions for analysis."""

import csv
import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final, overload

from kerastune_lite.errors import SearchError
from kerastune_lite.printable import printable
from kerastune_lite.results.causes import causes
from kerastune_lite.results.plots.history import history_svg, plot_edf, plot_history
from kerastune_lite.results.plots.importance import plot_importance
from kerastune_lite.results.plots.surface import plot_contour, plot_slice
from kerastune_lite.results.plots.trials import plot_curves, plot_parallel_coordinates, plot_timeline
from kerastune_lite.results.skopt_result import optimize_result
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import SupportsWrite
    from matplotlib.axes import Axes

    from kerastune_lite.results.diagnostics import Diagnostics

_STYLE = (
    "padding:.2em .6em;border-bottom:1px solid rgba(128,128,128,.35);text-align:left;font-variant-numeric:tabular-nums"
)
_SHOWN = 20

_HP, _METRIC, _SCORE = "hp.", "metric.", "score."
_DEVIATION = f"{_SCORE}deviation"


@final
class Results(Sequence[Trial]):
    """All trials of a study, best first; trials without a score come last."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._trials = sorted(history.trials, key=lambda trial: (trial.sort_key(), trial.number))
        self._space = history.space
        self._names = history.space.names

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trial]: ...
    def __getitem__(self, index: int | slice) -> Trial | list[Trial]:
        """The trial at an index, or the list of trials in a slice."""
        return self._trials[index]

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    @property
    def best(self) -> Trial:
        """The best finished trial.

        Raises:
            SearchError: There is none; the message names the most common failure.
        """
        if self._trials and self._trials[0].succeeded:
            return self._trials[0]
        commonest = causes(self._trials).most_common(1)
        hint = f"; {commonest[0][1]} failed with: {commonest[0][0]}" if commonest else ""
        raise SearchError(f"none of the {len(self)} trials finished with a score{hint}")

    def to_dataframe(self) -> "pd.DataFrame":
        """One row per trial, with the columns of `to_csv`; unread hyperparameters are missing values.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - heavy, and an extra
        except ImportError as error:
            raise ImportError("to_dataframe() needs pandas: pip install 'kerastune-lite[pandas]'") from error
        return pd.DataFrame(self._rows(), columns=self._columns())

    def to_csv(self, target: "str | Path | SupportsWrite[str]") -> None:
        """Writes one row per trial, to a file or to what has `write`.

        Columns: number, status, score, best_epoch, executions, duration (seconds), `hp.NAME` for each hyperparameter,
        `metric.NAME` for each metric of the best epoch of the best execution (the score is the mean over executions),
        `score.1`, `score.2` ... for each of several executions (or folds) and `score.deviation`, their sample standard
        deviation, reason (why it ended, and a note if it resumed otherwise than exactly).
        """
        if not isinstance(target, (str, Path)):
            self._write_csv(target)
            return
        with Path(target).open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            self._write_csv(file)

    def _write_csv(self, file: "SupportsWrite[str]") -> None:
        writer = csv.DictWriter(file, self._columns())
        writer.writeheader()
        writer.writerows(self._rows())

    def to_optimize_result(self) -> Any:
        """The finished trials as scikit-optimize's `OptimizeResult`, for its plots.

        `x_iters` and `func_vals` (minimized values: scores to maximise are negated) are in the order of trials.
        Categories are strings, and a hyperparameter that a trial did not read has its default.

        Raises:
            SearchError: There is no finished trial.
        """
        finished = sorted((trial for trial in self._trials if trial.succeeded), key=lambda trial: trial.number)
        if not finished:
            raise SearchError(f"none of the {len(self)} trials finished with a score, so there is nothing to plot")
        return optimize_result(finished, self._space)

    def diagnostics(self) -> "Diagnostics":
        """Whether the scores can be predicted and the space is well chosen; print the result, or use its fields.

        Works for any strategy and takes a few tenths of a second for any number of trials.
        """
        from kerastune_lite.results.diagnostics import diagnose  # noqa: PLC0415 - heavy: numpy, scipy

        return diagnose(self._history)

    def importance(self, *, top_quarter: bool = False) -> dict[str, float]:
        """How much each tuned hyperparameter decides whether a trial is among the best; shares by name, largest first.

        Conditional PED-ANOVA (arXiv:2601.20800): for each hyperparameter, the distribution of its values among the best
        tenth of the trials (at least 5) is compared with that among all trials that read it. It measures the trials
        made, whatever the strategy, and fits no model; `diagnostics().importance` is that of a fitted model.

        Args:
            top_quarter: Compare with the best quarter of the trials: what matters among good configurations.

        Raises:
            SearchError: There are too few trials with a score (10, or 40 for the top quarter), or the scores are equal.
        """
        from kerastune_lite.analysis.importance import importance  # noqa: PLC0415 - heavy: numpy, scipy

        return importance(self._history, top_quarter=top_quarter)

    def plot_history(self, ax: "Axes | None" = None, *, by_time: bool = False) -> "Axes":
        """Each score, and the best so far as steps; failures are crosses at the side of the bad scores.

        The good side of the scores is never cut. Scores far beyond the others, such as those of diverged trials, are
        triangles at the edge. All plots need matplotlib.

        Args:
            ax: Where to draw; a new figure by default.
            by_time: Place trials when they ended, instead of by their numbers.

        Raises:
            ImportError: matplotlib is not installed.
        """
        return plot_history(self._history, ax, by_time=by_time)

    def plot_edf(self, ax: "Axes | None" = None) -> "Axes":
        """The share of trials that are at least as good as each score; failed trials are in no share."""
        return plot_edf(self._history, ax)

    def plot_importance(self, ax: "Axes | None" = None, *, top_quarter: bool = False) -> "Axes":
        """`importance()` as bars, or as a text what it lacks.

        Args:
            ax: Where to draw; a new figure by default.
            top_quarter: As for `importance`.
        """
        return plot_importance(self._history, ax, top_quarter=top_quarter)

    def plot_parallel_coordinates(self, ax: "Axes | None" = None) -> "Axes":
        """A line for each scored trial through its values, each on the hyperparameter's own scale.

        Good ones are dark (bright on a dark background), and the best one is thick.

        The last column is the score; "n/a" is where a hyperparameter was not read.
        """
        return plot_parallel_coordinates(self._history, ax)

    def plot_slice(self, name: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Scores by one hyperparameter, and what a Gaussian process fitted to all trials makes of them.

        The line is its mean, averaged over the other hyperparameters as tried; the band is one standard deviation of
        this average. The model needs 5 trials with a score.

        Args:
            name: The hyperparameter; the most important one by default.
            ax: Where to draw; a new figure by default.

        Raises:
            UsageError: There is no such hyperparameter.
        """
        return plot_slice(self._history, name, ax)

    def plot_contour(self, x: str | None = None, y: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """The mean of the model of `plot_slice` over two hyperparameters, and the trials that read both.

        Args:
            x: One hyperparameter; the most important one by default.
            y: Another one; by default the most important one that was read together with `x`.
            ax: Where to draw; a new figure by default.

        Raises:
            UsageError: There is no such hyperparameter.
        """
        return plot_contour(self._history, x, y, ax)

    def plot_curves(self, ax: "Axes | None" = None) -> "Axes":
        """The objective of each trial by epoch, the mean over its executions; curves end where trials ended.

        The best trial is the thick line, with a band of one standard deviation if it has several executions.
        """
        return plot_curves(self._history, ax)

    def plot_timeline(self, ax: "Axes | None" = None) -> "Axes":
        """A bar for each attempt at a trial, a lane for each worker."""
        return plot_timeline(self._history, ax)

    def __repr__(self) -> str:
        score = f", best score {self._trials[0].score}" if self._trials and self._trials[0].succeeded else ""
        return f"<{len(self)} trials{score}>"

    def _repr_html_(self) -> str:
        """For notebooks: an HTML table, and above it the history if matplotlib is installed."""
        titles = {f"{_HP}{name}": name for name in self._names}
        spread = {_DEVIATION: "deviation"} if self._most_executions > 1 else {}
        columns = ["number", "status", "score", *spread, "best_epoch", *titles, "duration"]
        titles |= spread
        head = "".join(
            f'<th style="{_STYLE}">{html.escape(printable(titles.get(name, name)))}</th>' for name in columns
        )
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{_STYLE}">{html.escape(brief(row.get(name)))}</td>' for name in columns)
            + "</tr>"
            for row in self._rows()[:_SHOWN]
        )
        more = f"<p>and {len(self) - _SHOWN} more</p>" if len(self) > _SHOWN else ""
        table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f'{history_svg(self._history)}<table style="border-collapse:collapse">{table}</table>{more}'

    @property
    def _most_executions(self) -> int:
        return max((len(trial.execution_scores) for trial in self._trials), default=0)

    def _columns(self) -> list[str]:
        """Prefixed by kind: a hyperparameter, a metric and a column of ours may have one name."""
        metrics = dict.fromkeys(f"{_METRIC}{name}" for trial in self._trials for name in trial.metrics)
        fixed = ["number", "status", "score", "best_epoch", "executions", "duration"]
        several = range(1, self._most_executions + 1)
        scores = [*(f"{_SCORE}{number}" for number in several), _DEVIATION] if len(several) > 1 else []
        return [*fixed, *(f"{_HP}{name}" for name in self._names), *metrics, *scores, "reused", "reason"]

    def _rows(self) -> list[dict[str, Any]]:
        columns = self._columns()
        return [{name: row[name] for name in columns if name in row} for row in map(_row, self._trials)]


def _row(trial: Trial) -> dict[str, Any]:
    texts = (trial.reason, trial.notes.get("resume"))
    return {
        "number": trial.number,
        "status": trial.status,
        "score": trial.score,
        "best_epoch": trial.best_epoch,
        "executions": len(trial.execution_scores),
        "duration": trial.duration,
        **{f"{_HP}{name}": value for name, value in trial.values.items()},
        **{f"{_METRIC}{name}": value for name, value in trial.metrics.items()},
        **{f"{_SCORE}{number}": score for number, score in enumerate(trial.execution_scores, start=1)},
        _DEVIATION: trial.deviation,
        "reused": trial.reused,
        "reason": "; ".join(text for text in texts if isinstance(text, str)) or None,
    }


def brief(value: Any, width: int = 32) -> str:
    """A value as a short printable string: five significant digits, long strings truncated."""
    if value is None:
        return ""
    text = f"{value:.5g}" if isinstance(value, float) else printable(value)
    return text if len(text) <= width else text[: width - 3] + "..."
