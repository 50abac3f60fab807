"""What TensorBoard will show of a directory, asked of its own loader and of the HParams plugin's own handlers."""

import math
from dataclasses import dataclass, field

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.data import provider
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

from kerastune_lite.observers.tensorboard.columns import STATUS

_STATUS = {api_pb2.STATUS_UNKNOWN: "unknown", api_pb2.STATUS_SUCCESS: "success", api_pb2.STATUS_FAILURE: "failure"}
_STATUS[api_pb2.STATUS_RUNNING] = "running"
_TYPES = {api_pb2.DATA_TYPE_STRING: "text", api_pb2.DATA_TYPE_FLOAT64: "number", api_pb2.DATA_TYPE_BOOL: "boolean"}


@dataclass
class Session:
    """A row of the tab: its hyperparameters without the status column, its metrics, TensorBoard's status, and ours."""

    values: dict
    metrics: dict
    status: str
    outcome: str


@dataclass
class Page:
    """The tab as it would be drawn, and the curves behind it."""

    directory: str
    columns: dict = field(default_factory=dict)
    metrics: list = field(default_factory=list)

    def __post_init__(self):
        self._multiplexer = plugin_event_multiplexer.EventMultiplexer()
        self.provider = data_provider.MultiplexerDataProvider(self._multiplexer, str(self.directory))
        self._context = backend_context.Context(
            base_plugin.TBContext(data_provider=self.provider, logdir=str(self.directory))
        )
        self.reload()

    def reload(self):
        """Takes over what has changed on disk, as an open page does."""
        self._multiplexer.AddRunsFromDirectory(str(self.directory))
        self._multiplexer.Reload()
        shown = get_experiment.Handler(RequestContext(), self._context, "", api_pb2.GetExperimentRequest()).run()
        self.columns = {info.name: _column(info) for info in shown.hparam_infos}
        self.metrics = [(info.name.tag, info.display_name) for info in shown.metric_infos]

    def sessions(self, order_by=None, *, descending=True):
        """Rows by name, in the order of a metric if one is given."""
        request = api_pb2.ListSessionGroupsRequest(
            start_index=0,
            slice_size=1000,
            allowed_statuses=list(_STATUS),
            aggregation_type=api_pb2.AGGREGATION_AVG,
        )
        order = api_pb2.ORDER_DESC if descending else api_pb2.ORDER_ASC
        for tag, _ in self.metrics:
            column = request.col_params.add(metric=api_pb2.MetricName(tag=tag))
            if tag == order_by:
                column.order = order
                column.missing_values_first = False
        groups = list_session_groups.Handler(RequestContext(), self._context, "", request).run().session_groups
        return {group.name: _session(group) for group in groups}

    def curve(self, run, tag):
        """[(step, value), ...] of a scalar."""
        found = self.provider.read_scalars(
            RequestContext(),
            experiment_id="",
            plugin_name="scalars",
            downsample=1000,
            run_tag_filter=provider.RunTagFilter(runs=[run], tags=[tag]),
        )
        return [(point.step, point.value) for point in found.get(run, {}).get(tag, [])]

    def runs(self):
        return {run.run_name for run in self.provider.list_runs(RequestContext(), experiment_id="")}

    def text(self, run, tag):
        """The last text under a tag."""
        found = self.provider.read_tensors(
            RequestContext(),
            experiment_id="",
            plugin_name="text",
            downsample=1000,
            run_tag_filter=provider.RunTagFilter(runs=[run], tags=[tag]),
        )
        return found[run][tag][-1].numpy.item().decode()


def _column(info):
    if info.WhichOneof("domain") == "domain_interval":
        domain = (info.domain_interval.min_value, info.domain_interval.max_value)
    else:
        domain = [_plain(value) for value in info.domain_discrete.values]
    return {"type": _TYPES[info.type], "domain": domain, "differs": info.differs, "shown as": info.display_name}


def _plain(value):
    return getattr(value, value.WhichOneof("kind"))


def _session(group):
    (session,) = group.sessions
    metrics = {metric.name.tag: metric.value for metric in session.metric_values}
    values = {name: _plain(value) for name, value in group.hparams.items()}
    outcome = values.pop(STATUS)
    return Session(values, {tag: _number(value) for tag, value in metrics.items()}, _STATUS[session.status], outcome)


def _number(value):
    return "NaN" if math.isnan(value) else round(value, 6)
