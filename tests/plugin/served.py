"""What the plugin answers for a log directory, read by TensorBoard's own loader."""

import json

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from werkzeug.test import Client

from kerastune_lite.observers.tensorboard import EventFile
from kerastune_lite_tensorboard.plugin import TuningPlugin
from kerastune_lite_tensorboard.reading import Studies


class Provider(data_provider.MultiplexerDataProvider):
    """TensorBoard's provider, which counts the tensors that are asked for."""

    def __init__(self, multiplexer, directory):
        super().__init__(multiplexer, directory)
        self.asked = []

    def read_tensors(self, ctx=None, *, run_tag_filter=None, **arguments):
        self.asked.append(run_tag_filter)
        return super().read_tensors(ctx, run_tag_filter=run_tag_filter, **arguments)


class Served:
    """A server without a socket.

    Attributes:
        provider: What it reads through.
    """

    def __init__(self, directory, **options):
        self._directory = str(directory)
        self._multiplexer = plugin_event_multiplexer.EventMultiplexer()
        self.provider = Provider(self._multiplexer, self._directory)
        context = base_plugin.TBContext(data_provider=self.provider, logdir=self._directory)
        self.plugin = TuningPlugin(context, **options)
        self._apps = self.plugin.get_plugin_apps()
        self.reload()

    def reload(self):
        """Takes over what is on disk, as TensorBoard does every few seconds."""
        self._multiplexer.AddRunsFromDirectory(self._directory)
        self._multiplexer.Reload()
        for studies in self.plugin._studies.values():
            studies._look_again = -1.0

    def get(self, route, method="GET", **arguments):
        """The response of a route."""
        return Client(self._apps[route]).open(route, method=method, query_string=arguments)

    def studies(self):
        return json.loads(self.get("/studies").data)["studies"]

    def study(self, run="", **arguments):
        response = self.get("/study", run=run, **arguments)
        assert response.status_code == 200, response.data
        return json.loads(response.data)


def written(run, tag, data, *, wall=1.0, step=0, study="x"):
    """An event file with one record."""
    file = EventFile(run, wall, study)
    file.record(tag, data, step, wall)
    file.close()


STUDY = {"v": 1, "name": "handmade", "objective": {"name": "score", "direction": "max"}, "state": "running"}
TRIAL = {"v": 1, "number": 0, "status": "running", "score": 0.5, "values": {"x": 1}}

__all__ = ["STUDY", "TRIAL", "Served", "Studies", "written"]
