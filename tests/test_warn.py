"""Our warnings and errors, and the text in them."""

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastune_lite.errors import SpaceError, warn
from kerastune_lite.printable import printable


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_warning_is_issued_at_the_caller():
    with pytest.warns(UserWarning, match="odd") as caught:
        warn("odd", UserWarning, stacklevel=1)
    assert caught[0].filename == __file__


def test_where_warnings_are_errors_it_is_printed(capsys):
    warn("odd", RuntimeWarning, stacklevel=1)
    assert capsys.readouterr().err == "RuntimeWarning: odd\n"


@pytest.mark.parametrize("stream", [None, Broken()])
def test_without_a_working_standard_error_nothing_is_raised(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    warn("odd", UserWarning, stacklevel=1)
    assert capsys.readouterr().out == ""


def test_a_terminal_obeys_nothing_in_a_warning():
    with pytest.warns(UserWarning, match=r"a\\x1b\[2Jb"):
        warn("a\x1b[2Jb", UserWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 学习率", "Größe 学习率"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("\ud800", r"\ud800"),
        ("one\ntwo\tthree\rfour", r"one\ntwo\tthree\rfour"),
    ],
)
def test_what_a_terminal_would_obey_or_cannot_show_is_escaped(text, shown):
    assert printable(text) == shown


def test_text_of_several_lines_keeps_them():
    assert printable("one\n\ttwo\r", lines=True) == "one\n\ttwo\\r"


def test_a_terminal_obeys_nothing_in_an_error():
    assert str(SpaceError("a\x1b[2J\nb")) == "a\\x1b[2J\nb"


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\u202e\ud800\r\n")))
def test_any_text_becomes_printable(text):
    assert printable(text).isprintable()
    assert all(line.isprintable() for line in printable(text, lines=True).replace("\t", "").split("\n"))
