"""Scripts written for KerasTuner run with the import changed, and find the same kind of thing."""

import warnings

import pytest

import kerastune_lite
from tests.migration.scripts import SCRIPTS


def found_by(script, package, directory, monkeypatch):
    directory.mkdir()
    monkeypatch.chdir(directory)
    with warnings.catch_warnings():
        if package.__name__ == "keras_tuner":
            warnings.simplefilter("ignore")  # its own, and those of what it uses
        return script(package)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_finds_the_same_with_both_packages(script, tmp_path, monkeypatch):
    ours = found_by(script, kerastune_lite, tmp_path / "ours", monkeypatch)
    keras_tuner = pytest.importorskip("keras_tuner", reason="KerasTuner is not installed: our side alone was run")
    assert ours == found_by(script, keras_tuner, tmp_path / "theirs", monkeypatch)
