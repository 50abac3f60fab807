"""Commands that only read: `status`, `show`, `best`, `export`, `diff`."""

import argparse
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_lite.cli.output import NOTHING, NothingFinished, Screen, as_json, complain, say
from kerastune_lite.cli.studies import Study, studies
from kerastune_lite.errors import SearchError, StudyError, StudyWriteError
from kerastune_lite.results.results import brief
from kerastune_lite.results.screen import screen
from kerastune_lite.results.tables import domain, table, write
from kerastune_lite.study.layout import MODEL, WEIGHTS, checkpoint_directory
from kerastune_lite.study.trial import Trial

_SHOWN = 5


def status(options: argparse.Namespace) -> int:
    """Prints what the studies at and below a directory are doing; returns 1 if one cannot be read."""
    everything = studies(options.directory)
    unreadable = [study for study in everything if isinstance(study, StudyError)]
    found = [study.summary() for study in everything if not isinstance(study, StudyError)]
    for error in unreadable:
        complain(str(error))
    if options.json:
        print(as_json(found))
        return int(bool(unreadable))
    rows = [_status_row(summary) for summary in found]
    if rows:
        write(screen(), table(("study", "trials", "best", "updated", "state"), rows))
    for summary in found:
        for damage in summary["damage"]:
            complain(damage)
    return int(bool(unreadable))


def _status_row(summary: Mapping[str, Any]) -> tuple[str, ...]:
    state = summary["state"] if summary["reason"] is None else f"{summary['state']}: {summary['reason']}"
    of = "" if summary["max_trials"] is None else f" of {summary['max_trials']}"
    failed = summary["by_status"].get("failed", 0)
    failures = f", {failed} failed" if failed else ""
    best = summary["best"]
    score = "" if best is None else f"{summary['objective']} {brief(best['score'])}"
    updated = "" if summary["updated"] is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(summary["updated"]))
    return summary["study"], f"{summary['trials']}{of}{failures}", score, updated, brief(state, 60)


def show(options: argparse.Namespace) -> None:
    """Prints the best trials of a study, and what to make of them."""
    study = Study.read(options.directory)
    if options.json:
        trials = [trial_as_json(trial) for trial in study.results[: options.trials]]
        print(as_json({**study.summary(), "importance": _importance(study), "best_trials": trials}))
        return
    from kerastune_lite.results.tables import show_results  # noqa: PLC0415

    show_results(study.history, options.trials, where=f"{study.directory} ({study.description})")
    found = _importance(study)
    if found:
        say("importance: " + ", ".join(f"{name} {share:.0%}" for name, share in found.items() if share >= 0.005))


def _importance(study: Study) -> dict[str, float] | None:
    """The importance of the hyperparameters; None if there are too few trials."""
    try:
        return study.results.importance()
    except SearchError:
        return None


def best(options: argparse.Namespace) -> None:
    """Prints the values of the best trial, or saves its model."""
    study = Study.read(options.directory)
    try:
        trial = study.results.best
    except SearchError as error:
        raise NothingFinished(str(error)) from None
    if options.values or options.json:
        print(as_json(trial.values if options.values else trial_as_json(trial)))
    else:
        say(f"trial {trial.number}: {trial.objective.name} {trial.score:.6g} in epoch {trial.best_epoch}")
        say(*(f"  {name} = {value!r}" for name, value in trial.values.items()))
    if options.save is not None:
        _save_model(study, trial, Path(options.save))


def _save_model(study: Study, trial: Trial, target: Path) -> None:
    place = checkpoint_directory(study.directory, trial.number)
    source = place / MODEL
    if source.is_symlink() or not source.is_file():  # who sends a study must not choose which file is copied
        why = (
            f"only its weights are kept, in {place / WEIGHTS}: build the model from `best --values`, then load_weights"
            if (place / WEIGHTS).is_file()
            else "its search kept none: see `checkpoint` and `keep_checkpoints`"
        )
        raise StudyError(f"there is no model of trial {trial.number} in {place}: {why}")
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise StudyWriteError(f"cannot write {target}: {error.strerror or error}") from error
    complain(f"the model of trial {trial.number} is in {target}")


def export(options: argparse.Namespace) -> None:
    """Writes all trials to a file, or to standard output for "-"."""
    study = Study.read(options.directory)
    target = options.csv or options.json_file
    try:
        if options.csv is not None:
            study.results.to_csv(Screen() if target == "-" else target)
            return
        text = as_json({**study.summary(), "trial_list": [trial_as_json(trial) for trial in study.results]})
        if target == "-":
            print(text)
        else:
            Path(target).write_text(text + "\n", encoding="utf-8")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StudyWriteError(f"cannot write {target}: {error.strerror or error}") from error


def diff(options: argparse.Namespace) -> int:
    """Prints in what two studies differ, and what both have tried; returns `NOTHING` if they differ."""
    first, second = Study.read(options.first), Study.read(options.second)
    found, shared = list(_differences(first, second)), list(_shared(first, second))
    if options.json:
        differences = [{"what": what, "first": one, "second": other} for what, one, other in found]
        both = [{"values": one.values, "first": one.score, "second": other.score} for one, other in shared]
        print(as_json({"differences": differences, "shared": both}))
        return NOTHING if found else 0
    if found:
        rows = [(what, brief(one, 60), brief(other, 60)) for what, one, other in found]
        write(screen(), table(("", str(first.directory), str(second.directory)), rows))
    else:
        say("no difference")
    if shared and first.directory.resolve() != second.directory.resolve():
        say("", f"{len(shared)} configurations tried in both; the best ones of the first:")
        pairs = [(str(one.number), brief(one.score), str(other.number), brief(other.score)) for one, other in shared]
        write(screen(), table(("trial", "score", "in the second", "score"), pairs[:_SHOWN]))
    return NOTHING if found else 0


def _differences(first: Study, second: Study) -> Iterator[tuple[str, Any, Any]]:
    sides = (_facts(first), _facts(second))
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        one, other = sides[0].get(name), sides[1].get(name)
        if one != other:
            yield name, one, other


def _facts(study: Study) -> dict[str, Any]:
    """What tells studies apart, by name."""
    history, best = study.history, study.history.best
    facts: dict[str, Any] = {"trials": len(history)}
    if history.last_search is not None:
        settings = history.settings
        facts |= {"objective": str(settings.objective), "strategy": str(settings.strategy.get("strategy"))}
        facts |= {"seed": settings.seed, "epochs": settings.epochs, "executions": settings.executions}
        facts |= {name: None if value is None else str(value) for name, value in settings.options.items()}
    facts |= {f"range of {definition.name}": domain(definition) for definition in history.space}
    if best is not None:
        facts |= {"best score": best.score, **{f"best {name}": value for name, value in best.values.items()}}
    return facts


def _shared(first: Study, second: Study) -> Iterator[tuple[Trial, Trial]]:
    """The trials with scores whose values are in both studies, best first."""
    others = {_configuration(trial): trial for trial in second.results if trial.score is not None}
    for trial in first.results:
        if trial.score is not None and (other := others.get(_configuration(trial))) is not None:
            yield trial, other


def _configuration(trial: Trial) -> frozenset[tuple[str, str]]:
    """The values, as keys compare them: True is not 1, and 1 is not 1.0."""
    return frozenset((name, repr(value)) for name, value in trial.values.items())


def trial_as_json(trial: Trial) -> dict[str, Any]:
    """A trial as JSON: `curves` has the metrics of each epoch of each execution."""
    return {
        "trial": trial.number,
        "status": trial.status,
        "score": trial.score,
        "deviation": trial.deviation,
        "best_epoch": trial.best_epoch,
        "values": dict(trial.values),
        "metrics": dict(trial.metrics),
        "duration": trial.duration,
        "started": trial.started_at,
        "ended": trial.ended_at,
        "reason": trial.reason,
        "curves": [{str(epoch): dict(metrics) for epoch, metrics in run.metrics.items()} for run in trial.executions],
    }
