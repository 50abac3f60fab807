"""The page of the Tuning tab in a real browser, on made-up studies, and whether the built page is that of the sources.

`frontend/browser/cases.mjs` holds the cases: each opens the page in Chromium, in a frame with TensorBoard's content
security policy. They need node, `npm ci` in `frontend/`, and Chromium (on Debian: `apt-get install chromium`).
"""

import json
import re
import subprocess

import pytest

from tests.browser.tools import FRONTEND, require

SOURCE = FRONTEND / "browser" / "cases.mjs"

pytestmark = pytest.mark.slow


def _node(*arguments, timeout=600):
    command = ["node", *map(str, arguments)]
    return subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=timeout, check=False)


def test_the_built_page_is_that_of_the_sources():
    require(browser=False)
    done = _node("build.mjs", "--check")
    assert done.returncode == 0, done.stderr


def test_the_types_are_right():
    require(browser=False)
    done = _node("node_modules/typescript/bin/tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_the_computed_views_pass_their_unit_tests():
    require(browser=False)
    done = _node("test.mjs")
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.fixture(scope="session")
def results():
    """What became of each case, by its name."""
    require(browser=True)
    done = _node(SOURCE)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return {line["name"]: line.get("error") for line in lines}


# The words of a case may hold quotes; those of a loop stand for all that it makes.
NAMED = re.findall(r'^fact\("(.+?)", \(\)', SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
STUDIES = ("empty", "one", "three", "failed", "running", "killed", "minimum", "hostile", "five_hundred", "two_thousand")
RENDERED = [f'the study "{name}" renders {mode} without an error' for name in STUDIES for mode in ("light", "dark")]


@pytest.mark.parametrize("case", [*RENDERED, *NAMED])
def test_in_a_browser(results, case):
    assert results[case] is None


def test_no_case_is_left_out(results):
    assert set(results) == {*RENDERED, *NAMED}
