"""The graphs of earlier trials, for trials whose own graphs would be the same.

To trace the graphs of a training takes longer than to train a small model. A graph reads and assigns the variables that
it was traced with. To train another model with it, that model's variables are exchanged for these, after they have got
its values. The model itself stays as it is: its layers, optimizer and metrics see what the graph does.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import keras
import tensorflow as tf

from kerastune_lite.study.task import Meet
from kerastune_lite.training.data_cache import Fed
from kerastune_lite.training.fingerprint import Fingerprint, NotComparable
from kerastune_lite.training.float_variables import FloatVariables, traced
from kerastune_lite.training.stacked_epochs import SharedEpochs, StackedEpochs, assign, obstacle, read, storage
from kerastune_lite.training.whole_epochs import EpochGraph, EpochGraphs, ends_at_nan

# Graphs take memory as well as their variables.
_MOST_GRAPHS, _MOST_BYTES = 16, 256 * 2**20


@dataclass
class _Traced:
    """Graphs, and the variables that they use.

    Attributes:
        key: What the trace has read.
        graphs: The graphs.
        variables: What the variables of a model are exchanged for.
        floats: What the graphs read in place of floats of the model.
        holder: The model that was trained last.
        held: Its variables.
        stacks: What trains and validates several models with the graphs, once there were some.
    """

    key: Any
    graphs: EpochGraphs
    variables: Sequence[tf.Variable]
    floats: FloatVariables
    holder: "weakref.ref[keras.Model] | None" = None
    held: Sequence["weakref.ref[keras.Variable]"] = ()
    stacks: tuple[StackedEpochs, StackedEpochs | None] | None = None

    @property
    def size(self) -> int:
        """The bytes of the variables."""
        return sum(variable.shape.num_elements() * variable.dtype.size for variable in self.variables)

    def lend(self, model: keras.Model, variables: Sequence[keras.Variable]) -> None:
        """Exchanges the variables of a model; the model that had these before gets new ones."""
        self.take_back()
        for variable, lent in zip(variables, self.variables, strict=True):
            assign(lent, read(storage(variable)))
            _hold(variable, lent)
        _begin_anew(model)
        self.hold(model, variables)

    def share(self, model: keras.Model, found: Fingerprint, fed: Fed, meet: Meet) -> EpochGraphs:
        """The graphs for a training among others; the model that was traced gets variables of its own."""
        self.take_back()
        if self.stacks is None:
            own, (train, test) = [*self.variables, *self.floats.variables], self.graphs
            assert isinstance(train, EpochGraph)
            trains = StackedEpochs(train, own, obstacle(model, train))
            self.stacks = trains, StackedEpochs(test, own, None, trains) if isinstance(test, EpochGraph) else None
        used = [*found.variables, *self.floats.constants([slot.value for slot in found.floats])]
        epochs = int(fed.arguments.get("epochs", 1)) - int(fed.arguments.get("initial_epoch", 0))
        shared = partial(SharedEpochs, meet=meet, used=used, epochs=epochs)
        trains, tests = self.stacks
        return EpochGraphs(shared(trains), None if tests is None else shared(tests))

    def take_back(self) -> None:
        """Gives the model that has these variables new ones, with the same values."""
        for held, lent in zip(self.held, self.variables, strict=False):
            variable = held()
            if variable is not None:
                _hold(variable, _copy(lent))
        holder = None if self.holder is None else self.holder()
        if holder is not None:
            _begin_anew(holder)
        self.holder, self.held = None, ()

    def hold(self, model: keras.Model, variables: Sequence[keras.Variable]) -> None:
        """Notes that a model has these variables."""
        self.holder, self.held = weakref.ref(model), [weakref.ref(variable) for variable in variables]


@final
class GraphCache:
    """Graphs of whole epochs by what their trace has read."""

    def __init__(self) -> None:
        self._traced: list[_Traced] = []  # the one used last at the end
        self._constant: dict[int, frozenset[int]] = {}  # floats that must be constants, by the hash of the key

    def __reduce__(self) -> tuple[type["GraphCache"], tuple[()]]:
        """In another process it begins empty."""
        return GraphCache, ()

    def graphs(
        self,
        model: keras.Model,
        fed: Fed,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        meet: Meet | None = None,
    ) -> tuple[EpochGraphs, str | None]:
        """The graphs for a training of a model, whose variables may be exchanged.

        Args:
            model: A model whose training has no `obstacle`, with an optimizer and metrics that are built.
            fed: The arguments of `fit`, with arrays as training data.
            callbacks: The callbacks of the training.
            meet: How to take epochs together with other trials; None if there are none.

        Returns:
            The graphs, and why they are new ones; None if those of an earlier training are reused.
        """
        try:
            found = Fingerprint.of(model)
        except NotComparable as reason:
            return EpochGraphs.of(model, fed, callbacks), str(reason)
        for each in self._traced:  # a model may be trained several times
            if each.holder is not None and each.holder() is model:
                each.take_back()
        key = (found.tokens, _surroundings(), specs(fed), ends_at_nan(callbacks))
        values = [slot.value for slot in found.floats]
        earlier = next((each for each in self._traced if each.key == key and each.floats.fit(values)), None)
        if earlier is not None:
            self._keep(earlier)
            if meet is not None:
                return earlier.share(model, found, fed, meet), None
            earlier.lend(model, found.variables)
            earlier.floats.assign(values)
            return earlier.graphs, None
        number = hash(key)
        graphs, floats, self._constant[number] = traced(
            found.floats, self._constant.get(number, frozenset()), lambda: EpochGraphs.of(model, fed, callbacks)
        )
        new = _Traced(key, graphs, list(map(storage, found.variables)), floats)
        foreign = _foreign(new)
        if foreign is not None:
            return graphs, foreign
        new.hold(model, found.variables)
        self._keep(new)
        if meet is not None:
            graphs = new.share(model, found, fed, meet)
        return graphs, "no training before had the same graph"

    def _keep(self, used: _Traced) -> None:
        """Keeps graphs longest that were used last."""
        self._traced = [*(each for each in self._traced if each is not used), used]
        while len(self._traced) > _MOST_GRAPHS or sum(each.size for each in self._traced) > _MOST_BYTES:
            del self._traced[0]


def _surroundings() -> tuple[Any, ...]:
    """The settings of Keras that a trace reads."""
    config = keras.config
    policy = config.dtype_policy().name
    return (config.floatx(), config.epsilon(), config.image_data_format(), policy, config.is_flash_attention_enabled())


def specs(fed: Fed) -> Any:
    """The types and shapes of the data, apart from the number of rows."""
    return tuple(_spec(None if pipeline is None else pipeline.tensors) for pipeline in (fed.train, fed.validation))


def _spec(tensors: Any) -> Any:
    leaves = keras.tree.flatten(tensors)
    structure = keras.tree.map_structure(lambda leaf: leaf is None, tensors, none_is_leaf=True)
    return repr(structure), *((leaf.dtype.name, tuple(leaf.shape[1:])) for leaf in leaves if leaf is not None)


def _foreign(traced: _Traced) -> str | None:
    """What the graphs use besides the variables of the model; None if there is nothing."""
    own = {id(variable.handle) for variable in (*traced.variables, *traced.floats.variables)}
    graphs = [graph for graph in traced.graphs if isinstance(graph, EpochGraph)]
    if any(id(captured) not in own for graph in graphs for captured in graph.captured):
        return "the graph uses data or variables that do not belong to the model"
    if any(graph.draws for graph in graphs):
        return "the model uses tf.random"
    return None


def _hold(variable: keras.Variable, value: tf.Variable) -> None:
    variable._value = value  # noqa: SLF001 - so do Keras's own methods


def _begin_anew(model: keras.Model) -> None:
    """Lets a model and its optimizer know what their variables hold now."""
    model.train_function = model.test_function = model.predict_function = None  # they use what was held before
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    trained = enumerate(optimizer._trainable_variables)  # noqa: SLF001 - as its `build` does
    optimizer._trainable_variables_indices = {optimizer._var_key(each): index for index, each in trained}  # noqa: SLF001


def _copy(variable: tf.Variable) -> tf.Variable:
    return tf.Variable(variable, trainable=variable.trainable, name=variable.name.partition(":")[0])
