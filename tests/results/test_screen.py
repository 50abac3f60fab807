"""Standard output that cannot show everything, or that breaks, costs nothing."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerastune_lite.results.screen import screen
from kerastune_lite.results.tables import show_results, show_space
from tests import fakes


class Broken(io.StringIO):
    """Breaks at the second write."""

    def __init__(self, error):
        super().__init__()
        self.error, self.writes = error, 0

    def write(self, text):
        self.writes += 1
        if self.writes > 1:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed"), AttributeError()])
def test_after_a_failed_write_nothing_is_written_and_nothing_is_raised(error, monkeypatch):
    stream = Broken(error)
    monkeypatch.setattr(sys, "stdout", stream)
    terminal = screen()
    for line in ("one", "two", "three"):
        terminal.print(line)
    assert stream.getvalue() == "one\n"
    assert stream.writes == 2


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", r"\xf6 \u2202 \ud800"), ("latin-1", r"ö \u2202 \ud800")])
def test_what_the_encoding_lacks_is_shown_as_an_escape(encoding, shown, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    screen().print("ö ∂ \ud800")
    assert written.getvalue().decode(encoding) == f"{shown}\n"


@pytest.mark.parametrize("stream", [None, io.TextIOWrapper(io.BytesIO(), encoding="ascii")])
def test_summaries_need_no_standard_output(stream, monkeypatch):
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    history = fakes.search(lambda hp: hp.Choice("é", [1, 2]), max_trials=1)
    show_results(history, 3, where="s")
    show_space(history.space)


SEARCH = r"""
import sys
import kerastune_lite as kt

def function(hp):
    hp.Choice("\udcff\x1b[2J", ["\x1b]0;t\x07", "ö∂"])
    x = hp.Int("学习率", 0, 19)
    if x == 3:
        raise ValueError("\ud800 学")
    return float(x)

grid = kt.strategies.Grid()
results = kt.tune(function, objective=kt.Objective("score", "max"), max_trials=None, strategy=grid, directory="logs")
with open("counts", "w") as file:
    print(len(results), sum(trial.succeeded for trial in results), file=file)
if "full" not in sys.argv:
    print("nobody may be reading this", flush=True)
"""


@pytest.mark.parametrize(
    "command",
    [
        '"$@" | head -n 1',
        '"$@" 2>&1 | head -n 1',
        '"$@" full >/dev/full',
        '"$@" <&- >&- 2>&-',
        'PYTHONUTF8=0 LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONIOENCODING=ascii "$@"',
    ],
)
def test_a_search_ends_whatever_its_output_is(command, tmp_path):
    (tmp_path / "search.py").write_text(SEARCH, encoding="utf-8")
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-W", "error", "search.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (tmp_path / "counts").read_text() == "40 38\n", done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
