"""What of a callback is saved, and what a file may change in a fresh one."""

from collections import deque

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastune_lite.callbacks import EarlyStopping, callback_state
from kerastune_lite.callbacks.plain import NotPlain, pack, unpack


class Counts(keras.callbacks.Callback):
    def __init__(self, limit=3, path="mine"):
        super().__init__()
        self.limit = limit
        self.path = path
        self.place = f"{path}/files"
        self.best = None
        self.count = 0
        self.act = print
        self.names = ["a"]


def trained(callback, **changes):
    """What is saved of a callback after a training that makes these changes, with the arrays."""
    arrays = []
    begun = callback_state.begin([callback])
    for name, value in changes.items():
        setattr(callback, name, value)
    kept, lost = callback_state.capture([callback], begun, arrays)
    return kept, lost, arrays


def edited(**entries):
    """The saved state as an attacker writes it."""
    return {"Counts#0": {name: {"value": value} for name, value in entries.items()}}


def test_only_what_the_training_changes_is_saved():
    kept, lost, _ = trained(Counts(), count=2)
    assert (list(kept["Counts#0"]), lost) == (["count"], {})


def test_a_fresh_callback_takes_what_the_training_changed():
    kept, _, arrays = trained(Counts(), count=2, best=0.5, made_late={1: np.ones(2)})
    fresh = Counts()
    assert callback_state.restore([fresh], kept, arrays) == {}
    assert (fresh.count, fresh.best, fresh.made_late[1].tolist()) == (2, 0.5, [1.0, 1.0])


@pytest.mark.parametrize(
    "name",
    [
        "path",
        "place",
        "act",
        "names",
        "on_epoch_end",
        "model",
        "_model",
        "params",
        "__class__",
        "__dict__",
        "set_model",
    ],
)
@pytest.mark.parametrize("value", [1, [1], {"dict": [["a", 1]]}, "theirs", {"__function__": ["os", "system"]}])
def test_a_file_changes_no_path_function_name_or_part_of_keras(name, value):
    fresh = Counts()
    before = {**vars(fresh)}
    callback_state.restore([fresh], edited(**{name: value}), [])
    assert vars(fresh) == before


@pytest.mark.parametrize("value", ["theirs", ["theirs"], {"dict": [["a", "theirs"]]}, {"tuple": ["theirs"]}])
@pytest.mark.parametrize("name", ["best", "count", "unknown"])
def test_no_string_comes_from_a_file(name, value):
    fresh = Counts()
    before = {**vars(fresh)}
    assert callback_state.restore([fresh], edited(**{name: value}), []) == {"Counts#0": [name]}
    assert vars(fresh) == before


def test_an_edited_backup_directory_does_nothing(tmp_path):
    fresh = keras.callbacks.BackupAndRestore(tmp_path / "mine")
    before = {**vars(fresh)}
    names = ("backup_dir", "_weights_path", "_training_metadata_path", "_prev_weights_path")
    saved = {"BackupAndRestore#0": {name: {"value": str(tmp_path / "theirs")} for name in names}}
    callback_state.restore([fresh], saved, [])
    assert vars(fresh) == before


def test_an_argument_of_the_new_run_holds():
    kept, _, arrays = trained(Counts(limit=3), limit=1)
    same, other = Counts(limit=3), Counts(limit=7)
    callback_state.restore([same, other], {**kept, "Counts#1": kept["Counts#0"]}, arrays)
    assert (same.limit, other.limit) == (1, 7)


@pytest.mark.parametrize("changes", [{"path": "other"}, {"act": len}, {"names": ["a", "b"]}, {"best": object()}])
def test_what_has_changed_and_cannot_be_kept_is_told(changes):
    _, lost, _ = trained(Counts(), **changes)
    assert callback_state.describe(lost) == f"{next(iter(changes))} of Counts"


def test_a_list_of_strings_that_grows_is_told():
    callback = Counts()
    begun = callback_state.begin([callback])
    callback.names.append("b")
    assert callback_state.capture([callback], begun, [])[1] == {"Counts#0": ["names"]}


def test_an_object_whose_content_changes_is_told():
    class Tracker:
        def __init__(self):
            self.seen = []

    callback = Counts()
    callback.best = Tracker()
    begun = callback_state.begin([callback])
    assert callback_state.capture([callback], begun, [])[1] == {}
    callback.best.seen.append(1)
    assert callback_state.capture([callback], begun, [])[1] == {"Counts#0": ["best"]}


def test_callbacks_that_monitor_a_metric_choose_their_comparison_again():
    monitoring = keras.callbacks.ReduceLROnPlateau("loss", mode="min", min_delta=0.5)
    begun = callback_state.begin([monitoring])
    monitoring._set_monitor_op()
    monitoring.wait = 2
    kept, lost = callback_state.capture([monitoring], begun, [])
    assert (list(kept["ReduceLROnPlateau#0"]), lost) == (["wait"], {})


def test_early_stopping_takes_its_state_and_no_text():
    stopping = EarlyStopping(2, objective="loss")
    kept, _, arrays = trained(stopping, stopped=True, wait=2, best_weights=[np.ones(2)])
    fresh = EarlyStopping(2, objective="loss")
    assert callback_state.restore([fresh], kept, arrays) == {}
    assert (fresh.reason, fresh.best_weights[0].tolist()) == ("no better loss in 2 epochs", [1.0, 1.0])


@pytest.mark.parametrize("name", ["float16", "float32", "bfloat16", "int8", "bool", "complex64"])
def test_arrays_of_every_kind_come_back(name):
    dtype = keras.ops.convert_to_numpy(keras.ops.zeros(1, dtype="bfloat16")).dtype if name == "bfloat16" else name
    array, arrays = np.ones((2, 1), dtype=dtype), []
    found = unpack(pack(array, arrays), arrays)
    assert (found.dtype, found.tolist()) == (array.dtype, array.tolist())


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.booleans())
PLAIN = st.recursive(
    NUMBERS,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner) | st.lists(inner).map(deque)
        | st.sets(st.integers()) | st.frozensets(st.integers())
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=50, derandomize=True, deadline=None)
@given(PLAIN)
def test_plain_data_comes_back_as_it_was(value):
    arrays = []
    assert unpack(pack(value, arrays), arrays) == value


JSON = st.recursive(
    NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["dict", "tuple", "set", "array", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(JSON)
def test_json_that_is_not_ours_is_refused_or_plain(packed):
    try:
        value = unpack(packed, [np.zeros(2)])
    except NotPlain:
        return
    pack(value, [])
