"""The file that asks a search to end."""

import os

import pytest

from kerastune_lite.errors import StudyForeign
from kerastune_lite.study.layout import STOP_REQUEST
from kerastune_lite.study.stop_request import forget_stop_request, request_stop, stop_requested


def test_a_request_names_who_asks_until_it_is_forgotten(tmp_path):
    assert stop_requested(tmp_path) is None
    request_stop(tmp_path, "ann on box")
    assert stop_requested(tmp_path) == "ann on box"
    forget_stop_request(tmp_path)
    assert stop_requested(tmp_path) is None


def test_an_empty_request_is_somebodys(tmp_path):
    (tmp_path / STOP_REQUEST).touch()
    assert stop_requested(tmp_path) == "somebody"


def test_a_name_is_short_and_printable(tmp_path):
    (tmp_path / STOP_REQUEST).write_text("\x1b[2J" + "x" * 1000)
    who = stop_requested(tmp_path)
    assert who.isprintable()
    assert len(who) < 120


def test_a_request_is_not_written_through_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("keep")
    (tmp_path / STOP_REQUEST).symlink_to(victim)
    with pytest.raises(StudyForeign, match="no regular file"):
        request_stop(tmp_path, "ann")
    assert victim.read_text() == "keep"
    assert stop_requested(tmp_path) is None


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / STOP_REQUEST)
    assert stop_requested(tmp_path) is None
