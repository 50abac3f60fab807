"""What the package shows is what docs/reference.md lists."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import kerastune_lite as kt

PAGE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text()
SECTIONS = {
    title.replace("kt.", "kerastune_lite."): text
    for title, text in re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def listed(text):
    cells = (line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    return sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell))


def shown(module):
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name for name, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
    )


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_lists_what_a_module_shows(name):
    assert listed(SECTIONS[name]) == shown(importlib.import_module(name))


def test_the_package_shows_nothing_else():
    assert set(dir(kt)) == {*listed(SECTIONS["kerastune_lite"]), "__version__"}


def test_each_namespace_has_its_section():
    aliases = {"applications", "engine", "oracles", "tuners"}
    namespaces = {name for name in kt.__all__ if inspect.ismodule(getattr(kt, name))}
    assert {f"kerastune_lite.{name}" for name in namespaces - aliases} <= SECTIONS.keys()
