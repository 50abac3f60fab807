"""The picture of `watch` in docs/cli.md. `PICTURES=1 pytest tests/cli/test_picture.py` draws it again."""

import math
import os
import random
import re
from contextlib import closing
from dataclasses import replace
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from kerastune_lite.cli.studies import Study
from kerastune_lite.cli.watch import frame
from kerastune_lite.space.kinds import Choice, Float, Int
from kerastune_lite.study.events import Ended, Reported, Stamp, Started
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import Journal
from tests import fakes

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "watch.svg"
EPOCHS, TRIALS = 20, 40
RATE, UNITS = Float("learning_rate", 1e-4, 1e-1, sampling="log"), Int("units", 32, 256, step=32)
ACTIVATION = Choice("activation", ["relu", "gelu"])

# rich's own form names fonts that a browser would fetch from elsewhere.
FORM = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "Fira Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def searching(journal):
    """Writes a search that has ended nine trials and trains two."""
    draws, now, clock = random.Random(4), 1_760_000_000.0, [0.0, 0.0]
    journal.append(replace(fakes.opened(objective=Objective("val_accuracy", "max"), epochs=EPOCHS), max_trials=TRIALS))
    for number in range(11):
        worker = number % 2
        values = (10 ** draws.uniform(-4, -1), 32 * draws.randint(1, 8), draws.choice(["relu", "gelu"]))
        top = 0.97 - 0.04 * (math.log10(values[0]) + 2.5) ** 2 + draws.uniform(0, 0.01)
        last = EPOCHS if number < 9 else (8, 3)[worker]

        def stamp(seconds, worker=worker):
            clock[worker] += seconds
            return Stamp(now - 400 + clock[worker], clock[worker], f"box:{worker}")

        journal.append(Started(trial=number, attempt=1, values={}, stamp=stamp(1)))
        journal.append(fakes.reads(number, (RATE, round(values[0], 6)), (UNITS, values[1]), (ACTIVATION, values[2])))
        for epoch in range(1, last + 1):
            accuracy = round(top - 0.5 * math.exp(-epoch / 4) + draws.uniform(0, 0.01), 4)
            journal.append(
                Reported(trial=number, execution=0, epoch=epoch, metrics={"val_accuracy": accuracy}, stamp=stamp(3))
            )
        if number < 9:
            journal.append(Ended(trial=number, stamp=stamp(1)))


@pytest.fixture
def console(tmp_path, monkeypatch):
    """A console that `watch` has written to while a search runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kerastune_lite.cli.watch.quiet_for", lambda trial, now: None)  # it depends on the time
    written = Console(
        file=StringIO(), record=True, width=90, highlight=False, force_terminal=True, color_system="truecolor"
    )
    with closing(Journal(Path("logs/digits"))) as journal:
        searching(journal)
        written.print(frame(Study.read("logs/digits"), written))
    return written


def text_in(picture):
    """The text of a picture, line by line."""
    rows = {}
    for attributes, text in re.findall(r"<text([^>]*clip-path[^>]*)>([^<]*)</text>", picture):
        rows.setdefault(float(re.search(r'y="([\d.]+)"', attributes)[1]), []).append(
            unescape(text).replace("\xa0", " ")
        )
    return ["".join(parts).rstrip() for _, parts in sorted(rows.items())]


def test_the_picture_is_what_watch_shows(console):
    drawn = console.export_svg(
        title="kerastune-lite watch logs/digits", code_format=FORM, unique_id="watch", clear=False
    )
    if "PICTURES" in os.environ:
        PICTURE.write_text(drawn, encoding="utf-8")
    assert text_in(PICTURE.read_text(encoding="utf-8")) == text_in(drawn)
    assert text_in(drawn) == [line.rstrip() for line in console.export_text().splitlines()]
