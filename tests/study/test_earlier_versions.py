"""Studies that earlier versions recorded open, resume and export."""

import shutil
from pathlib import Path

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import Infeasible
from kerastune_lite.study.events import Reported
from tests import tiny

RECORDED = sorted(path for path in (Path(__file__).parent.parent / "data").iterdir() if (path / "function").is_dir())


@pytest.fixture(params=RECORDED, ids=lambda path: path.name)
def study(tmp_path, request):
    """Copies the recorded studies to where they may be written."""
    shutil.copytree(request.param, tmp_path / "studies")
    return tmp_path / "studies"


def function(hp, report):
    kind = hp.Choice("kind", ["a", "b"])
    x = hp.Float("x", 0, 1)
    n = hp.Int("n", 1, 3) if kind == "a" else hp.Choice("widths", [[1, 2], [3]])[0]
    if kind == "a" and n == 3:
        raise ValueError("n is 3")
    hp.Float("only_a", 0.5, 2.0, sampling="log", parent_name="kind", parent_values=["a"])
    if x > 0.9:
        raise Infeasible("x is too large")
    for epoch in range(1, 4):
        if report(epoch, {"score": x * n + epoch / 10, "loss": 1 - x}):
            return


def resumed(study, max_trials, **options):
    return kt.tune(
        function,
        objective="score",
        max_trials=max_trials,
        strategy=kt.strategies.Bayesian(),
        directory=study,
        project_name="function",
        max_retries_per_trial=1,
        verbose=0,
        **options,
    )


def test_a_finished_study_opens_as_it_was(study):
    calls = []
    results = resumed(study, 8, observers=[lambda event, history: calls.append(type(event).__name__)])
    assert calls == ["SearchStarted", "Annotated"]
    assert [trial.status for trial in sorted(results, key=lambda trial: trial.number)].count("failed") == 2
    assert results.best.score == pytest.approx(max(trial.score for trial in results if trial.score is not None))
    assert {"kind", "x"} <= set(results.best.values)


def test_a_study_is_extended_by_more_trials(study):
    results = resumed(study, 11)
    assert len([trial for trial in results if trial.status not in ("infeasible", "duplicate")]) == 11
    frame = results.to_dataframe()
    assert len(frame) == len(results)


def build_model(hp):
    units = hp.Choice("units", [2, 4])
    return tiny.compiled(tiny.network(units, dropout=0.2), hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))


def test_a_killed_training_resumes_after_its_last_epoch(study):
    reports = []

    def note(event, history):
        if isinstance(event, Reported):
            reports.append((event.trial, event.epoch))

    tuner = kt.RandomSearch(
        build_model,
        "val_loss",
        max_trials=4,
        directory=study,
        project_name="keras",
        tensorboard=False,
        keep_checkpoints=1,
        observers=[note],
    )
    results = tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, validation_split=0.25, epochs=5, verbose=0)
    assert reports == [(2, 3), (2, 4), (2, 5), *((3, epoch) for epoch in range(1, 6))]
    assert [trial.status for trial in results] == ["completed"] * 4
    model = tuner.get_best_models()[0]
    rows = slice(48, 64)
    loss = model.evaluate(tiny.X_TRAIN[rows], tiny.Y_TRAIN[rows], verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(results.best.score, rel=1e-5)


def test_the_best_model_of_a_study_loads(study):
    tuner = kt.RandomSearch(build_model, "val_loss", directory=study, project_name="keras")
    assert tuner.get_best_models()[0].count_params() > 0
