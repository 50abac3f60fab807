"""What TensorBoard loads at its start."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tensorboard.plugins import base_plugin

from kerastune_lite_tensorboard.loader import TuningLoader
from kerastune_lite_tensorboard.plugin import TuningPlugin

ROOT = Path(__file__).parents[2]


def loaded_by(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_the_plugin_loads_neither_tensorflow_nor_the_package():
    code = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")  # else tensorboard itself loads TensorFlow
import kerastune_lite_tensorboard.plugin
"""
    heavy = {"tensorflow", "keras", "kerastune_lite", "scipy", "sklearn", "skopt", "rich", "pandas", "matplotlib"}
    assert loaded_by(code).isdisjoint(heavy)


def test_tensorboard_finds_the_loader_by_its_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["tensorboard_plugins"] == {
        "kerastune_lite": f"{TuningLoader.__module__}:{TuningLoader.__qualname__}"
    }
    assert issubclass(TuningLoader, base_plugin.TBLoader)


def test_the_loader_makes_the_plugin():
    plugin = TuningLoader().load(base_plugin.TBContext())
    assert isinstance(plugin, TuningPlugin)
    assert plugin.plugin_name == "kerastune_lite"
    assert plugin.data_plugin_names() == ("kerastune_lite",)
    assert plugin.frontend_metadata().es_module_path == "/index.js"
    assert plugin.frontend_metadata().tab_name == "Tuning"
    assert not plugin.is_active()


@pytest.mark.parametrize("broken", ["kerastune_lite_tensorboard.plugin", "kerastune_lite_tensorboard.reading"])
def test_tensorboard_starts_without_the_tab_if_its_plugin_cannot_be_imported(monkeypatch, caplog, broken):
    monkeypatch.delitem(sys.modules, "kerastune_lite_tensorboard.plugin")
    monkeypatch.setitem(sys.modules, broken, None)  # an import of it raises
    assert TuningLoader().load(base_plugin.TBContext()) is None
    assert "the Tuning tab of kerastune_lite is not available" in caplog.text
