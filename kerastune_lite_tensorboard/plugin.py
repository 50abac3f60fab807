"""The plugin: serves the page of the Tuning tab and the records that it shows."""

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, final

from tensorboard import plugin_util
from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from kerastune_lite_tensorboard.reading import PLUGIN, Studies

_STATIC = Path(__file__).parent / "static"
_MODULES = ("index.js", "page.js", "charts.js")  # TensorBoard imports the first, which imports the others
_JAVASCRIPT, _JSON = "text/javascript", "application/json"
_LONGEST_ARGUMENT = 4096  # characters
_MOST_EXPERIMENTS = 50
_NOT_BUILT = """export function render() {
  const text = document.createElement("p");
  text.textContent =
    "The page of this tab has not been built. In a clone of kerastune_lite run: cd frontend && npm ci && npm run build";
  text.style.cssText = "margin: 3em; font: 16px sans-serif; color: #888";
  document.body.append(text);
}
"""


@final
class TuningPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The Tuning tab.

    Args:
        context: What TensorBoard gives to plugins; only its data provider is used.
        static: The directory of the built page.
    """

    plugin_name = PLUGIN

    def __init__(self, context: Any, static: Path = _STATIC) -> None:
        super().__init__(context)
        self._provider = context.data_provider
        self._modules = {name: _Module(static / name) for name in _MODULES}
        self._lock = threading.Lock()
        self._studies: dict[str, Studies] = {}

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        """The routes, below `data/plugin/kerastune_lite`."""
        routes: dict[str, Callable[[Any], Any]] = {"/studies": self._list, "/study": self._study}
        routes |= {f"/{name}": partial(self._script, module) for name, module in self._modules.items()}
        return {path: wrappers.Request.application(_only_reading(route)) for path, route in routes.items()}

    def is_active(self) -> bool:
        """TensorBoard itself lights the tab up where there are records."""
        return False

    def frontend_metadata(self) -> Any:
        """How TensorBoard shows the tab."""
        return base_plugin.FrontendMetadata(es_module_path=f"/{_MODULES[0]}", tab_name="Tuning")

    def _script(self, module: "_Module", request: Any) -> Any:
        return http_util.Respond(request, module.compressed(), _JAVASCRIPT, content_encoding="gzip")

    def _list(self, request: Any) -> Any:
        context = plugin_util.context(request.environ)
        return _respond(request, {"studies": self._of(request).studies(context)})

    def _study(self, request: Any) -> Any:
        run, since = request.args.get("run"), request.args.get("since", "")
        if max(len(run or ""), len(since)) > _LONGEST_ARGUMENT:
            return _respond(request, {"error": "run and since are texts that this server has given"}, 400)
        answer = self._of(request).study(plugin_util.context(request.environ), run, since)
        if answer is None:
            return _respond(request, {"error": "there is no such study"}, 404)
        return http_util.Respond(request, answer, _JSON)

    def _of(self, request: Any) -> Studies:
        """The studies of the experiment; a server on this machine has one, without a name."""
        experiment = plugin_util.experiment_id(request.environ)
        with self._lock:
            studies = self._studies.get(experiment)
            if studies is None:
                while len(self._studies) >= _MOST_EXPERIMENTS:
                    del self._studies[next(iter(self._studies))]
                studies = self._studies[experiment] = Studies(self._provider, experiment)
            return studies


@final
class _Module:
    """A module of the page, compressed once for each state of its file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._of: object = None
        self._content = b""

    def compressed(self) -> bytes:
        try:
            state = self._file.stat()
            now = (state.st_mtime_ns, state.st_size)
            if now != self._of:
                self._content = gzip.compress(self._file.read_bytes(), mtime=0)
                self._of = now
        except OSError:
            return gzip.compress(_NOT_BUILT.encode(), mtime=0)
        return self._content


def _only_reading(route: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The route for GET and HEAD; other methods are refused."""

    def answer(request: Any) -> Any:
        if request.method not in ("GET", "HEAD"):
            return _respond(request, {"error": "this address can only be read"}, 405)
        return route(request)

    return answer


def _respond(request: Any, content: Mapping[str, Any], code: int = 200) -> Any:
    return http_util.Respond(request, json.dumps(content), _JSON, code=code)
