"""The layers, and what an import loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kerastune_lite"

LAYERS = {
    0: {"errors", "printable", "space", "tensorboard_links"},
    1: {"study"},
    1.1: {"launcher", "surrogate"},
    1.5: {"analysis"},
    2: {"strategies", "stopping", "executors", "surrogates"},
    2.1: {"observers", "results"},
    2.2: {"callbacks"},
    2.3: {"training"},
    2.4: {"kerastuner"},
    3: {"search"},
    4: {"tuner", "tuner_options", "tune_function", "tuners"},
    4.5: {"engine", "oracles", "applications"},
    5: {"__init__", "__main__", "cli", "testing"},
}
LEVEL = {name: level for level, names in LAYERS.items() for name in names}

# What sees events only, and knows nothing of strategies, policies and executors.
BESIDE_THE_LOOP = {"observers", "results", "callbacks", "training"}

HOMES = {
    "keras": {"callbacks", "kerastuner", "training", "tuner", "tuner_options"},
    "tensorflow": {"training"},
    "tensorboard": {"launcher", "observers"},
    "google": {"observers"},
    "rich": {"cli", "observers", "results"},
    "pandas": {"results"},
    "matplotlib": {"results"},
    "skopt": {"results", "strategies", "surrogate"},
    "sklearn": {"strategies", "surrogate", "training", "tuners"},
    "scipy": {"analysis", "strategies", "surrogate"},
    "numpy": {"analysis", "search", "testing", "strategies", "callbacks", "training", "surrogate", "results", "tuners"},
    "ray": {"executors"},
    "cloudpickle": {"executors"},
    "joblib": {"executors"},
    "greenlet": {"executors"},
    "threadpoolctl": {"surrogate"},
    "pytest": {"testing"},
}


def part(path):
    """The layer's module or folder that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Every module that a file imports, in functions and for types too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kerastune_lite":
            yield from (f"kerastune_lite.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_module_has_a_layer():
    assert {part(path) for path in FILES} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_layers_below_its_own(path):
    own = part(path)
    for name in imports(path):
        if name.startswith("kerastune_lite."):
            other = name.split(".")[1]
            level = LEVEL[own]
            below = LEVEL[other] < level or other == own or (level in (0, 2.1, 4, 5) and LEVEL[other] == level)
            assert below, f"{own} imports {other}"
            assert not (own in BESIDE_THE_LOOP and LEVEL[other] in (2, 3)), f"{own} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_heavy_library_is_imported_in_its_home_only(path):
    for name in imports(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or part(path) in home, f"{part(path)} imports {name}"


def test_modules_of_one_layer_form_no_cycle():
    edges = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): {
            name for name in imports(path) if name.startswith("kerastune_lite.")
        }
        for path in FILES
        if path != PACKAGE / "__init__.py"
    }
    done, under_way = set(), []

    def visit(name):
        assert name not in under_way, f"a cycle: {under_way} {name}"
        if name in done or name not in edges:
            return
        under_way.append(name)
        for other in edges[name]:
            if not name.startswith(f"{other}."):
                visit(other)
        under_way.pop()
        done.add(name)

    for name in edges:
        visit(name)


def test_the_plugin_of_tensorboard_imports_what_every_tensorboard_has():
    plugin = PACKAGE.parent / "kerastune_lite_tensorboard"
    found = {name.split(".")[0] for path in plugin.rglob("*.py") for name in imports(path)}
    assert found - sys.stdlib_module_names == {"kerastune_lite_tensorboard", "tensorboard", "werkzeug"}


def loaded_by(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


HEAVY = {
    "numpy",
    "keras",
    "tensorflow",
    "skopt",
    "sklearn",
    "scipy",
    "rich",
    "tensorboard",
    "pandas",
    "matplotlib",
    "ray",
}


def test_importing_the_package_loads_no_heavy_library():
    assert loaded_by("import kerastune_lite").isdisjoint(HEAVY)


def test_making_a_tuner_loads_no_heavy_library():
    code = (
        "import kerastune_lite as kt; kt.RandomSearch(lambda hp: None, 'val_loss'); kt.HyperParameters().Int('n', 1, 2)"
    )
    assert loaded_by(code).isdisjoint(HEAVY - {"rich"})


def test_tuning_a_function_loads_no_keras():
    code = (
        "import kerastune_lite as kt; "
        "kt.tune(lambda hp: hp.Float('x', 0, 1), objective='score', max_trials=2, verbose=0)"
    )
    assert loaded_by(code).isdisjoint({"keras", "tensorflow", "tensorboard", "sklearn", "pandas"})


def test_writing_for_tensorboard_loads_no_tensorflow():
    assert loaded_by("import kerastune_lite.observers.tensorboard").isdisjoint({"tensorflow", "keras"})


def test_every_public_name_can_be_had():
    import kerastune_lite as kt

    assert all(getattr(kt, name) is not None for name in kt.__all__)
    assert set(kt.__all__) <= set(dir(kt))


def test_an_unknown_name_is_an_attribute_error():
    import kerastune_lite as kt

    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = kt.Nothing


def test_the_function_tune_is_not_hidden_by_a_module():
    code = "import kerastune_lite.tune_function, kerastune_lite as kt; assert callable(kt.tune)"
    loaded_by(code)
