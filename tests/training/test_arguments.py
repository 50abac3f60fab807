import pytest

from kerastune_lite.errors import DataError, ObjectiveError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.objective import Objective
from kerastune_lite.training.arguments import FitArguments


def resolved(**kwargs):
    return FitArguments.of((), kwargs).resolve(HyperParameters())


def test_positional_arguments_get_the_names_that_fit_gives_them():
    assert FitArguments.of((1, 2, 16), {"epochs": 3}).values == {"x": 1, "y": 2, "batch_size": 16, "epochs": 3}


def test_a_function_of_hp_is_called_with_hp():
    assert resolved(batch_size=lambda hp: hp.Choice("batch_size", [16, 32])) == {"batch_size": 16}


def test_a_function_of_nothing_makes_the_data():
    assert list(resolved(x=lambda: [1, 2])["x"]) == [1, 2]


def test_a_function_makes_the_data_of_each_training():
    arguments = FitArguments.of((lambda: iter([1]),), {})
    assert [list(arguments.resolve(HyperParameters())["x"]) for _ in range(2)] == [[1], [1]]


def test_a_function_of_two_parameters_is_refused():
    with pytest.raises(DataError, match=r"batch_size=.* has 2 parameters"):
        resolved(batch_size=lambda hp, trial: 3)


@pytest.mark.parametrize("data", [iter([1]), (i for i in range(3)), zip([1], [2], strict=True)])
def test_data_that_one_trial_uses_up_is_refused_with_the_remedy(data):
    with pytest.raises(DataError, match=r"can be iterated only once; give a function.*search\(x=lambda"):
        FitArguments.of((data,), {})


def test_a_generator_inside_validation_data_is_refused():
    with pytest.raises(DataError, match="validation_data"):
        FitArguments.of((), {"validation_data": (iter([1]), [2])})


def test_an_argument_given_twice_is_refused():
    with pytest.raises(DataError, match="got x both by position and by name"):
        FitArguments.of((1,), {"x": 2})


def test_too_many_positional_arguments_are_refused():
    with pytest.raises(DataError, match="name the other arguments"):
        FitArguments.of((1, 2, 3, 4, 5), {})


def test_a_val_objective_without_validation_data_is_refused():
    with pytest.raises(ObjectiveError, match=r"'val_loss' needs validation data.*validation_split=0.2.*'loss'"):
        FitArguments.of((1, 2), {}).check_objective(Objective("val_loss", "min"))


@pytest.mark.parametrize("given", [{"validation_split": 0.2}, {"validation_data": (1, 2)}])
def test_validation_data_in_either_form_satisfies_a_val_objective(given):
    FitArguments.of((1, 2), given).check_objective(Objective("val_loss", "min"))


@pytest.mark.parametrize(("frequency", "first"), [(1, 1), (3, 3), ([4, 2], 2)])
def test_the_first_validated_epoch_follows_validation_freq(frequency, first):
    assert FitArguments.of((), {"validation_freq": frequency}).first_validated_epoch == first


def test_reading_leaves_functions_that_make_data_alone():
    hp = HyperParameters()
    arguments = {"x": lambda hp: hp.Int("rows", 1, 9), "batch_size": lambda hp: hp.Choice("batch_size", [16])}
    FitArguments.of((), arguments).read(hp)
    assert hp.values == {"batch_size": 16}


def test_a_parameter_with_a_default_is_the_functions_own():
    assert resolved(batch_size=lambda hp, sizes=(16, 32): hp.Choice("b", sizes))["batch_size"] == 16
