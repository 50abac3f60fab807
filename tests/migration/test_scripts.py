"""Scripts written for KerasTuner run with the import changed, and find the same kind of thing."""

import warnings

import pytest

import kerastune_lite
from kerastune_lite.training.memory import frozen_garbage
from tests.migration.scripts import SCRIPTS


def found_by(script, package, directory, monkeypatch):
    directory.mkdir()
    monkeypatch.chdir(directory)
    return script(package)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_finds_the_same_with_both_packages(script, tmp_path, monkeypatch):
    ours = found_by(script, kerastune_lite, tmp_path / "ours", monkeypatch)
    keras_tuner = pytest.importorskip("keras_tuner", reason="KerasTuner is not installed: our side alone was run")
    # it collects garbage twice a trial, and warns of itself and of what it uses
    with frozen_garbage(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours == found_by(script, keras_tuner, tmp_path / "theirs", monkeypatch)
