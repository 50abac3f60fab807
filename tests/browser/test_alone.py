"""The page of the Tuning tab without TensorBoard around it, as `kerastune-lite tensorboard` serves it."""

import json
import subprocess

import pytest

import kerastune_lite as kt
from tests.browser.tools import FRONTEND, require

pytestmark = pytest.mark.slow


def train(hp, report):
    report(1, {"loss": hp.Float("x", -1, 1) ** 2})


def test_the_page_alone_shows_the_trials_without_an_error(tmp_path):
    require(browser=True)
    kt.tune(train, objective="loss", max_trials=3, tensorboard=True, directory=tmp_path, seed=0, verbose=0)
    board = kt.show(tmp_path / "study")
    try:
        address = f"{board.url.partition('#')[0]}tuning"
        command = ["node", "browser/ready.mjs", address, "alone"]
        done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=180, check=True)
    finally:
        board.stop()
    assert json.loads(done.stdout)["errors"] == 0
