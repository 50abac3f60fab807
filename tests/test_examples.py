"""What users copy must run: the README's example, the models, the notebook."""

import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import models.digits_cnn
import models.digits_mlp
import models.tabular

ROOT = Path(__file__).parent.parent


def run(module, monkeypatch, tmp_path, *arguments):
    monkeypatch.setattr(sys, "argv", ["main", "--directory", str(tmp_path), "--epochs", "2", *arguments])
    module.main()


@pytest.mark.slow
def test_the_readme_example_runs_as_it_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    shorter = code.replace("max_trials=10", "max_trials=2").replace("epochs=8", "epochs=1")
    assert shorter != code
    names: dict[str, object] = {}
    exec(compile(shorter, "README.md", "exec"), names)
    assert len(names["results"]) == 2
    assert (tmp_path / "logs" / "digits" / "tensorboard" / "trial_0001").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("module", [models.digits_mlp, models.digits_cnn, models.tabular])
def test_a_model_names_the_best_trial_its_accuracy_and_the_tensorboard_command(module, monkeypatch, tmp_path, capsys):
    run(module, monkeypatch, tmp_path, "--trials", "2")
    printed = capsys.readouterr().out
    assert re.search(r"best model: trial [01] with \{", printed)
    assert re.search(r"on the test set: accuracy [01]\.\d{4}", printed)
    assert f"kerastune-lite tensorboard {tmp_path}" in printed


@pytest.mark.slow
def test_a_model_runs_with_bayesian_search(monkeypatch, tmp_path, capsys):
    run(models.digits_mlp, monkeypatch, tmp_path, "--trials", "6", "--search", "bayesian", "--epochs", "2")
    assert "6 completed" in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_runs_with_grid_search(monkeypatch, tmp_path, capsys):
    run(models.digits_mlp, monkeypatch, tmp_path, "--trials", "2", "--search", "grid", "--workers", "2")
    assert "configurations tried" in capsys.readouterr().out


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "quickstart.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
