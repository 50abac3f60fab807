import threading
from pathlib import Path

import keras
import pytest

from kerastune_lite.errors import DataError
from kerastune_lite.training.user_callbacks import TrialInfo, UserCallbacks
from tests import tiny

TRIAL = TrialInfo(number=3, values={"units": 4}, execution=0, place=Path("files"))


def fresh(given):
    return UserCallbacks(given).fresh(TRIAL, Path("board"))


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []


class Holder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class Board(keras.callbacks.TensorBoard):
    pass


def test_each_trial_gets_copies():
    given = keras.callbacks.ReduceLROnPlateau(patience=3)
    first, second = UserCallbacks([given]).fresh(TRIAL, Path("b")), UserCallbacks([given]).fresh(TRIAL, Path("b"))
    assert len({id(given), id(first[0]), id(second[0])}) == 3
    assert first[0].patience == 3


def test_a_function_is_called_with_the_trial():
    seen = []
    fresh(lambda trial: seen.append(trial) or [])
    assert seen == [TRIAL]


def test_a_function_of_nothing_is_called_too():
    assert [type(callback) for callback in fresh(lambda: [Recorder()])] == [Recorder]


def test_a_single_callback_is_as_good_as_a_list():
    assert len(fresh(keras.callbacks.TerminateOnNaN())) == 1


def test_none_means_none():
    assert fresh(None) == []


def test_one_that_would_lose_what_it_records_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"Recorder keeps losses.*would be lost.*callbacks=lambda trial: \[...\]"):
        UserCallbacks([Recorder()])


def test_one_that_has_seen_a_model_is_refused():
    used = keras.callbacks.ReduceLROnPlateau()
    used.set_model(tiny.compiled(tiny.network()))
    with pytest.raises(DataError, match="ReduceLROnPlateau has been used"):
        UserCallbacks([used])


def test_one_that_cannot_be_copied_is_refused():
    with pytest.raises(DataError, match="Holder cannot be copied"):
        fresh([Holder()])


def test_what_is_no_callback_is_refused():
    with pytest.raises(DataError, match="'early', which is not a keras"):
        UserCallbacks(["early"])


@pytest.mark.parametrize("kind", [keras.callbacks.TensorBoard, Board])
def test_a_users_own_tensorboard_is_pointed_at_the_trials_directory(kind):
    assert [callback.log_dir for callback in fresh([kind("elsewhere")])] == ["board"]


@pytest.mark.parametrize(
    "given",
    [
        keras.callbacks.EarlyStopping,
        [keras.callbacks.EarlyStopping],
        lambda: [keras.callbacks.EarlyStopping],
    ],
)
def test_a_class_is_answered_with_an_instance(given):
    said = r"holds the class EarlyStopping; give an instance: callbacks=\[EarlyStopping\(...\)\]"
    with pytest.raises(DataError, match=said):
        fresh(given)


def test_what_a_function_makes_must_be_callbacks():
    with pytest.raises(DataError, match="'early', which is not a keras"):
        fresh(lambda: ["early"])
