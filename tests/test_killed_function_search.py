import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def search(directory, kind):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killed_function_search", str(directory), kind],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random", "grid"])
def test_a_search_killed_thirty_times_ends_like_an_uninterrupted_one(tmp_path, kind):
    whole, _ = search(tmp_path / "whole", kind).communicate()
    rng = random.Random(0)
    kills = 0
    while kills < 30:
        with search(tmp_path / "cut", kind) as process:
            try:
                process.communicate(timeout=rng.uniform(0.3, 1.0))
            except subprocess.TimeoutExpired:
                process.kill()
        kills += 1
    cut, _ = search(tmp_path / "cut", kind).communicate()
    assert cut == whole != ""
