"""Starts TensorBoard without TensorFlow, which takes seconds instead of half a minute.

If TensorBoard can import a module `tensorboard.compat.notf`, it does without TensorFlow, which our files do not need.
`python -m kerastune_lite.launcher --logdir DIR` takes all arguments of `tensorboard`; notebooks use it with
`TENSORBOARD_BINARY=kerastune-lite-tensorboard`.
"""

import atexit
import importlib.util
import json
import os
import socket
import subprocess  # nosec B404
import sys
import threading
import time
import types
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import final

from kerastune_lite.errors import StudyError, UsageError
from kerastune_lite.study.layout import BOARD, JOURNAL

_PORT = 6006
_TRIED = 100
_PATIENCE = 60.0
_LIFELINE = "KERASTUNE_LITE_LIFELINE"


def main() -> None:
    """Runs TensorBoard in this process, with the arguments of the command line."""
    if lifeline := os.environ.pop(_LIFELINE, ""):
        threading.Thread(target=_end_with_starter, args=(int(lifeline),), daemon=True).start()
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    from tensorboard.main import run_main  # noqa: PLC0415 - once the module above is there

    run_main()


def log_directory(directory: str | Path) -> Path:
    """What to open in TensorBoard: the files of a study, or a directory with those of several.

    Raises:
        StudyError: There is no such directory, or the study has no TensorBoard files.
    """
    path = Path(directory)
    if not path.is_dir():
        raise StudyError(f"{path} is no directory; give the one of a study, such as logs/study")
    if not (path / JOURNAL).exists():
        return path
    if not (path / BOARD).is_dir():
        raise StudyError(
            f"{path} has no TensorBoard files: its search has written none yet, or wrote them to another directory, or "
            "tensorboard=False was set"
        )
    return path / BOARD


def links(port: int) -> dict[str, str]:
    """The pages that show a search, by what they show."""
    base = f"http://localhost:{port}/"
    pinned = json.dumps([{"plugin": "scalars", "tag": tag} for tag in ("search/best", "objective/best")])
    found = {}
    if importlib.util.find_spec("kerastune_lite_tensorboard") is not None:
        found["the search"] = f"{base}#kerastune_lite"
    found["scores by trial, curves"] = f"{base}?pinnedCards={urllib.parse.quote(pinned)}&smoothing=0#timeseries"
    return found


def free_port(port: int | None = None) -> int:
    """`port` if nobody listens there; by default, the first such one from 6006 on.

    Raises:
        UsageError: The port is in use, or no number of a port.
    """
    if port is not None and not 0 < port < 1 << 16:
        raise UsageError(f"port={port!r} must be between 1 and {(1 << 16) - 1}")
    for candidate in range(_PORT, _PORT + _TRIED) if port is None else (port,):
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", candidate)) != 0:
                return candidate
    raise UsageError(
        f"port {port} is in use; choose another one, or end what listens there"
        if port is not None
        else f"the ports from {_PORT} to {_PORT + _TRIED - 1} are in use; give another one"
    )


@final
class Board:
    """A TensorBoard that runs in the background until `stop()`, or until this process ends.

    Attributes:
        url: The page that shows the search.
    """

    def __init__(self, url: str, process: "subprocess.Popen[bytes]", held: int) -> None:
        self.url = url
        self._process = process
        self._held = held
        atexit.register(self.stop)

    def stop(self) -> None:
        """Ends TensorBoard; once more does nothing."""
        if self._held < 0:
            return
        os.close(self._held)
        self._held = -1
        atexit.unregister(self.stop)
        self._process.terminate()
        self._process.wait()

    def __repr__(self) -> str:
        return f"<TensorBoard at {self.url}>"

    def _repr_html_(self) -> str:
        """The page in a frame, for notebooks."""
        link = f'<a href="{self.url}" target="_blank">{self.url}</a>'
        return f'{link}<br><iframe src="{self.url}" width="100%" height="800" style="border:0"></iframe>'


def show(directory: str | Path, *, port: int | None = None) -> Board:
    """Shows a study, or a directory of studies, in TensorBoard; without importing TensorFlow.

    Args:
        directory: The directory of a study (`DIRECTORY/PROJECT_NAME`), of its TensorBoard files, or of several studies.
        port: By default, the first free one from 6006 on.

    Returns:
        The running TensorBoard: open its `url`, or let a notebook show it.

    Raises:
        StudyError: There is nothing to show, or TensorBoard does not start.
        UsageError: The port is in use.

    Example:
        >>> import kerastune_lite as kt
        >>> board = kt.show("logs/digits")  # doctest: +SKIP
        >>> board.url  # doctest: +SKIP
        'http://localhost:6006/#kerastune_lite'
    """
    logs, chosen = log_directory(directory), free_port(port)
    lifeline, held = os.pipe()
    # this Python and a module of this package
    process = subprocess.Popen(  # nosec B603
        [sys.executable, "-m", "kerastune_lite.launcher", *arguments(logs, chosen)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lifeline,),
        env={**os.environ, _LIFELINE: str(lifeline), "PYTHONPATH": _path()},
    )
    os.close(lifeline)
    board = Board(next(iter(links(chosen).values())), process, held)
    try:
        _wait_for(process, chosen)
    except BaseException:
        board.stop()
        raise
    return board


def arguments(logs: Path, port: int) -> list[str]:
    """The arguments of `tensorboard`; it looks for new files every few seconds."""
    return ["--logdir", str(logs), "--port", str(port), "--reload_interval", "3"]


def _path() -> str:
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            # the address is this machine's
            with urllib.request.urlopen(f"http://localhost:{port}/data/environment", timeout=5):  # nosec B310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    code = process.poll()
    how = f"ended with exit code {code}" if code is not None else f"did not answer within {_PATIENCE:g} seconds"
    raise StudyError(f"TensorBoard {how}; run `tensorboard` in a terminal to see why")


def _end_with_starter(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def run(directory: str | Path, port: int | None, others: Sequence[str]) -> None:
    """Runs TensorBoard in this process until Ctrl-C, after printing the links.

    Args:
        directory: As for `show`.
        port: As for `show`.
        others: Further arguments of `tensorboard`.
    """
    logs, chosen = log_directory(directory), free_port(port)
    for what, link in links(chosen).items():
        print(f"{what}: {link}", flush=True)
    sys.argv = ["tensorboard", *arguments(logs, chosen), *others]
    main()


if __name__ == "__main__":
    main()
