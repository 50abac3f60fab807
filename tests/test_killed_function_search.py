import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def search(directory, kind, *moment):
    return subprocess.run(
        [sys.executable, "-m", "tests.killed_function_search", str(directory), kind, *map(str, moment)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random", "grid"])
def test_a_search_killed_thirty_times_ends_like_an_uninterrupted_one(tmp_path, kind):
    whole = search(tmp_path / "whole", kind)
    rng = random.Random(0)
    lives = [search(tmp_path / "cut", kind, rng.randint(1, 40)) for _ in range(30)]
    assert [life.returncode for life in lives] == [-signal.SIGKILL] * 30
    cut = search(tmp_path / "cut", kind)
    assert cut.stdout == whole.stdout != ""
