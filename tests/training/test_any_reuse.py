"""Any two models that differ in floats and seeds: the second trains with the graphs of the first, to equal results."""

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastune_lite.training import fingerprint
from kerastune_lite.training.graph_cache import GraphCache
from tests.training.test_graph_cache import Y, layers, optimizers, state, trained

regularizers, losses = keras.regularizers, keras.losses
RNG = np.random.default_rng(2)
WEIGHTS = RNG.uniform(size=40)
DATA = {
    "dense": RNG.normal(size=(40, 6)).astype("float32"),
    "convolutional": RNG.normal(size=(40, 4, 4, 2)).astype("float32"),
    "recurrent": RNG.integers(0, 7, (40, 5)),
}
FIRST = {
    "dense": lambda _: [layers.Input((6,))],
    "convolutional": lambda activation: [layers.Input((4, 4, 2)), layers.Conv2D(3, 2, activation=activation)],
    "recurrent": lambda _: [layers.Input((5,)), layers.Embedding(7, 4), layers.GRU(3, return_sequences=True)],
}
INSIDE = {
    "batch normalization": lambda a: layers.BatchNormalization(momentum=1 - a),
    "layer normalization": lambda _: layers.LayerNormalization(),
    "dropout": layers.Dropout,
    "noise": layers.GaussianNoise,
}
REGULARIZERS = {
    "none": lambda *_: None,
    "L1": lambda a, _: regularizers.L1(a),
    "L2": lambda a, _: regularizers.L2(a),
    "L1L2": regularizers.L1L2,
}
OPTIMIZERS = {
    "SGD": lambda a, b, rate: optimizers.SGD(rate, momentum=1 - a, weight_decay=b),
    "Nesterov": lambda a, b, rate: optimizers.SGD(rate, momentum=1 - a, nesterov=True, clipnorm=1.0),
    "RMSprop": lambda a, b, rate: optimizers.RMSprop(rate, rho=1 - a, momentum=b),
    "Adam": lambda a, b, rate: optimizers.Adam(rate, beta_1=1 - a, beta_2=1 - b, use_ema=True),
    "AdamW": lambda a, b, rate: optimizers.AdamW(rate, weight_decay=a, amsgrad=True),
}
LOSSES = {
    "smoothed": lambda a: losses.CategoricalCrossentropy(label_smoothing=a),
    "binary": lambda a: losses.BinaryCrossentropy(label_smoothing=a),
    "squared": lambda _: "mse",
}
MODELS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(DATA)),
        "activation": st.sampled_from(["relu", "tanh", "sigmoid", "elu"]),
        "inside": st.lists(st.sampled_from(list(INSIDE)), min_size=1, max_size=3, unique=True),
        "regularizer": st.sampled_from(list(REGULARIZERS)),
        "optimizer": st.sampled_from(list(OPTIMIZERS)),
        "loss": st.sampled_from(list(LOSSES)),
        "metrics": st.lists(st.sampled_from(["accuracy", "mae"]), unique=True),
        "weighted": st.booleans(),
    }
)


def built(drawn, seed):
    """A model with floats that depend on a seed."""
    floats = iter(np.random.default_rng(seed).uniform(0.05, 0.45, 20).tolist())
    hidden = [
        layers.Dense(
            5, drawn["activation"], kernel_regularizer=REGULARIZERS[drawn["regularizer"]](next(floats), next(floats))
        )
    ]
    hidden += [INSIDE[name](next(floats)) for name in drawn["inside"]]
    first = FIRST[drawn["kind"]](drawn["activation"])
    model = keras.Sequential([*first, *hidden, layers.Flatten(), layers.Dense(3, "softmax")])
    optimizer = OPTIMIZERS[drawn["optimizer"]](next(floats), next(floats), next(floats) / 50)
    model.compile(optimizer, LOSSES[drawn["loss"]](next(floats)), metrics=drawn["metrics"])
    return model


@settings(derandomize=True, deadline=None, max_examples=6)
@given(MODELS, st.integers(0, 99), st.integers(100, 199))
def test_a_model_that_differs_in_floats_and_seeds_trains_alike_with_graphs_of_another(drawn, one, other):
    weights = {"sample_weight": WEIGHTS} if drawn["weighted"] else {}
    data = {"x": DATA[drawn["kind"]], "y": np.eye(3, dtype="float32")[Y], **weights}
    cache, own_slots = GraphCache(), fingerprint.slots
    trained(cache, lambda: built(drawn, one), seed=one, **data)
    again, reason = trained(cache, lambda: built(drawn, other), seed=other, **data)
    assert reason is None
    fingerprint.slots = lambda _: ()  # floats are constants, as in graphs of Keras's own
    try:
        own, _ = trained(GraphCache(), lambda: built(drawn, other), seed=other, **data)
    finally:
        fingerprint.slots = own_slots
    assert state(again) == state(own)
