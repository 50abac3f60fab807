import pytest

from kerastune_lite.space.scale import Scale


def scale(low, high, step=None, sampling="linear", whole=False):
    return Scale(low, high, step, sampling, whole)


def levels(a_scale):
    return [a_scale.level(index) for index in range(a_scale.count())]


@pytest.mark.parametrize(
    ("a_scale", "expected"),
    [
        (scale(0, 1, 0.2), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (scale(0.1, 0.3, 0.1), [0.1, 0.2, 0.3]),
        (scale(16, 256, 2, "log", whole=True), [16, 32, 64, 128, 256]),
        (scale(1, 8, 2, "reverse_log", whole=True), [1, 5, 7, 8]),
        (scale(1e-4, 1e-1, 10, "log"), [1e-4, 1e-3, 1e-2, 1e-1]),
        (scale(2, 5, whole=True), [2, 3, 4, 5]),
        (scale(3, 3, 1, whole=True), [3]),
        (scale(0.5, 0.5), [0.5]),
    ],
)
def test_levels_reach_both_ends(a_scale, expected):
    assert levels(a_scale) == expected


@pytest.mark.parametrize("sampling", ["linear", "log", "reverse_log"])
@pytest.mark.parametrize("step", [None, "step"])
@pytest.mark.parametrize("whole", [False, True])
def test_every_value_keeps_its_place_on_the_unit_interval(sampling, step, whole):
    factor = {None: None, "step": 3 if sampling == "linear" else 2}[step]
    a_scale = scale(1, 16, factor, sampling, whole)
    for unit in (0.0, 0.1, 0.37, 0.5, 0.83, 0.999999):
        value = a_scale.at(unit)
        assert a_scale.holds(value)
        assert a_scale.at(a_scale.unit(value)) == pytest.approx(value)


def test_every_level_is_equally_likely():
    a_scale = scale(0, 1, 0.25)
    found = [a_scale.at((i + 0.5) / 1000) for i in range(1000)]
    assert [found.count(level) for level in levels(a_scale)] == [200] * 5


def test_every_integer_is_equally_likely():
    a_scale = scale(1, 5, whole=True)
    found = [a_scale.at((i + 0.5) / 1000) for i in range(1000)]
    assert [found.count(level) for level in levels(a_scale)] == [200] * 5


def test_a_log_scale_gives_each_decade_the_same_share():
    a_scale = scale(1e-4, 1e-1, sampling="log")
    found = [a_scale.at((i + 0.5) / 900) for i in range(900)]
    assert [sum(low <= value < 10 * low for value in found) for low in (1e-4, 1e-3, 1e-2)] == [300] * 3


def test_a_reversed_log_scale_is_the_mirror_image():
    log, reverse = scale(1, 100, sampling="log"), scale(1, 100, sampling="reverse_log")
    for unit in (0.1, 0.5, 0.9):
        assert reverse.at(unit) == pytest.approx(101 - log.at(1 - unit))


@pytest.mark.parametrize(
    ("a_scale", "points", "expected"),
    [
        (scale(0, 1), 5, [0, 0.25, 0.5, 0.75, 1]),
        (scale(1e-4, 1e-1, sampling="log"), 4, [1e-4, 1e-3, 1e-2, 1e-1]),
        (scale(0, 1), 1, [0]),
    ],
)
def test_points_are_evenly_spaced_on_the_scale(a_scale, points, expected):
    assert a_scale.spread(points) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.1, 0.25, 1.0001, -0.2])
def test_what_is_no_level_is_not_held(value):
    assert not scale(0, 1, 0.2).holds(value)


@pytest.mark.parametrize(
    ("a_scale", "said"),
    [
        (scale(2, 1), "min_value=2 is above max_value=1"),
        (scale(0, 1, sampling="log"), "needs min_value > 0, got 0"),
        (scale(-1, 1, sampling="reverse_log"), "needs min_value > 0, got -1"),
        (scale(0, 1, 0), "step=0 must be above 0"),
        (scale(0, 1, -0.5), "step=-0.5 must be above 0"),
        (scale(1, 8, 1, "log"), "step=1 must be above 1"),
        (scale(0, float("inf")), "must be finite"),
        (scale(0, 1, sampling="cubic"), "sampling='cubic' is unknown; use one of 'linear', 'log', 'reverse_log'"),
    ],
)
def test_an_impossible_range_is_told_with_the_way_out(a_scale, said):
    assert said in a_scale.problem()


def test_a_sound_range_has_no_problem():
    assert scale(0, 1, 0.2).problem() is None


@pytest.mark.parametrize(
    ("a_scale", "expected", "said"),
    [
        (scale(0, 1, 0.3), [0.0, 0.3, 0.6, 0.9], "max_value=1 is not reached: the last level is 0.9"),
        (scale(1, 512, 128, whole=True), [1, 129, 257, 385], "max_value=512 is not reached: the last level is 385"),
        (scale(0, 1, 0.35), [0.0, 0.35, 0.7], "max_value=1 is not reached: the last level is 0.7"),
        (scale(1, 10, 2, "log"), [1, 2, 4, 8], "max_value=10 is not reached: the last level is 8"),
        (scale(1, 10, 2, "reverse_log"), [3, 7, 9, 10], "min_value=1 is not reached: the first level is 3"),
        (scale(0, 1, 5), [0.0], "max_value=1 is not reached: the last level is 0"),
    ],
)
def test_a_step_that_misses_an_end_stops_at_the_level_before_it(a_scale, expected, said):
    assert a_scale.problem() is None
    assert levels(a_scale) == expected
    assert a_scale.missed_end() == said
    assert not a_scale.holds(a_scale.low if a_scale.sampling == "reverse_log" else a_scale.high)
    assert [a_scale.at(a_scale.unit(level)) for level in expected] == expected


@pytest.mark.parametrize("low", [0, 1, 0.1, -0.7])
@pytest.mark.parametrize("step", [0.1, 0.3, 0.7, 1e-3])
@pytest.mark.parametrize("count", [1, 7, 33])
def test_a_step_that_fits_reaches_the_end_whatever_the_rounding(low, step, count):
    a_scale = scale(low, low + step * count, step)
    assert (a_scale.count(), a_scale.missed_end()) == (count + 1, None)


def test_a_scale_without_a_step_misses_nothing():
    assert scale(0, 1).missed_end() is None


@pytest.mark.parametrize("sampling", ["linear", "log", "reverse_log"])
@pytest.mark.parametrize("step", [None, 3])
def test_the_ends_of_the_unit_interval_are_the_ends_of_the_range(sampling, step):
    a_scale = scale(0.3, 0.3 * 81 if sampling != "linear" else 9.3, step, sampling)
    assert a_scale.at(0.0) == a_scale.low
    assert a_scale.at(1.0) == pytest.approx(a_scale.high, rel=0 if step is None else 1e-9)


@pytest.mark.parametrize(("sampling", "step"), [("linear", 0.5), ("log", 2), ("reverse_log", 2)])
def test_a_range_of_one_value_has_one_level_in_the_middle(sampling, step):
    one = scale(1, 1, step, sampling)
    assert (one.count(), one.level(0), one.unit(1)) == (1, 1, 0.5)
