"""What a search says on a terminal and off one."""

import io
import re
import sys

import pytest
from rich.console import Console as Terminal

from kerastune_lite.analysis import outlook
from kerastune_lite.observers.console import Console
from kerastune_lite.search.limits import Limits
from kerastune_lite.stopping import Percentile
from kerastune_lite.strategies import Bayesian, Grid
from kerastune_lite.study.events import SILENT, Annotated, Ended, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from tests import fakes


def said(function, strategy=None, *, verbose=1, terminal=False, console=None, **options):
    """All that the console writes during a search."""
    screen = Terminal(file=io.StringIO(), force_terminal=terminal, width=200, soft_wrap=True, highlight=False)
    watcher = Console(verbose, terminal=screen, **(console or {}))
    try:
        fakes.search(function, strategy, observers=[watcher], **options)
    finally:
        watcher.close()
    return screen.file.getvalue()


def climb(hp):
    return hp.Choice("x", [0.25, 0.5, 0.75])


def fails_above_one(hp):
    if hp.Choice("x", [1, 2, 3]) > 1:
        raise ValueError("too high")
    return 1.0


def test_silence_is_silent():
    assert said(fails_above_one, Grid(), max_trials=None, verbose=0) == ""


def test_the_first_line_says_what_is_searched_and_in_which_direction():
    shown = said(climb, max_trials=3, console={"where": "logs/study"})
    assert shown.splitlines()[0] == "logs/study: maximising score, random, 3 trials, seed 0"


def test_off_a_terminal_each_trial_is_a_line_with_the_best_so_far():
    lines = said(climb, Grid(), max_trials=None).splitlines()
    assert re.fullmatch(r"trial 1 completed, score 0\.5 in epoch 1, \d+\.\d s; best 0\.5 in trial 1", lines[2])


def test_thousands_of_trials_are_not_thousands_of_lines():
    shown = said(lambda hp: -hp.Int("x", 1, 500), Grid(), max_trials=None)
    assert len([line for line in shown.splitlines() if line.startswith("trial ")]) < 30
    assert shown.count("from here on, a line for each new best trial, and otherwise one every 5 s\n") == 1


def hostile(hp):
    hp.Choice("name\x1b[2J\n", ["\x1b]0;t\x07\u202e", "\x9b\ud800"])
    if hp.Choice("fails", [True, False]):
        raise ValueError("\x1b]0;t\x07\r\u2066")
    return 1.0


@pytest.mark.parametrize("verbose", [1, 2])
def test_what_a_terminal_would_obey_is_shown_as_an_escape(verbose):
    odd = {"where": "a\x1b[2J", "tensorboard": "b\nc", "notices": ["\x07"]}
    shown = said(hostile, Grid(), max_trials=None, verbose=verbose, console=odd)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert r"a\x1b[2J: maximising" in shown
    assert r"ValueError: \x1b]0;t\x07\r\u2066" in shown


def test_epochs_are_lines_when_asked_for():
    def function(hp, report):
        hp.Choice("x", ["a"])
        report(1, {"score": 0.5, "loss": 2.0})
        report(2, {"score": 0.6, "loss": 1.0})

    shown = said(function, Grid(), verbose=2, reports=True, max_trials=1)
    assert "trial 0, epoch 1: score 0.5, loss 2\ntrial 0, epoch 2: score 0.6, loss 1\n" in shown


def test_the_first_failure_is_told_in_full_and_the_others_are_counted():
    shown = said(fails_above_one, Grid(), max_trials=None)
    assert shown.count("Traceback") == 1
    assert "in fails_above_one" in shown
    assert "2 failed with: ValueError: too high" in shown
    assert "trial 2 failed" not in shown


def test_the_traceback_starts_at_the_users_code():
    shown = said(fails_above_one, Grid(), max_trials=None)
    assert re.search(
        r'\(most recent call last\):\n  File "[^"]*test_console.py", line \d+, in fails_above_one\n', shown
    )


def test_failures_are_counted_in_the_lines_of_other_trials():
    shown = said(lambda hp: 1 / (hp.Int("x", 0, 3) % 2), Grid(), max_trials=None)
    assert re.search(r"trial 3 completed, .*; best 1 in trial 1; 2 failed\n", shown)


def test_the_end_names_the_reason_the_counts_and_the_best_trials():
    shown = said(climb, Grid(), max_trials=None, console={"tensorboard": "logs/s/tensorboard"})
    tail = shown[shown.index("search ended") :].splitlines()
    assert tail[0] == "search ended: every configuration of the space has been tried"
    assert tail[1] == "3 completed"
    assert [line.split()[0] for line in tail[2:6]] == ["trial", "2", "1", "0"]
    assert "view in TensorBoard: kerastune-lite tensorboard logs/s/tensorboard" in tail


def test_a_grid_cut_short_says_what_share_it_covered():
    shown = said(fakes.nested, Grid(), max_trials=91)
    share = re.search(r"search ended: max_trials=91 reached; 91 of about (\d+) configurations tried, (\d+) %", shown)
    assert share is not None
    assert int(share[2]) == round(100 * 91 / int(share[1]))


def test_a_study_gone_on_with_says_so_with_the_counts():
    store = MemoryStore()
    fakes.search(climb, Grid(), store=store, max_trials=2)
    shown = said(climb, Grid(), store=store, max_trials=3)
    assert "resuming: 2 trials recorded, 2 ended, 0 to resume, 1 remaining" in shown


def test_damage_to_the_record_is_told():
    assert "line 7 is damaged" in said(climb, max_trials=1, console={"notices": ["line 7 is damaged"]})


def test_an_interrupted_search_says_how_to_go_on():
    def function(hp):
        hp.Choice("x", [1, 2])
        raise KeyboardInterrupt

    screen = Terminal(file=io.StringIO(), width=200)
    with pytest.raises(KeyboardInterrupt):
        fakes.search(function, observers=[Console(1, terminal=screen, where="logs/s")])
    assert "rerun to resume" in screen.file.getvalue()


def test_a_search_that_a_limit_has_ended_says_how_to_continue():
    def function(hp, report):
        hp.Float("x", 0, 1)
        return any(report(epoch, 1.0) for epoch in range(1, 4))

    screen = Terminal(file=io.StringIO(), width=200)
    limits = Limits(max_epochs_total=2)
    console = Console(1, terminal=screen, where="logs/s")
    fakes.search(function, reports=True, limits=limits, epochs=3, observers=[console])
    assert "rerun with a larger limit to resume the paused trials" in screen.file.getvalue()


def test_a_worker_that_is_silent_is_told_and_that_it_is_heard_again():
    screen = Terminal(file=io.StringIO(), width=200, soft_wrap=True)
    history, console = History([fakes.opened(), Started(trial=0, attempt=1, values={})]), Console(terminal=screen)
    for value in (1000.0, None):
        event = Annotated(trial=0, key=SILENT, value=value)
        history.apply(event)
        console(event, history)
    first, second = screen.file.getvalue().splitlines()
    assert first.startswith("trial 0: no sign of life from its worker")
    assert second == "trial 0: its worker is heard again"


class Abstaining:
    def __call__(self, trial, history):
        return None

    def notice(self, history):
        return f"{len(history)} trials were spared"


@pytest.mark.parametrize("strategy", [Grid(), Bayesian()])
def test_the_end_says_once_what_the_stopping_policy_says(strategy):
    assert said(climb, strategy, max_trials=3, stopping=Abstaining()).count("3 trials were spared") == 1


def test_on_a_terminal_one_live_line_tells_trial_epoch_best_and_time_left():
    lines = []

    class Watcher(Console):
        def _show(self, number, history):
            super()._show(number, history)
            if self._live is not None:
                lines.append(str(self._live.get_renderable()))

    screen = Terminal(file=io.StringIO(), force_terminal=True, width=200)
    console = Watcher(1, terminal=screen)
    try:
        fakes.search(climb, Grid(), observers=[console], max_trials=3, epochs=1)
    finally:
        console.close()
    assert re.fullmatch(
        r"trial 2 \(3 of 3\), epoch 1/1; best 0\.5 in trial 1; about \d+\.\d s left; score 0\.75", lines[-1]
    )
    assert "trial 0 completed" not in screen.file.getvalue()


def test_the_live_line_is_gone_however_the_search_ends():
    screen = Terminal(file=io.StringIO(), force_terminal=True, width=200)
    console = Console(1, terminal=screen)

    def fault(event, history):
        if isinstance(event, Ended):
            raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        fakes.search(climb, observers=[console, fault])
    console.close()
    assert console._live is None


def test_a_search_without_a_score_to_learn_from_says_so_once():
    def fails(hp):
        hp.Float("x", 0, 1)
        raise RuntimeError

    assert (
        said(fails, Bayesian(), max_trials=8, max_consecutive_failed_trials=None).count(
            "no trial has given a score yet"
        )
        == 1
    )


def test_the_live_line_keeps_to_the_width_of_the_terminal():
    lines = []

    class Watcher(Console):
        def _show(self, number, history):
            super()._show(number, history)
            lines.append(str(self._live.get_renderable()))

    for width in (20, 50, 80):
        screen = Terminal(file=io.StringIO(), force_terminal=True, width=width, soft_wrap=True)
        console = Watcher(1, terminal=screen)
        fakes.search(lambda hp: hp.Float("学" * 100, 0, 1), observers=[console], max_trials=3, epochs=1)
        assert max(map(len, lines[-6:])) < max(width, 30)
        assert re.match(r"trial 2 \(3 of 3\), epoch 1/1(; best|$)", lines[-1])


def test_a_terminal_that_cannot_redraw_a_line_has_a_line_per_trial(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    shown = said(climb, Grid(), max_trials=None, terminal=True)
    assert shown.count(" completed, ") == 3
    assert "\x1b[2K" not in shown


@pytest.mark.parametrize("terminal", [True, False])
def test_closing_raises_nothing_where_the_terminal_is_gone(terminal):
    screen = Terminal(file=io.StringIO(), force_terminal=terminal, width=80)
    console = Console(1, terminal=screen)

    def vanish(event, history):
        if isinstance(event, Ended):
            screen.file.close()
            raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        fakes.search(climb, observers=[console, vanish])
    console.close()
    console.close()


def test_what_goes_to_a_file_stays_out_of_the_live_line(monkeypatch):
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)

    def function(hp):
        print("to a file", file=sys.stderr)
        return hp.Choice("x", [1])

    assert "to a file" not in said(function, max_trials=1, terminal=True)
    assert errors.getvalue() == "to a file\n"


def seconds_left(history, recent=5):
    return outlook.seconds_left(history, [trial for trial in history.trials if trial.succeeded][-recent:])


def timed(max_trials, **options):
    """A search whose trials take 4 epochs of one second each; those that are worse stop after one."""

    def train(hp, report):
        level = hp.Choice("x", [4, 3, 2, 1], ordered=True)
        for epoch in range(1, 5):
            now[0] += 1.0
            if report(epoch, level):
                return

    now = [0.0]
    options = {"epochs": 4, "clock": lambda: now[0], **options}
    return fakes.search(train, Grid(), reports=True, max_trials=max_trials, **options)


def test_the_time_left_is_what_the_latest_trials_have_cost_stopped_ones_included():
    stop_worse = Percentile(50, startup_trials=1, first_epoch=1)
    history = timed(3, stopping=stop_worse)
    assert [trial.epoch for trial in history.trials] == [4, 1, 1]
    history.apply(fakes.opened(max_trials=5, epochs=4))
    assert seconds_left(history) == 2 * (4 + 1 + 1) / 3


def test_the_time_left_of_a_limit_of_epochs_is_what_epochs_have_cost():
    history = timed(2)
    history.apply(fakes.opened(max_trials=None, epochs=4, options={"max_epochs_total": 20}))
    assert seconds_left(history) == 12.0


def test_the_time_left_is_unknown_without_a_budget_or_a_trial():
    history = timed(1)
    assert outlook.seconds_left(history, []) is None
    history.apply(fakes.opened(max_trials=None))
    assert seconds_left(history) is None
