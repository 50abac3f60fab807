"""Sides measured in turn: each run of a side is a fresh process with its threads pinned; medians over the rounds."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_THREADS = "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS TF_NUM_INTRAOP_THREADS TF_NUM_INTEROP_THREADS".split()
_PINNED = dict.fromkeys(_THREADS, "1")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "0"}

Figures = dict[str, float]


def options(document: str, sides: Iterable[str], count: int) -> argparse.Namespace:
    """The command line of a benchmark: what people say, and how it calls itself for one side."""
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small part of the work, one round")
    parser.add_argument("--rounds", type=int, default=count)
    parser.add_argument("--side", choices=sides, help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--directory", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_side(module: str, *arguments: str) -> Figures:
    """Runs `python -m MODULE ARGUMENTS` and reads the figures that it prints as its last line."""
    with tempfile.TemporaryDirectory(prefix="benchmark_") as directory:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments, "--directory", directory],
            env={**os.environ, **_PINNED, **_QUIET},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def rounds(module: str, sides: Mapping[str, Sequence[str]], count: int) -> dict[str, list[Figures]]:
    """Runs every side once a round, one after the other, so that the machine's moods meet all of them."""
    found: dict[str, list[Figures]] = {side: [] for side in sides}
    for number in range(count):
        for side, arguments in sides.items():
            print(f"round {number + 1} of {count}: {side}", file=sys.stderr, flush=True)
            found[side].append(run_side(module, "--side", side, *arguments))
    return found


def medians(figures: Sequence[Figures]) -> Figures:
    """The median of each figure."""
    return {name: statistics.median(run[name] for run in figures) for name in figures[0]}


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first row is its head, all columns but the first are numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|")
    return "\n".join(lines)


def machine(*packages: str) -> str:
    """What this was measured on, in one line."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return f"{os.cpu_count()} cores, one thread each side, load {load}, Python {platform.python_version()}, {versions}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def size_of(directory: str | Path) -> int:
    """Bytes in the files below a directory."""
    return sum(path.stat().st_size for path in Path(directory).rglob("*") if path.is_file())
