import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random", "grid"])
def test_a_keras_search_killed_again_and_again_ends_like_an_uninterrupted_one(tmp_path, kind):
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed_keras_search", str(tmp_path), kind, "0"],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["cut"] == found["whole"]
    assert len(found["whole"]) == 8
    assert found["kills"] == 30
