"""The commands and their arguments."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from kerastune_lite.cli.completion import SHELLS, script
from kerastune_lite.cli.output import NOTHING, NothingFinished, complain
from kerastune_lite.cli.running import SEARCHES
from kerastune_lite.errors import KerastuneError

_EPILOG = (
    "exit codes: 0 done; 1 it could not be done; 2 wrong arguments; "
    "3 no finished trial (best), or a difference (diff); 130 Ctrl-C"
)


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code.

    Args:
        words: The words of the command line, without the name of the program; by default those of this process.
    """
    given = sys.argv[1:] if words is None else list(words)
    parser, commands = _parser()
    options, others = parser.parse_known_args(given)
    if others and options.command != "tensorboard":
        commands[options.command].error(f"unknown arguments: {' '.join(others)}")
    options.words, options.others = given[1:], others
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to fail
    try:
        code = _run(options, commands)
        sys.stdout.flush()
    except KerastuneError as error:
        complain(f"kerastune-lite {options.command}: {error}")
        return NOTHING if isinstance(error, NothingFinished) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads: nor does the interpreter's last flush reach anyone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(options: argparse.Namespace, commands: dict[str, argparse.ArgumentParser]) -> int:
    """Runs a command; what it needs is imported now."""
    match options.command:
        case "completion":
            print(script(options.shell, commands), end="")
        case "tensorboard":
            from kerastune_lite.launcher import run as run_board  # noqa: PLC0415

            run_board(options.directory, options.port, options.others)
        case "resume":
            from kerastune_lite.cli.running import resume  # noqa: PLC0415

            return main(["run", *resume(options)])
        case _:
            return _function(options.command)(options) or 0
    return 0


def _function(command: str) -> Callable[[argparse.Namespace], Any]:
    if command in ("run", "stop"):
        from kerastune_lite.cli import running  # noqa: PLC0415

        return {"run": running.run, "stop": running.stop}[command]
    if command == "watch":
        from kerastune_lite.cli.watch import watch  # noqa: PLC0415

        return watch
    from kerastune_lite.cli import reading  # noqa: PLC0415

    functions: dict[str, Callable[[argparse.Namespace], Any]] = {
        "status": reading.status,
        "show": reading.show,
        "best": reading.best,
        "export": reading.export,
        "diff": reading.diff,
    }
    return functions[command]


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser("kerastune-lite", description="Studies of hyperparameters.", epilog=_EPILOG)
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands: dict[str, argparse.ArgumentParser] = {}

    def command(name: str, text: str, *, study: bool = True, json: bool = True) -> argparse.ArgumentParser:
        commands[name] = one = added.add_parser(name, help=text, description=text, epilog=_EPILOG)
        if study:
            one.add_argument("directory", metavar="DIR", help="the directory of a study, such as logs/study")
        if json:
            one.add_argument("--json", action="store_true", help="print JSON")
        return one

    command("status", "what the studies at and below a directory are doing")
    command("show", "the best trials, importance and diagnostics").add_argument("--trials", type=_count, default=10)
    one = command("best", "the values of the best trial")
    one.add_argument("--values", action="store_true", help="print only the values, as JSON")
    one.add_argument("--save", metavar="FILE", help="copy its model, such as model.keras")
    one = command("export", "all trials, to a file or to standard output (-)", json=False)
    target = one.add_mutually_exclusive_group(required=True)
    target.add_argument("--csv", metavar="FILE", help="a row for each trial")
    target.add_argument("--json", metavar="FILE", dest="json_file", help="with the metrics of each epoch")
    one = command("diff", "in what two studies differ", study=False)
    one.add_argument("first", metavar="DIR")
    one.add_argument("second", metavar="DIR")
    one = command("watch", "a running search, in the terminal", json=False)
    one.add_argument("--once", action="store_true", help="print what there is to see now")
    command("stop", "ask a running search to end after its epoch", json=False)
    one = command("resume", "run again what `run` began", json=False)
    one.add_argument("--yes", action="store_true", help="do not ask whether to run the code that the study names")
    one = command("tensorboard", "open TensorBoard, with further arguments of its own", json=False)
    one.add_argument("--port", type=_count, help="by default the first free one from 6006 on")
    _add_run(command("run", "search the hyperparameters of a model", study=False, json=False))
    one = command("completion", "a script that completes commands in a shell", study=False, json=False)
    one.add_argument("shell", choices=SHELLS)
    return parser, commands


def _add_run(one: argparse.ArgumentParser) -> None:
    one.add_argument("target", metavar="FUNCTION", help="build_model(hp), as SCRIPT.py:NAME or MODULE:NAME")
    one.add_argument("--data", metavar="FUNCTION", help="returns the data; by default load_data there")
    one.add_argument("--objective", default="val_loss", metavar="METRIC", help="to optimise; val_loss by default")
    one.add_argument("--direction", choices=["min", "max"], help="if the metric's name does not tell it")
    one.add_argument("--search", choices=SEARCHES, default="bayesian", help="bayesian by default")
    one.add_argument("--trials", type=_count, default=20, metavar="N", help="trials of the study in all; 20 by default")
    one.add_argument("--epochs", type=_count, default=10, metavar="N", help="of each training; 10 by default")
    one.add_argument("--batch-size", type=_count, metavar="N", help="of each training")
    one.add_argument("--executions", type=_count, default=1, metavar="N", help="trainings of each trial")
    one.add_argument("--patience", type=_count, metavar="N", help="end a training without improvement in N epochs")
    one.add_argument("--stopping", choices=["auto"], help="stop trials that are not worth their epochs")
    one.add_argument("--max-time", metavar="TIME", help='such as "2h 30min"')
    one.add_argument("--target", type=float, dest="target_score", metavar="SCORE", help="end when a trial has it")
    one.add_argument("--workers", type=_workers, default=1, metavar="N", help='processes that train, or "auto"')
    one.add_argument("--seed", type=int, help="for a reproducible search")
    one.add_argument("--directory", default="logs", metavar="DIR", help="of studies; logs by default")
    one.add_argument("--project", default="study", metavar="NAME", help="of the study; study by default")
    change = one.add_mutually_exclusive_group()
    change.add_argument("--extend", action="store_true", help="continue the study although settings have changed")
    change.add_argument("--overwrite", action="store_true", help="delete the study and start again")


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be an integer >= 1")
    return number


def _workers(text: str) -> int | str:
    return text if text == "auto" else _count(text)
