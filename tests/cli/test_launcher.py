"""TensorBoard in a process of its own, without TensorFlow."""

import json
import os
import select
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import kerastune_lite as kt
from kerastune_lite import launcher
from kerastune_lite.errors import StudyError, UsageError
from kerastune_lite.study.layout import BOARD, JOURNAL

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logs")
    kt.tune(lambda hp: hp.Float("x", 0, 1), objective=kt.Objective("error", "min"), max_trials=2, directory=directory,
            tensorboard=True, verbose=0)  # fmt: skip
    return directory


def test_a_study_opens_its_tensorboard_files(logs):
    assert launcher.log_directory(logs / "study") == logs / "study" / BOARD


def test_other_directories_are_opened_as_they_are(logs):
    assert launcher.log_directory(logs) == logs


def test_what_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(StudyError, match="none is no directory"):
        kt.show(tmp_path / "none")
    (tmp_path / JOURNAL).touch()
    with pytest.raises(StudyError, match="has no TensorBoard files"):
        kt.show(tmp_path)


def test_a_port_in_use_is_named_and_by_default_passed_over(tmp_path):
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            kt.show(tmp_path, port=port)
        assert launcher.free_port() != port
    with pytest.raises(UsageError, match="port=0 must be between 1 and 65535"):
        kt.show(tmp_path, port=0)


def test_links_pin_the_best_score_without_smoothing():
    link = urlsplit(launcher.links(6007)["scores by trial, curves"])
    query = parse_qs(link.query)
    assert (link.netloc, link.fragment, query["smoothing"]) == ("localhost:6007", "timeseries", ["0"])
    assert json.loads(query["pinnedCards"][0])[0] == {"plugin": "scalars", "tag": "search/best"}


def test_show_answers_with_the_runs_of_the_study_and_ends(logs):
    board = kt.show(logs / "study")
    try:
        base = board.url.partition("/#")[0].partition("/?")[0]
        with urllib.request.urlopen(f"{base}/data/environment") as answer:
            assert json.load(answer)["data_location"] == str(logs / "study" / BOARD)
        assert board.url in board._repr_html_()
    finally:
        board.stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{base}/data/environment")
    board.stop()


def test_tensorboard_runs_without_tensorflow():
    code = (
        "import sys; sys.argv = ['tensorboard', '--version']; from kerastune_lite.launcher import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('tensorflow' in sys.modules, 'tensorboard' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "False True"


def test_it_ends_with_the_process_that_showed_it(logs):
    code = (
        "import sys, time, kerastune_lite as kt; board = kt.show(sys.argv[1]); print(board._process.pid, flush=True); "
        "time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(logs / "study")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as starter:
        assert starter.stdout is not None
        descriptor = os.pidfd_open(int(starter.stdout.readline()))
        starter.kill()
        ended, _, _ = select.select([descriptor], [], [], 60)
        os.close(descriptor)
    assert ended


def test_a_board_that_does_not_start_says_so(logs, monkeypatch):
    monkeypatch.setattr(launcher, "arguments", lambda logs, port: ["--no_such_option"])
    with pytest.raises(StudyError, match="TensorBoard ended with exit code 2"):
        kt.show(logs / "study")


def test_the_command_prints_the_links(logs, monkeypatch, capsys):
    from kerastune_lite.cli import main

    monkeypatch.setattr(launcher, "main", lambda: print(sys.argv))
    monkeypatch.setattr(sys, "argv", [])
    assert main(["tensorboard", str(logs / "study"), "--bind_all"]) == 0
    printed = capsys.readouterr().out
    assert "scores by trial, curves: http://localhost:" in printed
    assert printed.rstrip().endswith("'--bind_all']")
