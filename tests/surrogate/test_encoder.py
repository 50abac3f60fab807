import numpy as np

from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Int
from kerastune_lite.space.space import Space
from kerastune_lite.surrogate.encoder import SpaceEncoder

SPACE = [
    Float("rate", 1e-4, 1.0, sampling="log"),
    Int("layers", 1, 4),
    Choice("kind", ("a", "b", "c")),
    Boolean("flag"),
    Choice("width", (16, 32, 64)),
    Fixed("fixed", 3),
]
ENCODER = SpaceEncoder(Space(SPACE))


def coordinates(**values):
    return ENCODER.coordinates_of_values(values)


def squared_distance(one, other):
    both = np.array([one, other])
    rows = ENCODER.feature_encoder(both).rows(both)
    return ((rows[0] - rows[1]) ** 2).sum()


def test_a_hyperparameter_of_one_value_is_no_coordinate():
    assert [dimension.definition.name for dimension in ENCODER.dimensions] == [
        "rate",
        "layers",
        "kind",
        "flag",
        "width",
    ]


def test_numbers_lie_on_their_own_scale():
    assert coordinates(rate=0.01)[0] == 0.5
    assert coordinates(layers=1)[1] == 0.125


def test_ordered_values_are_numbers_and_others_are_categories():
    assert [dimension.categories is None for dimension in ENCODER.dimensions] == [True, True, False, False, True]
    assert coordinates(width=64)[4] > coordinates(width=32)[4] > coordinates(width=16)[4]


def test_any_two_categories_are_equally_far_apart():
    base = {"rate": 0.1, "layers": 2, "flag": True, "width": 16}
    distances = [
        squared_distance(coordinates(kind=one, **base), coordinates(kind=other, **base))
        for one, other in ("ab", "bc", "ac")
    ]
    np.testing.assert_allclose(distances, 1.0)


def test_an_inactive_hyperparameter_is_no_value_of_it():
    base = {"layers": 2, "kind": "a", "flag": True, "width": 16}
    away = [squared_distance(coordinates(**base), coordinates(rate=rate, **base)) for rate in (1e-4, 1e-2, 1.0)]
    assert min(away) >= 1.0


def test_two_points_that_lack_the_same_are_equal_in_it():
    base = {"layers": 2, "kind": "a"}
    assert squared_distance(coordinates(**base), coordinates(**base)) == 0.0
