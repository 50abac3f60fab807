"""The contents of the Text tab, as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from kerastune_lite.study.events import SearchStarted
from kerastune_lite.study.trial import Trial

# Characters of a cell of the leaderboard.
_WIDTH = 20


def trial_text(trial: Trial) -> str:
    """A trial's status, values, traceback and model."""
    facts: list[tuple[str, str]] = [("status", trial.status)]
    if trial.score is not None:
        facts.append((f"best {trial.objective.name}", f"{trial.score:.6g} (epoch {trial.best_epoch})"))
    if trial.deviation is not None:
        facts.append(("deviation", f"{trial.deviation:.3g} over {len(trial.execution_scores)} executions"))
    if trial.reason is not None:
        facts.append(("reason", trial.reason))
    facts.append(("seconds", f"{trial.duration:.1f}"))
    parts = [_table(("trial", str(trial.number)), facts)]
    if trial.values:
        parts.append(_table(("hyperparameter", "value"), trial.values.items()))
    if trial.error is not None:
        parts.append(f"```\n{trial.error.rstrip()}\n```")
    model = trial.notes.get("model")
    if isinstance(model, dict):
        rows = [*model.get("layers", []), ["**total**", "", "", model.get("parameters")]]
        parts.append(_table(("layer", "kind", "output", "parameters"), rows))
    return "\n\n".join(parts)


def settings_text(settings: SearchStarted) -> str:
    """The settings of a search."""
    strategy = ", ".join(f"{name}={value}" for name, value in settings.strategy.items())
    facts = [
        ("objective", f"{settings.objective}, {settings.objective.reduction} epoch"),
        ("strategy", strategy),
        ("max_trials", settings.max_trials),
        ("epochs", settings.epochs),
        ("executions", settings.executions),
        ("seed", settings.seed),
        *settings.versions.items(),
    ]
    return _table(("setting", "value"), facts)


def leaderboard(trials: Sequence[Trial]) -> str:
    """The best trials, best first, with the hyperparameters in which they differ.

    It is preformatted: TensorBoard breaks the words in tables of many columns.
    """
    if not trials:
        return "no finished trial"
    columns: dict[str, list[Any]] = {
        "trial": [trial.number for trial in trials],
        trials[0].objective.name: [trial.score for trial in trials],
    }
    if any(trial.deviation is not None for trial in trials):
        columns["deviation"] = ["" if trial.deviation is None else trial.deviation for trial in trials]
    columns["epoch"] = [trial.best_epoch for trial in trials]
    aligned = [_aligned(head, cells) for head, cells in [*columns.items(), *_differing(trials).items()]]
    return "\n".join(["```", *("  ".join(row).rstrip() for row in zip(*aligned, strict=True)), "```"])


def _differing(trials: Sequence[Trial]) -> dict[str, list[Any]]:
    """The values of the hyperparameters that differ between the trials; empty where a trial has none."""
    names = dict.fromkeys(name for trial in trials for name in trial.values)
    columns = {name: [trial.values.get(name, "") for trial in trials] for name in names}
    return {name: cells for name, cells in columns.items() if len(set(map(str, cells))) > 1}


def _aligned(head: str, values: Iterable[Any]) -> list[str]:
    cells = [_short(head), *map(_short, values)]
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]


def _short(value: Any) -> str:
    """A value in one line, with few digits and characters."""
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def _table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = [_row(head), _row("---" for _ in head), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
