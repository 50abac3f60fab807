"""Pages whose code is executed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_page_on_extending_conforms(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extending.md").read_text(), flags=re.DOTALL)
    (tmp_path / "test_extending.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_extending.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40


@pytest.mark.slow
def test_the_page_on_cross_validation_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "cross-validation.md").read_text(), flags=re.DOTALL)
    (tmp_path / "page.py").write_text("\n".join([*blocks, "print(len(model.predict(x, verbose=0)), 'predictions')"]))
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "page.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert "deviation" in done.stdout
    assert done.stdout.endswith("150 predictions\n")
