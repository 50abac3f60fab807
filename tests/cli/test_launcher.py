"""TensorBoard in a process of its own, without TensorFlow."""

import json
import os
import re
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
from kerastune_lite.tensorboard_links import links, time_series

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logs")
    kt.tune(lambda hp: hp.Float("x", 0, 1), objective=kt.Objective("error", "min"), max_trials=2, directory=directory,
            tensorboard=True, verbose=0)  # fmt: skip
    return directory


def test_a_study_opens_its_tensorboard_files(logs):
    assert launcher.log_directory(logs / "study") == logs / "study" / BOARD


def test_directories_with_studies_are_opened_as_they_are(logs):
    for directory in (logs, logs.parent, logs / "study" / BOARD):
        assert launcher.log_directory(directory) == directory


def test_a_directory_without_a_study_is_not_opened(tmp_path):
    with pytest.raises(StudyError, match=r"is no study \(it has no study.jsonl\), and there is none in it"):
        launcher.log_directory(tmp_path)


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


def pinned(*objectives):
    link = urlsplit(time_series(objectives))
    query = parse_qs(link.query)
    assert (link.fragment, query["smoothing"]) == ("timeseries", ["0"])
    cards = json.loads(query["pinnedCards"][0])
    assert {card["plugin"] for card in cards} == {"scalars"}
    return [card["tag"] for card in cards]


def test_the_link_pins_the_best_score_and_the_objectives_without_smoothing():
    assert pinned("val_accuracy", "loss", "loss") == ["search/best", "validation/accuracy", "train/loss"]
    assert pinned() == ["search/best", "objective/best"]


def test_a_hostile_name_does_not_leave_the_link():
    assert pinned("</script><img src=x>") == ["search/best", "train/</script><img src=x>"]
    assert "<" not in time_series(["</script>"])


def test_the_tuning_tab_comes_first_where_it_is_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert list(links("http://h:1/").values()) == ["http://h:1/search"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    tab, alone, scores = links("http://h:1/").values()
    assert (tab, alone, scores) == ("http://h:1/#kerastune_lite", "http://h:1/tuning", "http://h:1/search")


def test_the_objectives_of_a_study_and_of_several_are_found(logs, tmp_path):
    assert launcher.objectives_of(logs / "study" / BOARD) == ["error"]
    assert launcher.objectives_of(logs) == ["error"]
    assert launcher.objectives_of(tmp_path) == []
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / JOURNAL).write_text("no study")
    assert launcher.objectives_of(tmp_path) == []


def test_show_answers_with_the_runs_of_the_study_and_leaves_nothing_behind(logs, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    board = kt.show(logs / "study")
    try:
        base = board.url.partition("/#")[0].partition("/?")[0]
        with urllib.request.urlopen(f"{base}/data/environment") as answer:
            assert json.load(answer)["data_location"] == str(logs / "study" / BOARD)
        with urllib.request.urlopen(f"{base}/search") as answer:
            page = answer.read().decode()
        assert f'location.replace("./{time_series(["error"])}")' in page
        assert "ignoreOutliers: false" in page
        with urllib.request.urlopen(f"{base}/tuning") as answer:
            place = re.search('<base href="(.*)">', answer.read().decode())[1]
        with urllib.request.urlopen(f"{base}/{place}index.js") as answer:
            assert answer.headers["Content-Type"].startswith("text/javascript")
        assert board.url in board._repr_html_()
        assert len(list(tmp_path.glob(".tensorboard-info/*"))) == 1
    finally:
        board.stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{base}/data/environment")
    board.stop()
    assert list(tmp_path.glob(".tensorboard-info/*")) == []


def test_tensorboard_runs_without_tensorflow():
    code = (
        "import sys; sys.argv = ['tensorboard', '--version']; from kerastune_lite.launcher import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('tensorflow' in sys.modules, 'tensorboard' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "False True"


def test_it_ends_with_the_process_that_showed_it(logs, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
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
    assert list(tmp_path.glob(".tensorboard-info/*")) == []


def test_a_board_that_does_not_start_says_so(logs, monkeypatch):
    monkeypatch.setattr(launcher, "arguments", lambda logs, port: ["--no_such_option"])
    with pytest.raises(
        StudyError,
        match=r"TensorBoard ended with exit code 2: .*unrecognized arguments: --no_such",
    ):
        kt.show(logs / "study")


def test_the_command_prints_the_links(logs, monkeypatch, capsys):
    from kerastune_lite.cli import main

    def fake(arguments, objectives, announce):
        print(arguments, objectives)
        announce("http://host:7/prefix/")

    monkeypatch.setattr(launcher, "main", fake)
    assert main(["tensorboard", str(logs / "study"), "--bind_all"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.endswith("'--bind_all'] ['error']")
    assert "scores by trial, curves: http://host:7/prefix/search" in rest


def test_a_port_that_somebody_else_takes_meanwhile_is_not_mistaken_for_ours(logs, monkeypatch):
    other = kt.show(logs)
    taken = int(other.url.split(":")[2].partition("/")[0])
    free = launcher.free_port
    ports = iter([taken])
    monkeypatch.setattr(launcher, "free_port", lambda port=None: next(ports, None) or free(port))
    board = kt.show(logs / "study")
    try:
        assert f":{taken}/" not in board.url
    finally:
        board.stop()
        other.stop()
