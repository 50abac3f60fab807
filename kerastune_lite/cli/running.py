"""Commands that search: `run`, `resume`, and `stop`, which asks a running search to end."""

import argparse
import getpass
import importlib
import importlib.util
import json
import os
import shlex
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from kerastune_lite.cli.output import say
from kerastune_lite.cli.studies import Study
from kerastune_lite.errors import StudyError, UsageError, changing
from kerastune_lite.study.events import Event, SearchStarted
from kerastune_lite.study.files import OwnedFile
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import COMMAND
from kerastune_lite.study.stop_request import request_stop

_SEARCHES = {"random": "RandomSearch", "grid": "GridSearch", "bayesian": "BayesianOptimization"}
SEARCHES = tuple(_SEARCHES)
_LONGEST = 1 << 16  # bytes of a command


def run(options: argparse.Namespace) -> None:
    """Searches the hyperparameters of a function in a script or module."""
    import kerastune_lite as kt  # noqa: PLC0415 - the tuners load Keras

    source = options.data or options.target.partition(":")[0]
    build_model, data = _named(options.target, "build_model"), _named(source, "load_data")
    arguments = _fit_arguments(data() if callable(data) else data, source)
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
        target=options.target_score,
        patience=options.patience,
        executions_per_trial=options.executions,
        extend=options.extend,
        overwrite=options.overwrite,
        observers=[_Remember(Path(options.directory).absolute() / options.project, options.words)],
    )
    batch_size = {} if options.batch_size is None else {"batch_size": options.batch_size}
    tuner.search(**{**arguments, **batch_size, "epochs": options.epochs})


def resume(options: argparse.Namespace) -> Sequence[str]:
    """The words of the command that began a study; it runs again, from its directory."""
    study = Study.read(options.directory)
    place = study.directory / COMMAND
    try:
        with closing(OwnedFile(place, os.O_RDONLY)) as file:
            found = json.loads(os.read(file.number, _LONGEST))
    except FileNotFoundError as error:
        raise StudyError(
            f"{study.directory} was not searched by `kerastune-lite run`; run its script again to resume"
        ) from error
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot read {place}: {error}") from error
    words, directory = (found.get("words"), found.get("directory")) if isinstance(found, Mapping) else (None, None)
    if not (isinstance(words, list) and all(isinstance(word, str) for word in words) and isinstance(directory, str)):
        raise StudyError(f"{place} does not hold a command; run it again by hand")
    say(f"in {directory}: kerastune-lite run {shlex.join(words)}")
    if not (options.yes or _agreed("This runs the code that it names. Continue? [y/N] ")):
        raise UsageError("not resumed; --yes resumes without asking")
    os.chdir(directory)
    return words


def _agreed(question: str) -> bool:
    """The answer of who sits at the terminal; no without one."""
    try:
        return sys.stdin is not None and sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def stop(options: argparse.Namespace) -> None:
    """Asks the search of a study to end after its epoch."""
    study = Study.read(options.directory)
    if not study.running:
        raise StudyError(f"{study.directory} is not being searched: {study.description}")
    request_stop(study.directory, f"{_user()} on {socket.gethostname()}")
    say(f"{study.directory} ends after its running epochs; run its script again to resume")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"user {os.getuid()}"


class _Remember:
    """An observer that writes into a study which command searches it, once its search has begun."""

    def __init__(self, study: Path, words: Sequence[str]) -> None:
        self._path = study / COMMAND
        self._command = json.dumps({"words": list(words), "directory": str(Path.cwd())}) + "\n"

    def __call__(self, event: Event, history: History) -> None:  # noqa: ARG002 - an observer's
        if isinstance(event, SearchStarted):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with changing(self._path), closing(OwnedFile(self._path, flags)) as file:
                os.write(file.number, self._command.encode())


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
    if isinstance(data, (tuple, list)) and len(data) >= 2 and all(_is_pair(part) for part in data[:2]):
        return {"x": data[0][0], "y": data[0][1], "validation_data": data[1]}
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return {"x": data[0], "y": data[1]}
    raise UsageError(
        f"{source} must return a dict of arguments of fit, (x, y), or ((x, y), (x_val, y_val)); "
        f"got {type(data).__name__}"
    )


def _is_pair(part: Any) -> bool:
    """Whether it is (x, y); a list is data itself."""
    return isinstance(part, tuple) and len(part) == 2
