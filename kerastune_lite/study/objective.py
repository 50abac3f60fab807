"""The objective: which metric, which direction, and how the epochs of a trial become its score.

Only this module converts between the score, in the user's sign, and the minimized value.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, final

from kerastune_lite.errors import ObjectiveError, nearest

Direction = Literal["min", "max"]

# Metrics by how their names end: output names may come before ("head_accuracy"), "val_" and counters ("auc_1") are cut.
_MAXIMISED = """acc accuracy auc roc_auc pr_auc average_precision precision recall sensitivity specificity f1 f1_score
    fbeta fbeta_score r2 r2_score iou io_u mean_io_u mean_iou binary_io_u one_hot_io_u one_hot_mean_io_u dice dice_score
    dice_coef dice_coefficient jaccard kappa cohen_kappa mcc matthews_corrcoef true_positives true_negatives
    precision_at_recall recall_at_precision sensitivity_at_specificity specificity_at_sensitivity cosine_similarity
    correlation pearson_correlation concordance_correlation spearman ndcg map mrr bleu rouge psnr ssim score reward
    explained_variance log_likelihood elbo""".split()
_MINIMISED = """loss error mse mae mape msle rmse mean_squared_error mean_absolute_error root_mean_squared_error
    mean_absolute_percentage_error mean_squared_logarithmic_error crossentropy cross_entropy binary_crossentropy
    categorical_crossentropy sparse_categorical_crossentropy focal_crossentropy kl_divergence kld
    kullback_leibler_divergence logcosh log_cosh hinge squared_hinge categorical_hinge poisson huber perplexity log_loss
    nll false_positives false_negatives brier brier_score wer cer fid eer deviance regret cost""".split()
_MAX: Direction = "max"
_MIN: Direction = "min"
_DIRECTIONS = dict.fromkeys(_MAXIMISED, _MAX) | dict.fromkeys(_MINIMISED, _MIN)


def known_direction(metric: str) -> Direction | None:
    """The direction of a metric whose name tells it: the longest known ending decides; None if there is none."""
    words = re.sub(r"_\d+$", "", metric.removeprefix("val_").lower()).split("_")
    endings = ("_".join(words[start:]) for start in range(len(words)))
    return next((_DIRECTIONS[ending] for ending in endings if ending in _DIRECTIONS), None)


class Best(NamedTuple):
    """The score of a run of epochs and the epoch, from 1, that the kept model belongs to."""

    score: float
    epoch: int


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and its direction.

    Args:
        name: The metric as Keras reports it, such as "val_accuracy".
        direction: "max" or "min".
        reduction: What the score of a trial is: its "best" epoch's value, the "last" epoch's, or "mean_last_K", the
            mean of the last K epochs. A non-finite value never counts.

    Raises:
        ObjectiveError: The direction or the reduction is unknown.
    """

    name: str
    direction: Direction
    reduction: str = "best"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ObjectiveError(f"an objective's name must be a metric's name, got {self.name!r}")
        if self.direction not in ("min", "max"):
            raise ObjectiveError(f'objective {self.name!r}: direction must be "min" or "max", got {self.direction!r}')
        if self.reduction not in ("best", "last") and not re.fullmatch(r"mean_last_[1-9][0-9]{0,8}", self.reduction):
            raise ObjectiveError(
                f'objective {self.name!r}: reduction must be "best", "last" or "mean_last_K" with K from 1, '
                f"got {self.reduction!r}"
            )

    def minimized(self, score: float) -> float:
        """`score` as a value to minimise; infinite for a score that is not finite."""
        if not math.isfinite(score):
            return math.inf
        return -score if self.direction == "max" else score

    def score(self, minimized: float) -> float:
        """The inverse of `minimized`."""
        return -minimized if self.direction == "max" else minimized

    def value(self, metrics: Mapping[str, float]) -> float:
        """What one epoch's `metrics` say: NaN where this one is missing, or where the training's loss is not finite.

        A network of NaNs still has an accuracy, that of one class; it must not look good by it.
        """
        return metrics.get(self.name, math.nan) if math.isfinite(metrics.get("loss", 0.0)) else math.nan

    def better(self, score: float, than: float | None) -> bool:
        """Whether `score` improves on `than` (None: nothing yet)."""
        return math.isfinite(score) and (than is None or self.minimized(score) < self.minimized(than))

    @property
    def window(self) -> int:
        """How many epochs decide the score."""
        return int(self.reduction.rpartition("_")[2]) if self.reduction.startswith("mean_last_") else 1

    def reduce(self, epochs: Sequence[tuple[int, float]]) -> Best | None:
        """The score of one run: `epochs` are (epoch, value), ascending. None if no value is finite."""
        finite = [(epoch, value) for epoch, value in epochs if math.isfinite(value)]
        if not finite:
            return None
        if self.reduction == "best":
            epoch, value = min(finite, key=lambda pair: self.minimized(pair[1]))
            return Best(value, epoch)
        tail = finite[-self.window :]
        return Best(sum(value for _, value in tail) / len(tail), tail[-1][0])

    def check(self, metrics: Mapping[str, float]) -> None:
        """Raises an ObjectiveError if `metrics`, as reported by an epoch, lack this one."""
        if self.name not in metrics:
            raise ObjectiveError(
                f"objective {self.name!r} is not among the reported metrics ({', '.join(metrics) or 'none'})"
                f"{self._hint(metrics)}"
            )

    def _hint(self, metrics: Mapping[str, float]) -> str:
        """The way out where `metrics` lack this one: another spelling, validation data, a metric to compile with."""
        side = "val_" if self.name.startswith("val_") else ""
        bare = self.name.removeprefix("val_")
        others = [name for name in metrics if name.startswith("val_") == bool(side)]
        if known_direction(bare) is not None:  # spelt well: `mse` is near to `loss` by its letters alone
            others = [name for name in others if name != f"{side}loss"]
        if hint := nearest(self.name, others):
            return hint
        if side and not any(name.startswith("val_") for name in metrics):
            return "; give validation_data or validation_split to search()"
        if "loss" not in metrics:  # what no model of Keras has reported
            return ""
        if known_direction(bare) is None and (spelling := _known_spelling(self.name)):
            return f"{spelling} Compile the model with it: model.compile(..., metrics=[...])"
        return f'; compile the model with it: model.compile(..., metrics=["{bare}"])'

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"name": self.name, "direction": self.direction, "reduction": self.reduction}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Objective":
        """The inverse of `to_json`."""
        return cls(data["name"], data["direction"], data["reduction"])

    def __str__(self) -> str:
        """For people: `val_accuracy (max)`."""
        return f"{self.name} ({self.direction})"


@final
class RunningScore:
    """The score of one training run so far, updated epoch by epoch at a constant cost.

    Args:
        objective: What is scored, and how epochs are reduced.
        epochs: (epoch, value) pairs to begin with, ascending.

    Attributes:
        best: Score and epoch so far; None without a finite value.
        epochs: The epochs with a finite value.
        minimized: The score after each of them, as a value to minimise.

    Example:
        >>> score = RunningScore(Objective("val_loss", "min"))
        >>> [score.add(epoch, value).score for epoch, value in [(1, 0.5), (2, 0.3), (3, 0.4)]]
        [0.5, 0.3, 0.3]
    """

    __slots__ = ("_deciding", "_objective", "best", "epochs", "minimized")

    def __init__(self, objective: Objective, epochs: Iterable[tuple[int, float]] = ()) -> None:
        self._objective = objective
        self._deciding: tuple[tuple[int, float], ...] = ()
        self.best: Best | None = None
        self.epochs: list[int] = []
        self.minimized: list[float] = []
        for epoch, value in epochs:
            self.add(epoch, value)

    @property
    def deciding(self) -> list[tuple[int, float]]:
        """The epochs that decide the score: a `RunningScore` that begins with them continues this one."""
        return list(self._deciding)

    def add(self, epoch: int, value: float) -> Best | None:
        """Adds an epoch, later than all before; returns `best`."""
        objective, best = self._objective, self.best
        if math.isfinite(value) and (objective.reduction != "best" or objective.better(value, best and best.score)):
            self._deciding = (*self._deciding, (epoch, value))[-objective.window :]
            self.best = Best(sum(value for _, value in self._deciding) / len(self._deciding), epoch)
        if self.best is not None and math.isfinite(value):
            self.epochs.append(epoch)
            self.minimized.append(objective.minimized(self.best.score))
        return self.best


def _known_spelling(name: str) -> str:
    """A hint: the known metric closest to `name`, which keeps its side."""
    side = "val_" if name.startswith("val_") else ""
    return nearest(name, [side + known for known in _DIRECTIONS])


def resolve(objective: "str | Objective", reduction: str | None = None) -> Objective:
    """An `Objective` from what the user gave.

    Raises:
        ObjectiveError: A bare name whose direction is not known, or something that is no objective.
    """
    if isinstance(objective, Objective):
        return objective if reduction is None else Objective(objective.name, objective.direction, reduction)
    if not isinstance(objective, str):
        several = isinstance(objective, Iterable)
        hint = "; only one objective is supported: combine several into one metric" if several else ""
        raise ObjectiveError(f"objective must be a metric's name or kt.Objective, got {objective!r}{hint}")
    direction = known_direction(objective)
    if direction is None:
        raise ObjectiveError(
            f'the direction of objective {objective!r} is not known; give kt.Objective({objective!r}, "max") or "min"'
            f"{_known_spelling(objective)}"
        )
    return Objective(objective, direction, reduction or "best")
