"""The page of the Tuning tab in a real browser, on made-up studies, and whether the built page is that of the sources.

`frontend/browser/cases.mjs` holds the cases: each opens the page in Chromium, in a frame with TensorBoard's content
security policy. They need node, `npm ci` in `frontend/`, and Chromium (on Debian: `apt-get install chromium`).
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
SOURCE = FRONTEND / "browser" / "cases.mjs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Where the tools have been installed nothing is skipped: one that is missing is a failure.
REQUIRED = os.environ.get("BROWSER_TESTS") == "required"

pytestmark = pytest.mark.slow


def _missing(browser):
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FRONTEND / "node_modules" / "playwright-core").is_dir():
        return "frontend/node_modules is missing: run `npm ci` in frontend/"
    if browser and not ("CHROMIUM" in os.environ or any(map(shutil.which, BROWSERS))):
        return "no Chromium: install it (on Debian: apt-get install chromium), or name one in CHROMIUM"
    return None


def _require(*, browser):
    missing = _missing(browser)
    if missing is not None and REQUIRED:
        pytest.fail(missing)
    if missing is not None:
        pytest.skip(f"THE PAGE OF THE TUNING TAB IS NOT TESTED: {missing}")


def _node(*arguments, timeout=600):
    command = ["node", *map(str, arguments)]
    return subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=timeout, check=False)


def test_the_built_page_is_that_of_the_sources():
    _require(browser=False)
    done = _node("build.mjs", "--check")
    assert done.returncode == 0, done.stderr


def test_the_types_are_right():
    _require(browser=False)
    done = _node("node_modules/typescript/bin/tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_the_computed_views_pass_their_unit_tests():
    _require(browser=False)
    done = _node("test.mjs")
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.fixture(scope="session")
def results():
    """What became of each case, by its name."""
    _require(browser=True)
    done = _node(SOURCE)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return {line["name"]: line.get("error") for line in lines}


# The words of a case may hold quotes; those of a loop stand for all that it makes.
NAMED = re.findall(r'^fact\("(.+?)", \(\)', SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
STUDIES = ("empty", "one", "three", "failed", "running", "minimum", "hostile", "five_hundred", "two_thousand")
RENDERED = [f'the study "{name}" renders {mode} without an error' for name in STUDIES for mode in ("light", "dark")]


@pytest.mark.parametrize("case", [*RENDERED, *NAMED])
def test_in_a_browser(results, case):
    assert results[case] is None


def test_no_case_is_left_out(results):
    assert set(results) == {*RENDERED, *NAMED}
