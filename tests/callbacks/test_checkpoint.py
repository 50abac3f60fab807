import json
import resource

import keras
import numpy as np
import pytest

from kerastune_lite.callbacks import Checkpoint, EarlyStopping
from kerastune_lite.callbacks.resume_state import ResumeState
from kerastune_lite.errors import StudyWriteError, UsageError
from kerastune_lite.study.layout import BEST_EPOCH, METADATA, MODEL, PREVIOUS, RESUME
from kerastune_lite.study.objective import Objective
from tests import tiny


class Killed(BaseException):
    """Stands for the death of the process."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


class Scripted(keras.callbacks.Callback):
    """Makes up the values of a metric."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["made_up"] = self.values[epoch]


def made_up(values, directory, **options):
    """Trains with made-up values of the objective and returns the weights after each epoch."""
    keras.utils.set_random_seed(1)
    model, seen = tiny.compiled(tiny.network()), []
    spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    checkpoint = Checkpoint(directory, objective=Objective("made_up", "max", **options))
    model.fit(
        tiny.X, tiny.Y, epochs=len(values), verbose=0, shuffle=False, callbacks=[Scripted(values), spy, checkpoint]
    )
    return seen


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("values", "reduction", "epoch"),
    [
        ([0.1, 0.9, 0.5], "best", 2),
        ([0.1, 0.9, 0.5], "last", 3),
        ([0.1, 0.9, 0.5], "mean_last_2", 3),
        ([0.1, float("nan"), float("inf")], "best", 1),
    ],
)
def test_the_model_saved_is_that_of_the_epoch_that_scored(tmp_path, values, reduction, epoch):
    weights = made_up(values, tmp_path, reduction=reduction)
    saved = keras.models.load_model(tmp_path / MODEL).get_weights()
    assert same(saved, weights[epoch - 1])
    assert json.loads((tmp_path / METADATA).read_text())["epoch"] == epoch


def test_saving_leaves_the_model_as_it_was_trained(tmp_path):
    keras.utils.set_random_seed(1)
    model = tiny.compiled(tiny.network())
    checkpoint = Checkpoint(tmp_path, objective=Objective("made_up", "max"))
    model.fit(tiny.X, tiny.Y, epochs=2, verbose=0, callbacks=[Scripted([0.9, 0.1]), checkpoint])
    assert not same(model.get_weights(), keras.models.load_model(tmp_path / MODEL).get_weights())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("values", "restored"), [([0.1, 0.9], 0), ([0.9, 0.1], 1)])
def test_a_model_that_is_at_its_best_epoch_is_saved_as_it_is(tmp_path, monkeypatch, values, restored):
    restore, calls = ResumeState.restore_model, []
    monkeypatch.setattr(ResumeState, "restore_model", lambda *arguments: calls.append(restore(*arguments)))
    made_up(values, tmp_path)
    assert len(calls) == restored


def test_a_model_that_a_callback_changes_at_the_end_is_saved_as_of_its_best_epoch(tmp_path):
    def spoil(logs):
        model.set_weights([0 * array for array in model.get_weights()])

    keras.utils.set_random_seed(1)
    model = tiny.compiled(tiny.network())
    callbacks = [keras.callbacks.LambdaCallback(on_train_end=spoil), Checkpoint(tmp_path, objective="loss")]
    model.fit(tiny.X, tiny.Y, verbose=0, callbacks=callbacks)
    assert np.any(keras.models.load_model(tmp_path / MODEL).get_weights()[0])
    assert not np.any(model.get_weights()[0])


def test_a_model_is_saved_where_warnings_are_errors(tmp_path):
    made_up([0.1, 0.9], tmp_path)
    assert (tmp_path / MODEL).exists()


def test_no_model_is_saved_without_a_finite_value(tmp_path):
    made_up([float("nan"), float("nan")], tmp_path)
    assert not (tmp_path / MODEL).exists()


def resumable(directory, kill_at=None, epochs=5):
    """A training with everything that has a state, on data in a fixed order."""
    keras.utils.set_random_seed(7)
    model = tiny.compiled(tiny.network(dropout=0.4), learning_rate=0.02)
    others = [
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.2, factor=0.5),
        EarlyStopping(4, objective="loss"),
    ]
    checkpoint = Checkpoint(directory, objective="loss")
    checkpoint.others = others
    killer = [] if kill_at is None else [KillAt(kill_at)]
    history = model.fit(
        tiny.X,
        tiny.Y,
        epochs=epochs,
        initial_epoch=checkpoint.epochs_done,
        verbose=0,
        shuffle=False,
        callbacks=[*others, checkpoint, *killer],
    )
    return history.history["loss"], model.get_weights()


@pytest.mark.parametrize("kill_at", [1, 3])
def test_resuming_after_a_kill_is_equal_bit_for_bit(tmp_path, kill_at):
    losses, weights = resumable(tmp_path / "whole")
    with pytest.raises(Killed):
        resumable(tmp_path / "cut", kill_at=kill_at)
    rest, same_weights = resumable(tmp_path / "cut")
    assert rest == losses[kill_at:]
    assert same(same_weights, weights)


def test_a_checkpoint_knows_the_epochs_of_its_own_interrupted_fit(tmp_path):
    model, checkpoint = tiny.compiled(tiny.network()), Checkpoint(tmp_path, objective="loss")
    before = checkpoint.epochs_done
    with pytest.raises(Killed):
        model.fit(tiny.X, tiny.Y, epochs=5, verbose=0, callbacks=[KillAt(3), checkpoint])
    assert (before, checkpoint.epochs_done) == (0, 3)


def test_a_second_fit_with_the_same_score_replaces_the_model(tmp_path):
    checkpoint = Checkpoint(tmp_path, objective=Objective("made_up", "max"))
    for _ in range(2):
        model = tiny.compiled(tiny.network())
        model.fit(tiny.X, tiny.Y, verbose=0, callbacks=[Scripted([0.5]), checkpoint])
    assert same(keras.models.load_model(tmp_path / MODEL).get_weights(), model.get_weights())


def test_a_torn_state_is_ignored(tmp_path):
    with pytest.raises(Killed):
        resumable(tmp_path, kill_at=2)
    content = (tmp_path / RESUME).read_bytes()
    (tmp_path / BEST_EPOCH).unlink()
    (tmp_path / PREVIOUS).unlink()
    (tmp_path / RESUME).write_bytes(content[: len(content) // 2])
    with pytest.warns(RuntimeWarning, match=r"resume\.npz is damaged: the training starts over"):
        assert Checkpoint(tmp_path, objective="loss").epochs_done == 0


def test_a_state_fits_only_the_architecture_it_is_of():
    model = tiny.compiled(tiny.network(4))
    state = ResumeState.capture(model, [], {})
    assert state.mismatch(tiny.compiled(tiny.network(4))) is None
    assert "other variables" in state.mismatch(tiny.compiled(tiny.network(5)))


def test_the_state_of_another_execution_is_not_resumed(tmp_path):
    with pytest.raises(Killed):
        resumable(tmp_path, kill_at=2)
    other = Checkpoint(tmp_path, objective="loss")
    other.execution = 1
    assert (Checkpoint(tmp_path, objective="loss").epochs_done, other.epochs_done) == (2, 0)


def test_without_resume_no_state_is_kept_and_the_model_is(tmp_path):
    tiny.compiled(tiny.network()).fit(
        tiny.X, tiny.Y, epochs=1, verbose=0, callbacks=[Checkpoint(tmp_path, objective="loss", resume=False)]
    )
    assert [(tmp_path / RESUME).exists(), (tmp_path / MODEL).exists()] == [False, True]


def test_a_later_execution_replaces_the_model_only_if_it_is_better(tmp_path):
    for execution, value in enumerate([0.5, 0.4, 0.6]):
        checkpoint = Checkpoint(tmp_path, objective=Objective("made_up", "max"))
        checkpoint.execution = execution
        tiny.compiled(tiny.network()).fit(
            tiny.X, tiny.Y, epochs=1, verbose=0, callbacks=[Scripted([value]), checkpoint]
        )
    metadata = json.loads((tmp_path / METADATA).read_text())
    assert (metadata["execution"], metadata["epoch"], metadata["score"]) == (2, 1, 0.6)


def test_to_forget_the_state_keeps_the_model(tmp_path):
    made_up([0.5], tmp_path)
    checkpoint = Checkpoint(tmp_path, objective=Objective("made_up", "max"))
    checkpoint.forget()
    assert checkpoint.epochs_done == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [METADATA, MODEL]


def test_half_precision_weights_survive(tmp_path):
    layer = keras.layers.Dense(2, dtype="bfloat16")
    model = tiny.compiled(keras.Sequential([keras.layers.Input((4,)), layer]))
    ResumeState.capture(model, [], {}).write(tmp_path / "state.npz")
    before = [array.astype("float32") for array in model.get_weights()]
    model.set_weights([np.zeros_like(array) for array in before])
    state = ResumeState.read(tmp_path / "state.npz")
    assert state is not None
    state.restore_model(model)
    assert same([array.astype("float32") for array in model.get_weights()], before)


def test_it_needs_a_directory_and_an_objective():
    with pytest.raises(UsageError, match="needs a directory and an objective"):
        tiny.compiled(tiny.network()).fit(tiny.X, tiny.Y, verbose=0, callbacks=[Checkpoint()])


def test_a_disk_that_is_full_is_our_error_and_leaves_the_last_state(tmp_path):
    state = ResumeState({}, {"model/0": np.zeros(10)})
    state.write(tmp_path / RESUME)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StudyWriteError, match="cannot write"):
            ResumeState({}, {"model/0": np.zeros(100_000)}).write(tmp_path / RESUME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    left = ResumeState.read(tmp_path / RESUME)
    assert left is not None
    assert left.arrays["model/0"].tolist() == [0.0] * 10
    assert [path.name for path in tmp_path.iterdir()] == [RESUME]


def test_a_directory_that_cannot_be_made_is_our_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudyWriteError, match="cannot write"):
        ResumeState({}, {}).write(tmp_path / "file" / RESUME)
