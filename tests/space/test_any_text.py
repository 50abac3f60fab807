"""Any Unicode as a name or a value: exact through strategies, JSON and the journal, or refused when defined."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.kinds import Choice, Fixed, definition_from_json, definition_to_json
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt
from kerastune_lite.study.store import Journal
from kerastune_lite.testing.searches import search

TEXTS = st.text(st.characters(), max_size=8)
ODD = ["\x00", "\ud800", "\u202eabc", "a/b", "../x", "é", "e\u0301", "x" * 100_000, "\u2028", "\U0001f600", "\x1b[2J"]


def changed(text):
    return json.loads(json.dumps(text)) != text


def searched(name, values, strategy, directory):
    """The values of a search whose study is in `directory`."""
    store = Journal(directory)
    try:
        history = search(lambda hp: float(len(hp.Choice(name, values))), strategy, store=store, max_trials=3)
    finally:
        store.close()
    return [trial.values[name] for trial in history.trials]


@settings(derandomize=True, deadline=None, max_examples=50)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4, unique=True))
def test_a_definition_of_any_text_is_the_same_after_json_or_is_refused(name, values):
    try:
        definition = Choice(name, tuple(values))
    except SpaceError:
        assert not name or any(changed(text) for text in (name, *values))
        return
    again = definition_from_json(json.loads(json.dumps(definition_to_json(definition))))
    assert (again.name, again.values) == (name, tuple(values))


@pytest.mark.parametrize("strategy", [Random(), Grid(), Bayesian(), Skopt("RF")], ids=lambda s: type(s).__name__)
@settings(derandomize=True, deadline=None, max_examples=5)
@example("../x", ODD)
@example("\ud800", ["é", "e\u0301"])
@given(TEXTS.filter(bool), st.lists(TEXTS, min_size=1, max_size=4, unique=True))
def test_a_search_over_any_text_is_the_same_when_reopened(strategy, name, values):
    try:
        Choice(name, tuple(values))
    except SpaceError:
        return
    with TemporaryDirectory() as directory:
        first = searched(name, values, strategy, Path(directory))
        assert first
        assert set(first) <= set(values)
        assert searched(name, values, strategy, Path(directory)) == first


def test_names_that_differ_by_normalisation_are_two_hyperparameters():
    history = search(lambda hp: hp.Fixed("é", 1.0) + hp.Fixed("e\u0301", 2.0), max_trials=1)
    assert history.trials[0].values == {"é": 1.0, "e\u0301": 2.0}


@pytest.mark.parametrize("text", ["\ud83d\ude00", "a\ud83d\ude00"])
def test_a_character_written_as_two_surrogates_is_refused(text):
    with pytest.raises(SpaceError, match="surrogates"):
        Fixed(text, 1)
    with pytest.raises(SpaceError, match="JSON"):
        Choice("x", (text,))


def test_a_value_that_is_changed_later_does_not_reach_the_record():
    units, table = [32, 16], {"rate": [1]}

    def function(hp):
        value = hp.Choice("units", [units])
        kept = hp.Fixed("table", table)
        value.append(1)
        kept["rate"].append(2)
        units.append(8)
        table["new"] = 1
        units[2:] = []
        table.pop("new")
        return 1.0

    history = search(function, max_trials=1)
    assert history.trials[0].values == {"units": [32, 16], "table": {"rate": [1]}}
    assert history.trials[0].definitions[0].values == ([32, 16],)


_SEARCH = """
from kerastune_lite.strategies import Bayesian, Random
from kerastune_lite.testing.searches import search

def function(hp):
    score = hp.Float("a", 0, 1) + len(hp.Choice("b", ["x", "yy", "zzz"]))
    return score + (hp.Int("c", 1, 9) if hp.Boolean("d") else 0)

for strategy in Random(), Bayesian():
    print([trial.values for trial in search(function, strategy, max_trials=8).trials])
"""


def test_proposals_do_not_depend_on_the_hash_seed():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _SEARCH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "yy" in outputs.pop()
