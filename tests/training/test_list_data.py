import numpy as np
import pytest

from kerastune_lite.errors import DataError
from kerastune_lite.training.list_data import as_arrays


@pytest.mark.parametrize("data", [[1, 2], [[0.5, 1.0], [2.0, 3.0]], [(1, 2), (3, 4)], [np.float32(1), 2], ["a", "b"]])
def test_a_list_of_plain_values_is_an_array(data):
    array = as_arrays("x", data)
    assert isinstance(array, np.ndarray)
    assert array.tolist() == np.array(data).tolist()


@pytest.mark.parametrize("make", [lambda part: (part, part), lambda part: {"a": part}])
def test_lists_inside_tuples_and_dicts_are_arrays_too(make):
    given = make([[1.0], [2.0]])
    found = as_arrays("validation_data", given)
    assert type(found) is type(given)
    parts = found.values() if isinstance(found, dict) else found
    assert all(part.shape == (2, 1) for part in parts)


@pytest.mark.parametrize("data", [[np.zeros((2, 2)), np.zeros((2, 1))], np.zeros(3), [], None, "x", [{"a": 1}]])
def test_what_is_something_else_stays_what_it_is(data):
    assert as_arrays("x", data) is data


def test_rows_of_different_lengths_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"x is a list whose rows differ in length; .*pad_sequences"):
        as_arrays("x", [[1, 2], [3]])
