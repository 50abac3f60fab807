"""The Tuning tab beside TensorBoard's own HParams tab, on the same studies in the same TensorBoard.

`python -m benchmarks.dashboard` makes studies of 500 and 2,000 trials, opens both tabs in Chromium in turn, and prints
the seconds until they show the trials (medians): all of them, and "own", those after TensorBoard's page has put the tab
into itself. Either tab shows the trials once its table has rows; Tuning must also have drawn the two charts above it.
Besides: the seconds of the page of the Tuning tab without TensorBoard around it; what a page that is open transfers
when one trial more has ended; the start of TensorBoard, and the plugin's share of it; and the size of the page.
It needs node, `npm ci` in frontend/, and Chromium.
"""

import argparse
import gzip
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from benchmarks.measure import machine, table

FRONTEND = Path(__file__).parent.parent / "frontend"
PAGE = Path(__file__).parent.parent / "kerastune_lite_tensorboard" / "static"
EPOCHS = 10
PLACES = {"tuning": "#kerastune_lite", "hparams": "#hparams", "alone": "tuning"}
LOAD = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
import time, tensorboard.default, tensorboard.program
tensorboard.default.get_static_plugins()
began = time.perf_counter()
import kerastune_lite_tensorboard.loader, kerastune_lite_tensorboard.plugin
print(time.perf_counter() - began)
"""


def train(hp, report):
    """A made-up training of a network."""
    rate, units = hp.Float("learning_rate", 1e-5, 1e-1, sampling="log"), hp.Int("units", 16, 512, sampling="log")
    layers, activation = hp.Int("layers", 1, 4), hp.Choice("activation", ["relu", "tanh", "gelu"])
    dropout = hp.Float("rate", 0.0, 0.6) if hp.Boolean("dropout") else 0.0
    level = (
        0.1 * (math.log10(rate) + 3) ** 2 + 1 / units + 0.02 * layers + 0.1 * dropout + 0.05 * (activation == "tanh")
    )
    for epoch in range(1, EPOCHS + 1):
        if report(epoch, {"val_loss": level + 1 / epoch, "loss": level + 0.8 / epoch}):
            return


def search(directory, trials):
    import kerastune_lite as kt

    kt.tune(train, objective="val_loss", max_trials=trials, directory=directory, seed=1, tensorboard=True, verbose=0)


def show(directory):
    """A running TensorBoard, and the seconds until it answered."""
    import kerastune_lite as kt

    began = time.perf_counter()
    board = kt.show(directory)
    return board, time.perf_counter() - began


def ready(base, tab):
    """The seconds until a tab shows the trials, and those of them that are its own."""
    command = ["node", "browser/ready.mjs", f"{base}/{PLACES[tab]}", tab]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    if found["errors"]:
        print(f"{tab}: {found['errors']} errors on the console", file=sys.stderr)
    return found["seconds"], found["own"]


def get(base, path):
    """What the plugin answers, and the bytes that travel."""
    request = urllib.request.Request(f"{base}/data/plugin/kerastune_lite/{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        content = answer.read()
        plain = gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content
    return json.loads(plain), len(content)


def all_loaded(base, trials):
    """Waits until TensorBoard has read all trials; returns the run of the study and the latest token."""
    while True:
        studies = get(base, "studies")[0]["studies"]
        if studies and studies[0]["trials"] >= trials:
            run = quote(studies[0]["run"])
            return run, get(base, f"study?run={run}")[0]["token"]
        time.sleep(0.2)


def update(base, directory, trials):
    """The bytes that an open page gets when one trial more has ended."""
    run, token = all_loaded(base, trials)
    search(directory, trials + 1)
    while True:
        answer, size = get(base, f"study?run={run}&since={quote(token)}")
        ended = [trial for trial in answer["trials"] if trial["number"] == trials and trial["status"] == "completed"]
        if ended and not answer["full"]:
            return size
        time.sleep(0.2)


def measure(trials, rounds):
    """The figures of a study with so many trials."""
    with tempfile.TemporaryDirectory(prefix="benchmark_") as directory:
        search(directory, trials)
        board, up = show(Path(directory) / "study")
        try:
            base = board.url.partition("/#")[0]
            all_loaded(base, trials)
            seconds = {tab: [] for tab in PLACES}
            for number in range(rounds):
                print(f"{trials} trials, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                for tab, found in seconds.items():
                    found.append(ready(base, tab))
            size = update(base, directory, trials)
        finally:
            board.stop()
    medians = {tab: [statistics.median(each) for each in zip(*found, strict=True)] for tab, found in seconds.items()}
    return {"up": up, "update": size, **medians}


def plugin_seconds():
    """The seconds that TensorBoard takes longer to start because of the plugin."""
    runs = [
        float(subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    return statistics.median(runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small study, one round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sizes, rounds = ((50,), 1) if options.quick else ((500, 2000), options.rounds)
    of = {trials: measure(trials, rounds) for trials in sizes}
    print(machine("kerastune-lite", "tensorboard"))
    rows = [("trials", "seconds", "Tuning", "HParams", "ratio")]
    for trials, found in of.items():
        for which, ours, theirs in zip(("all", "own"), found["tuning"], found["hparams"], strict=True):
            rows.append((f"{trials}", which, f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.2f}"))
    print(f"\n{table(rows)}\n")
    for trials, found in of.items():
        print(f"{trials} trials: the tab alone, at /tuning, in {found['alone'][0]:.2f} s")
        print(f"{trials} trials: TensorBoard up in {found['up']:.1f} s; an update is {found['update'] / 1000:.1f} KB")
    print(f"the plugin adds {1000 * plugin_seconds():.0f} ms to TensorBoard's start")
    size = sum(len(gzip.compress(module.read_bytes(), mtime=0)) for module in PAGE.glob("*.js"))
    print(f"the page is {size / 1000:.0f} KB gzipped")


if __name__ == "__main__":
    sys.exit(main())
