"""A live search in a real TensorBoard, followed by a real browser from an empty directory to its end."""

import json
import re
import subprocess
import sys

import pytest

from tests.browser.tools import FRONTEND, require

pytestmark = pytest.mark.slow

TRIALS = 5

# As the launcher does: TensorBoard without TensorFlow. The plugin is given, so that it need not be installed.
SERVER = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
from tensorboard import default, program
from kerastune_lite_tensorboard.loader import TuningLoader
board = program.TensorBoard(plugins=[*default.get_static_plugins(), TuningLoader])
board.configure(argv=["tensorboard", "--logdir", sys.argv[1], "--port", "0", "--reload_interval", "1"])
sys.exit(board.main())
"""

# Each trial waits until the page shows it: no timing decides what the page can have seen.
SEARCH = """
import itertools, sys, time
from pathlib import Path
import kerastune_lite as kt

shown, numbers = Path(sys.argv[2]), itertools.count(1)

def wait_until_shown(count):
    while not shown.exists() or int(shown.read_text()) < count:
        time.sleep(0.05)

def train(hp, report):
    rate, number = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log"), next(numbers)
    report(1, {"val_accuracy": 1 - rate})
    wait_until_shown(number)
    report(2, {"val_accuracy": 1 - rate / 2})

wait_until_shown(0)
kt.tune(train, objective="val_accuracy", max_trials=int(sys.argv[3]), tensorboard=True, directory=sys.argv[1],
        project_name="live", seed=0)
"""


@pytest.fixture
def tensorboard(tmp_path):
    """The address of a TensorBoard of an empty directory, and the directory."""
    require(browser=True)
    logs = tmp_path / "logs"
    logs.mkdir()
    process = subprocess.Popen([sys.executable, "-c", SERVER, logs], stderr=subprocess.PIPE, text=True)
    try:
        lines = iter(process.stderr.readline, "")
        found = next(match for line in lines if (match := re.search(r"at (http://\S+)", line)))
        yield found[1], logs
    finally:
        process.kill()
        process.communicate()


def test_the_page_follows_a_search_from_an_empty_directory_to_its_end_without_reload(tensorboard, tmp_path):
    address, logs = tensorboard
    shown = tmp_path / "shown"
    search = subprocess.Popen([sys.executable, "-c", SEARCH, logs, shown, str(TRIALS)], stdout=subprocess.DEVNULL)
    try:
        page = subprocess.run(
            ["node", "browser/live.mjs", address, shown],
            cwd=FRONTEND, capture_output=True, text=True, timeout=240, check=True,
        )  # fmt: skip
    finally:
        search.kill()
        search.wait()
    assert json.loads(page.stdout) == {
        "empty": True,
        "running": True,
        "state": "finished",
        "trials": list(range(TRIALS + 1)),
        "rows": TRIALS,
        "reloaded": False,
        "errors": [],
        "outside": [],
    }
