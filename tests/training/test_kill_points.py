"""A trial of two executions, killed at each of its file operations in turn, keeps the model that scored."""

import os
import shutil
from pathlib import Path

import pytest

from tests import tiny
from tests.training.attempts import Trial

_OPERATIONS = ((os, "replace"), (os, "link"), (os, "unlink"), (Path, "open"), (Path, "write_text"), (shutil, "rmtree"))


def build(hp):
    return tiny.compiled(tiny.network(2), learning_rate=0.5)


OPTIONS = {"executions": 2, "epochs": 2, "keep": True}


def moments(trial, copies, monkeypatch):
    """Lets a trial run to its end; returns what a death before each of its operations leaves: files, and events."""
    left, seen = [], set()

    def look():
        events = list(trial.events)
        files = {str(path): path.read_bytes() for path in trial.directory.rglob("*") if path.is_file()}
        state = (frozenset(files.items()), len(events))
        if state not in seen:
            seen.add(state)
            left.append((shutil.copytree(trial.directory, copies / str(len(left))), events))

    def counted(operation):
        def looks_first(*args, **kwargs):
            with monkeypatch.context() as plain:
                for owner, name, original in originals:
                    plain.setattr(owner, name, original)
                look()
            return operation(*args, **kwargs)

        return looks_first

    originals = [(owner, name, getattr(owner, name)) for owner, name in _OPERATIONS]
    trial.directory.mkdir()
    with monkeypatch.context() as patched:
        for owner, name, original in originals:
            patched.setattr(owner, name, counted(original))
        assert not trial.attempt()
    return left


def test_wherever_a_trial_is_killed_the_kept_model_is_the_one_that_scored(tmp_path, monkeypatch):
    uncut = Trial(tmp_path / "whole", build, **OPTIONS)
    left = moments(uncut, tmp_path, monkeypatch)
    loss = uncut.kept_loss()
    assert loss == pytest.approx(uncut.score, rel=1e-5)
    for number, (directory, events) in enumerate(left):
        trial = Trial(directory, build, **OPTIONS)
        trial.events, trial.attempts = events, 1
        assert not trial.attempt()
        assert (trial.curves, trial.kept_loss(), trial.note) == (uncut.curves, loss, None), f"moment {number}"
    assert len(left) > 20
