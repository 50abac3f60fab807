import numpy as np
import pytest

from kerastune_lite.callbacks import EarlyStopping
from kerastune_lite.errors import ObjectiveError, UsageError
from kerastune_lite.study.objective import Objective
from tests import tiny


class FakeModel:
    """What the callback needs of a model: weights that tell the epoch."""

    def __init__(self):
        self.stop_training = False
        self.weights = [np.array([0.0])]

    def get_weights(self):
        return [array.copy() for array in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def epochs_run(callback, values, name="val_accuracy"):
    model = FakeModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = [np.array([float(epoch)])]
        callback.on_epoch_end(epoch, {name: value} if value is not None else {})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model


def test_it_stops_after_patience_epochs_without_improvement():
    epochs, model = epochs_run(EarlyStopping(2, objective="val_accuracy"), [0.5, 0.6, 0.6, 0.5, 0.9])
    assert (epochs, model.stop_training) == (4, True)


def test_it_brings_back_the_weights_of_the_best_epoch():
    _, model = epochs_run(EarlyStopping(2, objective="val_accuracy"), [0.5, 0.6, 0.6, 0.5])
    assert [array.tolist() for array in model.weights] == [[1.0]]


def test_weights_stay_when_asked():
    stopping = EarlyStopping(2, objective="val_accuracy", restore_best_weights=False)
    _, model = epochs_run(stopping, [0.5, 0.6, 0.6, 0.5])
    assert [array.tolist() for array in model.weights] == [[3.0]]


def test_a_metric_to_minimise_improves_downwards():
    epochs, _ = epochs_run(EarlyStopping(1, objective="val_loss"), [0.5, 0.4, 0.3, 0.35, 0.1], name="val_loss")
    assert epochs == 4


def test_a_change_within_min_delta_is_no_improvement():
    stopping = EarlyStopping(2, objective="val_accuracy", min_delta=0.1)
    assert epochs_run(stopping, [0.5, 0.55, 0.58, 0.9])[0] == 3


def test_epochs_before_start_from_epoch_do_not_count():
    stopping = EarlyStopping(1, objective="val_accuracy", start_from_epoch=3)
    assert epochs_run(stopping, [0.9, 0.8, 0.7, 0.6, 0.5])[0] == 5


def test_a_value_that_is_not_finite_is_no_improvement():
    stopping = EarlyStopping(2, objective="val_accuracy")
    assert epochs_run(stopping, [0.5, float("nan"), float("inf"), 0.9])[0] == 3


def test_epochs_that_do_not_report_the_objective_are_passed_over():
    stopping = EarlyStopping(1, objective="val_accuracy")
    assert epochs_run(stopping, [0.5, None, None, 0.6])[0] == 4


def test_it_has_the_reason_why_it_stopped():
    stopping = EarlyStopping(1, objective="val_accuracy")
    epochs_run(stopping, [0.5, 0.4])
    assert stopping.reason == "no better val_accuracy in 1 epochs"


def test_a_second_training_starts_over():
    stopping = EarlyStopping(2, objective="val_accuracy")
    epochs_run(stopping, [0.9, 0.1, 0.1])
    assert epochs_run(stopping, [0.1, 0.2, 0.3])[0] == 3


def test_a_fresh_one_takes_the_search_objective_unless_it_has_its_own():
    search = Objective("val_f1", "max")
    assert EarlyStopping(3).fresh(search).objective == search
    assert EarlyStopping(3, objective="val_loss").fresh(search).objective == Objective("val_loss", "min")


def test_it_works_in_a_plain_fit():
    model = tiny.compiled(tiny.network(), learning_rate=0.0)
    history = model.fit(
        tiny.X_TRAIN, tiny.Y_TRAIN, epochs=9, verbose=0, callbacks=[EarlyStopping(2, objective="loss", min_delta=0.01)]
    )
    assert len(history.epoch) == 3


@pytest.mark.parametrize("patience", [0, -1, 1.5])
def test_an_impossible_patience_is_refused(patience):
    with pytest.raises(UsageError, match=f"patience={patience}"):
        EarlyStopping(patience)


def test_a_negative_min_delta_is_refused():
    with pytest.raises(UsageError, match=r"min_delta=-0.1"):
        EarlyStopping(min_delta=-0.1)


def test_an_objective_of_unknown_direction_is_refused():
    with pytest.raises(ObjectiveError, match="direction of objective 'val_mystery'"):
        EarlyStopping(objective="val_mystery")


def test_without_an_objective_the_training_does_not_begin():
    with pytest.raises(UsageError, match="has no objective"):
        epochs_run(EarlyStopping(2), [0.5])
