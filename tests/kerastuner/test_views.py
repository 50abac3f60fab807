"""What `tuner.oracle` shows of a study, for a tuner whose trials need no Keras."""

import sys

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.trial_view import TrialView, trial_id
from kerastune_lite.space.hp import HyperParameters


class Square(kt.GridSearch):
    def run_trial(self, trial, **_):
        n = trial.hyperparameters.Int("n", 0, 3)
        if n == 2:
            raise ValueError("not two")
        return {"default_objective": (n - 1) ** 2, "other": n}


@pytest.fixture
def tuner(tmp_path):
    tuner = Square(max_trials=10, directory=tmp_path, tensorboard=False)
    tuner.search(verbose=0)
    return tuner


def test_ids_have_the_digits_of_the_budget():
    assert [trial_id(3, 10), trial_id(3, 9), trial_id(12, 100), trial_id(3, None)] == ["03", "3", "012", "0003"]


def test_trials_are_shown_by_id_in_the_order_started(tuner):
    shown = {name: (trial.status, trial.hyperparameters.get("n")) for name, trial in tuner.oracle.trials.items()}
    assert shown == {"00": ("COMPLETED", 0), "01": ("COMPLETED", 1), "02": ("FAILED", 2), "03": ("COMPLETED", 3)}


def test_the_best_trials_come_first_and_failed_ones_not_at_all(tuner):
    best = tuner.oracle.get_best_trials(10)
    assert [(trial.trial_id, trial.score) for trial in best] == [("01", 0), ("00", 1), ("03", 4)]


def test_a_trial_is_found_by_its_id(tuner):
    trial = tuner.oracle.get_trial("02")
    assert (trial.score, trial.hyperparameters.values) == (None, {"n": 2})
    assert "ValueError: not two" in trial.message
    with pytest.raises(KeyError):
        tuner.oracle.get_trial("17")


def test_metrics_are_those_of_the_epoch_that_scored(tuner):
    metrics = tuner.oracle.get_trial("03").metrics
    assert (metrics.get_best_value("other"), metrics.get_last_value("other"), metrics.get_best_step("other")) == (
        3,
        3,
        0,
    )
    assert (metrics.get_history("other")[0].value, metrics.get_history("none")) == ([3.0], [])
    assert (metrics.exists("none"), metrics.get_best_value("none"), metrics.get_best_step("none")) == (
        False,
        None,
        None,
    )


def test_a_summary_is_printed(tuner, capsys):
    tuner.oracle.get_trial("03").summary()
    assert capsys.readouterr().out == "Trial 03 summary\nHyperparameters:\nn: 3\nScore: 4.0\n"


def test_the_space_is_shown_with_its_defaults(tuner):
    assert tuner.oracle.get_space().values == {"n": 0}
    assert [definition.name for definition in tuner.oracle.hyperparameters.space] == ["n"]


def test_what_is_left_of_the_budget_is_shown(tuner, tmp_path):
    assert (tuner.remaining_trials, tuner.oracle.remaining_trials()) == (6, 6)
    assert Square(directory=tmp_path).remaining_trials is None


def test_another_tuner_reads_the_record(tuner, tmp_path):
    other = Square(max_trials=10, directory=tmp_path, overwrite=True)
    assert other.oracle.trials == {}
    other.reload()
    assert list(other.oracle.trials) == list(tuner.oracle.trials)


def test_what_the_oracle_has_not_is_an_attribute_error_with_the_way_out(tuner):
    with pytest.raises(AttributeError, match=r"tuner\.oracle has no 'create_trial': .*strategy="):
        tuner.oracle.create_trial("tuner0")


def test_metrics_can_be_reported_by_epoch(tmp_path):
    class Reporting(kt.RandomSearch):
        def run_trial(self, trial, **_):
            x = trial.hyperparameters.Float("x", 0, 1)
            for epoch in range(3):
                shown = self.oracle.update_trial(trial.trial_id, {"loss": x + abs(epoch - 1)}, step=epoch)
            assert shown.score == x

    tuner = Reporting(objective="loss", max_trials=2, directory=tmp_path, tensorboard=False)
    results = tuner.search(verbose=0)
    assert [(trial.status, trial.best_epoch, trial.epoch) for trial in results] == [("completed", 2, 3)] * 2


def test_a_trial_that_should_stop_is_shown_as_stopped(tmp_path):
    seen = []

    class Reporting(kt.RandomSearch):
        def run_trial(self, trial, **_):
            for epoch in range(3):
                shown = self.oracle.update_trial(trial.trial_id, {"loss": 1.0}, step=epoch)
                seen.append((shown.status, trial.status))

    def policy(trial, history):
        return kt.stopping.Stop("enough") if trial.epoch == 2 else None

    Reporting(objective="loss", max_trials=1, directory=tmp_path, tensorboard=False, stopping=policy).search(verbose=0)
    assert seen == [("RUNNING",) * 2, ("STOPPED",) * 2, ("STOPPED",) * 2]


def test_only_a_trial_under_way_can_be_reported(tuner):
    with pytest.raises(UsageError, match="trial 01 is not running in this process"):
        tuner.oracle.update_trial("01", {"default_objective": 1})


def test_a_trial_made_by_hand_cannot_be_trained():
    tuner = kt.RandomSearch(lambda hp: None, "val_loss")
    with pytest.raises(UsageError, match="trial 7 is not running"):
        tuner.run_trial(TrialView(kt.HyperParameters(), "7"))


def test_a_summary_is_printable_and_needs_no_standard_output(monkeypatch, capsys):
    hp = HyperParameters({"a\x1b[2J": "\x07\ud800"})
    trial = TrialView(hp, "0", message="Traceback:\n  \x9b")
    trial.summary()
    assert capsys.readouterr().out.splitlines()[2:] == ["a\\x1b[2J: \\x07\\ud800", "Traceback:", "  \\x9b"]
    monkeypatch.setattr(sys, "stdout", None)
    trial.summary()
