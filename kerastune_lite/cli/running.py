"""Commands that search: `run`, `resume`, and `stop`, which asks a running search to end."""

import argparse
import getpass
import importlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_lite.cli.output import say
from kerastune_lite.cli.studies import Study
from kerastune_lite.errors import StudyError, UsageError
from kerastune_lite.study.layout import COMMAND, STOP_REQUEST

_SEARCHES = {"random": "RandomSearch", "grid": "GridSearch", "bayesian": "BayesianOptimization"}
SEARCHES = tuple(_SEARCHES)


def run(options: argparse.Namespace) -> None:
    """Searches the hyperparameters of a function in a script or module."""
    import kerastune_lite as kt  # noqa: PLC0415 - the tuners load Keras

    build_model, data = _named(options.target, "build_model"), _named(options.data, "load_data")
    arguments = _fit_arguments(data() if callable(data) else data, options.data)
    make = getattr(kt, _SEARCHES[options.search])
    tuner = make(
        build_model,
        options.objective if options.direction is None else kt.Objective(options.objective, options.direction),
        max_trials=options.trials,
        directory=options.directory,
        project_name=options.project,
        seed=options.seed,
        stopping=options.stopping,
        workers=options.workers,
        max_time=options.max_time,
    )
    _remember(tuner.project_dir, options.words)
    tuner.search(**arguments, epochs=options.epochs)


def resume(options: argparse.Namespace) -> Sequence[str]:
    """The words of the command that began a study; it runs again, from its directory."""
    study = Study.read(options.directory)
    place = study.directory / COMMAND
    try:
        found = json.loads(place.read_text())
    except FileNotFoundError as error:
        raise StudyError(
            f"{study.directory} was not searched by `kerastune-lite run`; run its script again to resume"
        ) from error
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot read {place}: {error}") from error
    words, directory = (found.get("words"), found.get("directory")) if isinstance(found, Mapping) else (None, None)
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words) and isinstance(directory, str)):
        raise StudyError(f"{place} does not hold a command; run it again by hand")
    say(f"in {directory}: kerastune-lite run {' '.join(words)}")
    os.chdir(directory)
    return words


def stop(options: argparse.Namespace) -> None:
    """Asks the search of a study to end after its epoch."""
    study = Study.read(options.directory)
    if study.history.at_rest:
        raise StudyError(f"{study.directory} is not being searched: {study.state}")
    request = study.directory / STOP_REQUEST
    request.write_text(f"{getpass.getuser()} on {socket.gethostname()}\n")
    say(f"{study.directory} ends after its running epochs; run its script again to resume")


def _remember(directory: Path, words: Sequence[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / COMMAND).write_text(json.dumps({"words": list(words), "directory": str(Path.cwd())}) + "\n")


def _named(text: str, default: str) -> Any:
    """What `SCRIPT.py:NAME` or `MODULE:NAME` names."""
    place, _, name = text.partition(":")
    module = _script(Path(place)) if place.endswith(".py") else _module(place)
    try:
        return getattr(module, name or default)
    except AttributeError as error:
        raise UsageError(f"{place} has no {name or default!r}; give {place}:NAME") from error


def _module(name: str) -> Any:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            raise UsageError(f"there is no module {name!r}; give SCRIPT.py:NAME or MODULE:NAME") from error
        raise
    finally:
        sys.path.remove(str(Path.cwd()))


def _script(path: Path) -> Any:
    """A script as a module; its own folder is where it imports from, as when it is run."""
    if not path.is_file():
        raise UsageError(f"there is no script {path}")
    name = path.stem
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path.resolve()):
        return sys.modules[name]
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fit_arguments(data: Any, source: str) -> dict[str, Any]:
    """The arguments of `fit`: a dict of them, (x, y), or ((x, y), (x_val, y_val))."""
    if isinstance(data, Mapping):
        return dict(data)
    if isinstance(data, (tuple, list)) and len(data) >= 2:
        if isinstance(data[0], (tuple, list)):
            return {"x": data[0][0], "y": data[0][1], "validation_data": tuple(data[1])}
        return {"x": data[0], "y": data[1]}
    raise UsageError(
        f"{source} must return a dict of arguments of fit, (x, y), or ((x, y), (x_val, y_val)); "
        f"got {type(data).__name__}"
    )
