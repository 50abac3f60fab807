"""Starts TensorBoard without TensorFlow, which takes seconds instead of half a minute.

If TensorBoard can import a module `tensorboard.compat.notf`, it does without TensorFlow, which our files do not need.
`python -m kerastune_lite.launcher --logdir DIR` takes all arguments of `tensorboard`; notebooks use it with
`TENSORBOARD_BINARY=kerastune-lite-tensorboard`.
"""

import atexit
import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess  # nosec B404
import sys
import tempfile
import threading
import time
import types
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, final

from kerastune_lite.errors import StudyError, UsageError
from kerastune_lite.study.events import SearchStarted
from kerastune_lite.study.layout import BOARD, JOURNAL
from kerastune_lite.study.store import read_events
from kerastune_lite.tensorboard_links import ALONE, PAGE, TAB, links, time_series

_PORT = 6006
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names
_TRIED = 100
_PATIENCE = 60.0
_RETRIES = 5
_LIFELINE = "KERASTUNE_LITE_LIFELINE"
_PINNED = "KERASTUNE_LITE_PINNED"
_SEARCH = "_search"  # a run of each study
_BELOW = ("", "*/", "*/*/", "*/*/*/")  # where studies are looked for
_STUDIES = 10  # of which the objective is looked up

# TensorBoard keeps this setting in the browser and takes it from no link. It would clip a best score that is far from
# the others off the chart. Who has set it keeps what is set.
_OPENS_TIME_SERIES = """<!doctype html>
<title>TensorBoard</title>
<script>
const key = "_tb_global_settings", settings = JSON.parse(localStorage.getItem(key) || "{}");
localStorage.setItem(key, JSON.stringify({ignoreOutliers: false, ...settings}));
location.replace("./%s");
</script>
"""

# The page of the Tuning tab as TensorBoard makes it, but in a window of its own.
_IMPORTS_TAB = 'import("./index.js").then((module) => module.render());'
_TAB = f"""<!doctype html>
<title>Tuning</title>
<base href="{TAB}">
<link rel="icon" href="data:,">
<body>
<script type="module">{_IMPORTS_TAB}</script>
"""
_ALLOWED = base64.b64encode(hashlib.sha256(_IMPORTS_TAB.encode()).digest()).decode()
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; style-src 'self' 'unsafe-inline'; "
    f"script-src 'self' 'sha256-{_ALLOWED}'"
)


def main(
    arguments: Sequence[str] | None = None,
    *,
    objectives: Iterable[str] = (),
    announce: Callable[[str], object] | None = None,
) -> NoReturn:
    """Runs TensorBoard in this process until it is interrupted, and exits.

    Args:
        arguments: Those of `tensorboard`; by default those of this process.
        objectives: The metrics that the page `search` pins.
        announce: Called with TensorBoard's address once it can be opened, in place of TensorBoard's own message.
    """
    if lifeline := os.environ.pop(_LIFELINE, ""):
        threading.Thread(target=_end_with_starter, args=(int(lifeline),), daemon=True).start()
    pinned = json.loads(os.environ.pop(_PINNED, "[]"))
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    from absl import app  # noqa: PLC0415 - once the module above is there
    from tensorboard import default, main_lib, program  # noqa: PLC0415

    scores = _OPENS_TIME_SERIES % time_series([*objectives, *pinned])
    pages = {PAGE: _Page(scores), ALONE: _Page(_TAB, [("Content-Security-Policy", _POLICY)])}

    def server(application: Any, flags: Any) -> Any:
        made = program.create_port_scanning_werkzeug_server(_with_pages(application, flags, pages), flags)
        if announce is not None:
            made.print_serving_message = lambda: announce(made.get_url())
        return made

    main_lib.global_init()
    tensorboard = program.TensorBoard(plugins=default.get_plugins(), server_class=server)
    words = sys.argv[1:] if arguments is None else arguments
    app.run(tensorboard.main, argv=["tensorboard", *words], flags_parser=tensorboard.configure)
    sys.exit()


@final
@dataclass(frozen=True)
class _Page:
    """A page of HTML, and headers besides its type and length."""

    text: str
    headers: Sequence[tuple[str, str]] = ()


def _with_pages(application: Any, flags: Any, pages: Mapping[str, _Page]) -> Any:
    """TensorBoard's WSGI application with some pages more."""
    at = {f"{flags.path_prefix.rstrip('/')}/{name}": page for name, page in pages.items()}

    def extended(environ: dict[str, Any], start_response: Any) -> Any:
        page = at.get(environ.get("PATH_INFO", ""))
        if page is None:
            return application(environ, start_response)
        content = page.text.encode()
        own = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(content)))]
        start_response("200 OK", [*own, *page.headers])
        return [content]

    return extended


def log_directory(directory: str | Path) -> Path:
    """What to open in TensorBoard: the files of a study, or a directory with those of several.

    Raises:
        StudyError: There is no such directory or no study in it, or the study has no TensorBoard files.
    """
    path = Path(directory)
    if not path.is_dir():
        raise StudyError(f"{path} is no directory; give the one of a study, such as logs/study")
    if (path / JOURNAL).exists():
        if not (path / BOARD).is_dir():
            raise StudyError(
                f"{path} has no TensorBoard files: its search has written none yet, or wrote them to another "
                "directory, or tensorboard=False was set"
            )
        return path / BOARD
    if not any(next(path.glob(f"{above}{name}"), None) for above in _BELOW for name in (JOURNAL, _SEARCH)):
        raise StudyError(f"{path} is no study (it has no {JOURNAL}), and there is none in it")
    return path


def objectives_of(logs: Path) -> list[str]:
    """The objectives of the study that writes to `logs`, or of some of the studies there; without the unreadable."""
    study = logs.parent / JOURNAL
    journals = [study] if study.is_file() else sorted(logs.glob(f"*/{JOURNAL}"))[:_STUDIES]
    found: dict[str, None] = {}
    for journal in journals:
        with suppress(StudyError):
            events = read_events(journal.parent)[0]
            last = next((event for event in reversed(events) if isinstance(event, SearchStarted)), None)
            found |= {} if last is None else {last.objective.name: None}
    return list(found)


def free_port(port: int | None = None) -> int:
    """`port` if nobody listens there; by default, the first such one from 6006 on.

    Raises:
        UsageError: The port is in use, or no number of a port.
    """
    if port is not None and not 0 < port < 1 << 16:
        raise UsageError(f"port={port!r} must be between 1 and {(1 << 16) - 1}")
    for candidate in range(_PORT, _PORT + _TRIED) if port is None else (port,):
        if not _in_use(candidate):
            return candidate
    raise UsageError(
        f"port {port} is in use; choose another one, or end what listens there"
        if port is not None
        else f"the ports from {_PORT} to {_PORT + _TRIED - 1} are in use; give another one"
    )


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


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
        held, self._held = self._held, -1
        atexit.unregister(self.stop)
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(held)

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
    chosen, logs = free_port(port), log_directory(directory)
    for _ in range(_RETRIES if port is None else 0):
        try:
            return _shown(logs, chosen)
        except StudyError:
            if not _in_use(chosen):
                raise
        chosen = free_port()
    return _shown(logs, chosen)


def _shown(logs: Path, port: int) -> Board:
    """A TensorBoard on this port.

    Raises:
        StudyError: It does not start; for example, because another program has taken the port meanwhile.
    """
    pinned = json.dumps(objectives_of(logs))
    lifeline, held = os.pipe()
    with tempfile.TemporaryFile() as errors:
        # this Python and a module of this package
        process = subprocess.Popen(  # nosec B603
            [sys.executable, "-P", "-m", "kerastune_lite.launcher", *arguments(logs, port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(lifeline,),
            env={**os.environ, _LIFELINE: str(lifeline), _PINNED: pinned, "PYTHONPATH": _path()},
            start_new_session=True,  # Ctrl-C ends a search, not what shows it
        )
        os.close(lifeline)
        board = Board(next(iter(links(f"http://localhost:{port}/").values())), process, held)
        try:
            _wait_for(process, port, logs, errors)
        except BaseException:
            board.stop()
            raise
    return board


def arguments(logs: Path, port: int) -> list[str]:
    """The arguments of `tensorboard`; it looks for new files every few seconds."""
    return ["--logdir", str(logs), "--port", str(port), "--reload_interval", "3"]


def _path() -> str:
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))


def _wait_for(process: "subprocess.Popen[bytes]", port: int, logs: Path, errors: IO[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if _serves(port, logs):
            return
        time.sleep(0.05)
    code = process.poll()
    how = f"ended with exit code {code}" if code is not None else f"did not answer within {_PATIENCE:g} seconds"
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip().splitlines()
    raise StudyError(f"TensorBoard {how}" + (f": {said[-1]}" if said else ""))


def _serves(port: int, logs: Path) -> bool:
    """Whether a TensorBoard of these logs answers; there may be another one on the port."""
    try:
        # the address is this machine's
        with _DIRECT.open(f"http://localhost:{port}/data/environment", timeout=5) as answer:  # nosec B310
            found: Any = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return isinstance(found, dict) and found.get("data_location") == str(logs)


def _end_with_starter(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)  # TensorBoard then deletes the file by which notebooks find it


def run(directory: str | Path, port: int | None, others: Sequence[str]) -> None:
    """Runs TensorBoard in this process until Ctrl-C, and prints links once it can be opened.

    Args:
        directory: As for `show`.
        port: As for `show`.
        others: Further arguments of `tensorboard`.
    """
    chosen, logs = free_port(port), log_directory(directory)
    main([*arguments(logs, chosen), *others], objectives=objectives_of(logs), announce=_say_links)


def _say_links(address: str) -> None:
    for what, link in links(address).items():
        print(f"{what}: {link}", flush=True)
    print("Ctrl-C ends TensorBoard", flush=True)


if __name__ == "__main__":
    main()
