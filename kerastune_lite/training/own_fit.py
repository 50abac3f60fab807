"""Whole epochs where the `fit` of a hypermodel calls `model.fit`, with the results of that call."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import update_wrapper
from types import TracebackType
from typing import Any, final

import keras

from kerastune_lite.training import whole_epochs
from kerastune_lite.training.build_ahead import build_ahead
from kerastune_lite.training.data_cache import DataCache, Fed
from kerastune_lite.training.graph_cache import specs
from kerastune_lite.training.whole_epochs import EpochGraphs

try:
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
except ImportError:  # shuffled data is then an obstacle
    ArrayDataAdapter = None

Graphs = Callable[
    [keras.Model, Fed, Sequence[keras.callbacks.Callback]],
    tuple[EpochGraphs | None, str | None],
]


@final
class FitByEpochs:
    """Stands in for `model.fit` as long as it is entered.

    The user's arrays, arguments and callbacks count, as in the call itself; Keras shuffles the rows.

    Args:
        model: The model.
        graphs: Makes the graphs of a training, or finds those of an earlier one; with them, why they are new.
        note: Called with why the training goes batch by batch or has new graphs; True if it reuses graphs.
        verbose: The `verbose` of a call that does not give it.
    """

    def __init__(self, model: keras.Model, graphs: Graphs, note: Callable[[str | bool], None], verbose: Any) -> None:
        update_wrapper(self, model.fit)
        self._model, self._make, self._note, self._verbose = model, graphs, note, verbose
        self._left: Any = None
        self._graphs: tuple[Any, EpochGraphs] | None = None

    def __enter__(self) -> None:
        vars(self._model)["fit"] = self  # past Keras, which tracks attributes

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        vars(self._model).pop("fit", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`model.fit`."""
        model = self._model
        vars(model).pop("fit", None)  # what looks at the model sees it as it is
        try:
            given = {"verbose": self._verbose, **inspect.signature(model.fit).bind(*args, **kwargs).arguments}
            return self._fit(given)
        finally:
            self.__enter__()

    def _fit(self, given: dict[str, Any]) -> Any:
        model, callbacks = self._model, keras.tree.flatten(given.get("callbacks") or [])
        obstacle = _obstacle(given) or self._trained_by_batches()
        fed = None if obstacle else _fed(given)
        if fed is None:
            return self._by_batches(given, obstacle or "the data is not as fit takes it")
        if fed.train is not None:
            with suppress(Exception):  # fit itself tells what is wrong with the model
                build_ahead(model, fed.train.first_batch())
        obstacle = whole_epochs.obstacle(model, fed, callbacks)
        if obstacle is not None:
            return self._by_batches(given, obstacle)
        graphs = self._graphs_of(fed, callbacks)
        if graphs is None:
            return model.fit(**given)
        orders = _orders(fed, given)
        history = whole_epochs.fit(model, graphs, fed, callbacks, verbose=given["verbose"], orders=orders)
        # what Keras has traced serves until the model is compiled again; so do these graphs
        model.make_train_function()
        self._left = model.train_function
        return history

    def _by_batches(self, given: dict[str, Any], obstacle: str) -> Any:
        self._note(obstacle)
        return self._model.fit(**given)

    def _trained_by_batches(self) -> str | None:
        trained = self._model.train_function
        return None if trained is None or trained is self._left else "the model has been trained by batches before"

    def _graphs_of(self, fed: Fed, callbacks: Sequence[keras.callbacks.Callback]) -> EpochGraphs | None:
        """The graphs; None if Keras must train itself."""
        kind = (specs(fed), whole_epochs.ends_at_nan(callbacks))
        if self._model.train_function is not None and self._graphs is not None and self._graphs[0] == kind:
            return self._graphs[1]
        graphs, reason = self._make(self._model, fed, callbacks)
        if graphs is not None and reason is not None and any(graph.draws for graph in graphs if graph is not None):
            graphs, reason = None, "the model uses tf.random"  # its numbers depend on the graph
        self._note(reason or True)
        self._graphs = None if graphs is None else (kind, graphs)
        return graphs


def _obstacle(given: Mapping[str, Any]) -> str | None:
    """Why these arguments are left to Keras."""
    steps = [name for name in ("steps_per_epoch", "validation_steps") if given.get(name) is not None]
    if steps:
        return f"fit is given {steps[0]}"
    if given["verbose"] not in (0, 2):
        return "fit shows each batch"
    if isinstance(given.get("callbacks"), keras.callbacks.CallbackList):
        return "fit is given a CallbackList"
    if given.get("shuffle", True) and ArrayDataAdapter is None:
        return "this version of Keras shuffles in another way"
    data = ((given.get("y"), given.get("sample_weight")), _validation(given.get("validation_data")))
    if any(weight is not None and keras.tree.is_nested(y) for y, weight in data):
        return "there are sample weights for several outputs"
    return None


def _validation(given: Any) -> tuple[Any, Any]:
    """The targets and sample weights of validation data."""
    return (given[1], given[2]) if isinstance(given, (tuple, list)) and len(given) == 3 else (None, None)


def _fed(given: Mapping[str, Any]) -> Fed | None:
    """The arguments with arrays as pipelines; None if something is not in order."""
    arguments = {name: value for name, value in given.items() if name not in ("callbacks", "verbose")}
    try:
        fed = DataCache().feed(arguments, keep=True)  # the user may change arrays between two trainings
    except Exception:  # noqa: BLE001 - fit itself tells what is wrong with the data
        return None
    validates = arguments.get("validation_data") is not None or bool(arguments.get("validation_split"))
    return None if validates and fed.train is not None and fed.validation is None else fed


def _orders(fed: Fed, given: Mapping[str, Any]) -> Any:
    """The rows in the order in which `fit` takes them, an epoch at a time."""
    assert fed.train is not None
    rows = fed.train.order.numpy()
    if not given.get("shuffle", True):
        return [rows]
    return ArrayDataAdapter(rows, batch_size=len(rows), shuffle=True).get_tf_dataset()
