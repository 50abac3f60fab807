"""A traceback as it is shown: from the user's code on."""

import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile
from pathlib import Path

_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(.*)", line \d+')
_OURS = f"{Path(__file__).parents[1]}/"
_KERAS = re.compile(r"/site-packages/(keras|tensorflow)/")


def from_user_code(error: str) -> str:
    """`error` without the frames of this package and of Keras that come before the user's.

    Where none is the user's, the frames of this package alone are left out.
    """
    first, *others = error.split(f"{_HEAD}\n")
    return first + "".join(f"{_HEAD}\n{_shortened(other)}" for other in others)


def _shortened(text: str) -> str:
    frames = list(_frames(text.splitlines(keepends=True)))
    for known in (_is_ours_or_keras, _is_ours):
        left = list(dropwhile(known, frames))
        if left and _FRAME.match(left[0]):
            return "".join(left)
    return text


def _frames(lines: Sequence[str]) -> Iterator[str]:
    """The text of each frame, and the rest."""
    frame = ""
    for line in lines:
        if frame and (_FRAME.match(line) or not line.startswith("  ")):
            yield frame
            frame = ""
        frame += line
    yield frame


def _is_ours(frame: str) -> bool:
    found = _FRAME.match(frame)
    return found is not None and found[1].replace("\\", "/").startswith(_OURS.replace("\\", "/"))


def _is_ours_or_keras(frame: str) -> bool:
    found = _FRAME.match(frame)
    return _is_ours(frame) or (found is not None and _KERAS.search(found[1].replace("\\", "/")) is not None)
