import pytest

from kerastune_lite.errors import Infeasible, SearchError
from kerastune_lite.results.causes import causes, check_any_success
from kerastune_lite.strategies import Grid
from tests import fakes

KERAS = (
    "Exception encountered when calling Sequential.call().\n\n\x1b[1mInput 0 of layer '{}' is incompatible with the "
    "layer: expected axis -1 to have value 4, but received {}\x1b[0m\n\nArguments received by Sequential.call():\n  {}"
)


def failed(*texts):
    """The trials of a search in which trial n fails with the text number n."""

    def function(hp):
        raise ValueError(texts[hp.Choice("n", list(range(len(texts))))])

    return fakes.search(function, Grid(), max_trials=None)


@pytest.mark.parametrize(
    "texts",
    [
        ["trial_0003 is out of luck", "trial_0004 is out of luck"],
        [KERAS.format("dense", "(None, 7)", "x"), KERAS.format("dense_3", "(None, 8)", "tf.Tensor(8)")],
        ["at 0x7f73be7c4540", "at 0x7f73be7c4541"],
        ["got 1.5e-07", "got 3"],
        ["shape (2, 3)", "shape (2, 3, 4)"],
    ],
)
def test_failures_that_differ_in_numbers_and_names_of_layers_are_one_cause(texts):
    assert list(causes(failed(*texts).trials).values()) == [2]


def test_failures_in_other_words_are_other_causes():
    assert list(causes(failed("no memory", "no luck", "no luck").trials).values()) == [1, 2]


def test_a_cause_is_told_in_the_words_of_the_first_failure_on_one_plain_line():
    trials = failed(KERAS.format("dense", "(None, 7)", "x"), KERAS.format("dense_1", "(None, 7)", "x")).trials
    (told,) = causes(reversed(trials))
    assert told == (
        "ValueError: Exception encountered when calling Sequential.call(). Input 0 of layer 'dense' is incompatible "
        "with the layer: expected axis -1 to have value 4, but received (None, 7)"
    )


def test_where_every_trial_failed_the_causes_are_counted():
    with pytest.raises(SearchError) as caught:
        check_any_success(failed("no memory", "no luck", "no luck"), traceback=True)
    said = str(caught.value)
    assert "none of the 3 trials finished with a score" in said
    assert said.index("2 failed with: ValueError: no luck") < said.index("1 failed with: ValueError: no memory")
    assert "in function" in caught.value.__notes__[0]


def mixed(hp):
    if hp.Choice("n", [0, 1]):
        raise ValueError("no luck")
    return 1.0


def impossible(hp):
    hp.Choice("n", [0, 1])
    raise Infeasible


@pytest.mark.parametrize("function", [mixed, impossible])
def test_one_success_or_no_failure_is_no_error(function):
    check_any_success(fakes.search(function, Grid(), max_trials=None))


def test_what_a_terminal_would_obey_in_an_error_is_shown_as_an_escape():
    with pytest.raises(SearchError) as caught:
        check_any_success(failed("a\x1b]0;t\x07 \x9b2J \u202e\ud800"), traceback=True)
    assert r"a\x1b]0;t\x07 \x9b2J \u202e\ud800" in str(caught.value)
    assert all(line.isprintable() for line in f"{caught.value}\n{caught.value.__notes__[0]}".split("\n"))
