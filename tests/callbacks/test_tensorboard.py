import keras
import pytest

from kerastune_lite.callbacks import TensorBoard
from kerastune_lite.errors import ObjectiveError, UsageError
from kerastune_lite.observers.tensorboard import EventFile
from tests import tiny
from tests.observers.tensorboard.hparams_page import Page


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return tiny.compiled(tiny.network())


def fit(model, callback, epochs=3):
    data = {"validation_data": (tiny.X_VAL, tiny.Y_VAL), "epochs": epochs, "verbose": 0}
    return model.fit(tiny.X_TRAIN, tiny.Y_TRAIN, callbacks=[callback], **data).history


def test_a_plain_fit_writes_its_metrics_by_side_with_epochs_from_one(model, tmp_path):
    history = fit(model, TensorBoard(tmp_path / "run"))
    page = Page(tmp_path)
    for tag, metric in (("train/loss", "loss"), ("validation/accuracy", "val_accuracy")):
        assert page.curve("run", tag) == [(epoch, pytest.approx(v)) for epoch, v in enumerate(history[metric], start=1)]


def test_a_plain_fit_writes_the_best_value_so_far_of_its_objective(model, tmp_path):
    history = fit(model, TensorBoard(tmp_path / "run", objective="val_loss"))["val_loss"]
    best = [min(history[:count]) for count in (1, 2, 3)]
    assert [value for _, value in Page(tmp_path).curve("run", "objective/best")] == pytest.approx(best)


def test_a_second_fit_replaces_the_first_ones_file(model, tmp_path):
    callback = TensorBoard(tmp_path / "run")
    fit(model, callback)
    fit(model, callback, epochs=1)
    assert len(Page(tmp_path).curve("run", "train/loss")) == 1
    assert len(list((tmp_path / "run").iterdir())) == 1


def test_in_a_plain_fit_a_directory_is_needed(model):
    with pytest.raises(UsageError, match="nowhere to write"):
        fit(model, TensorBoard())


def test_an_objective_without_direction_is_refused():
    with pytest.raises(ObjectiveError, match="'val_foo'"):
        TensorBoard("run", objective="val_foo")


def test_in_a_tuner_it_sets_the_directory_of_all_trials(tmp_path):
    import kerastune_lite as kt

    tuner = kt.RandomSearch(
        tiny.build_model,
        "val_loss",
        max_trials=2,
        directory=tmp_path / "logs",
        tensorboard=TensorBoard(tmp_path / "board"),
    )
    tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_data=(tiny.X_VAL, tiny.Y_VAL), verbose=0)
    (study,) = (tmp_path / "board").iterdir()
    assert sorted(Page(study).sessions()) == ["trial_0000", "trial_0001"]
    assert not (tmp_path / "logs" / "study" / "tensorboard").exists()


def test_a_search_is_shown_with_its_model(tmp_path):
    import kerastune_lite as kt

    tuner = kt.RandomSearch(tiny.build_model, "val_loss", max_trials=1, directory=tmp_path)
    best = tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_data=(tiny.X_VAL, tiny.Y_VAL), verbose=0).best
    page = Page(tmp_path / "study" / "tensorboard")
    assert page.sessions()["trial_0000"].metrics["objective/best"] == pytest.approx(best.score)
    assert "| **total** |" in page.text("trial_0000", "trial")


@pytest.fixture
def elsewhere(tmp_path):
    """Searches that write their runs to a directory of the user's, and that directory."""
    import kerastune_lite as kt

    def search(max_trials=1, verbose=0, callbacks=None, **options):
        tuner = kt.RandomSearch(
            tiny.build_model,
            "val_loss",
            max_trials=max_trials,
            directory=tmp_path / "logs",
            tensorboard=TensorBoard(tmp_path / "board"),
            **options,
        )
        data = {"validation_data": (tiny.X_VAL, tiny.Y_VAL), "verbose": verbose, "callbacks": callbacks}
        return tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, **data)

    return search, tmp_path / "board"


def test_the_console_names_the_directory_that_is_written_to(elsewhere, capsys):
    search, board = elsewhere
    search(verbose=1)
    assert f"kerastune-lite tensorboard {board}\n" in capsys.readouterr().out


def test_the_users_own_tensorboard_writes_below_the_trials_run_there_too(elsewhere):
    search, board = elsewhere
    search(callbacks=[keras.callbacks.TensorBoard("anywhere")])
    (run,) = board.glob("study-*/trial_0000")
    assert {path.name for path in run.iterdir() if path.is_dir()} == {"train", "validation"}


def test_two_studies_may_write_to_one_directory(elsewhere):
    search, board = elsewhere
    for project in ("one", "two", "one"):
        search(project_name=project)
    assert sorted(name.partition("-")[0] for name in Page(board).sessions()) == ["one", "two"]


def test_overwriting_deletes_the_runs_of_this_study_alone(elsewhere):
    search, board = elsewhere
    search(max_trials=3, callbacks=[keras.callbacks.TensorBoard("anywhere")])
    (study,) = board.iterdir()
    EventFile(board / "trial_0007", 1.0).close()  # another study's, which began at another time
    for name in ("trial_0008", "_search_of_mine", "baseline"):
        (board / name).mkdir()
        (board / name / "events.out.tfevents.1.host.v2").touch()
    search(overwrite=True)
    (now,) = board.glob("study-*")
    left = {path.name for path in board.iterdir()}
    assert left == {now.name, "trial_0007", "trial_0008", "_search_of_mine", "baseline"}
    assert now != study
    assert {path.name for path in now.iterdir()} == {"trial_0000", "_search", "_schema_2", "_tuning"}
