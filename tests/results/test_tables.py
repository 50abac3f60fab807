import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from kerastune_lite.results.tables import show_results, show_space, trial_table, write
from kerastune_lite.strategies import Grid
from tests import fakes


def test_the_table_of_results_names_trials_scores_and_values(capsys):
    history = fakes.search(lambda hp: hp.Choice("x", [0.25, 0.75]), Grid(), max_trials=None)
    show_results(history, 1, where="logs/study")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "logs/study: 2 trials, objective score (max)"
    assert [line.split() for line in lines[1:]] == [["trial", "score", "epoch", "x"], ["1", "0.75", "1", "0.75"]]


def test_several_executions_show_the_mean_and_the_kept_models_own_value(capsys):
    scores = iter([0.2, 0.6])

    def function(hp):
        hp.Choice("x", ["a"])
        return next(scores)

    show_results(fakes.search(function, Grid(), max_trials=1, executions=2), 5, where="s")
    head, row = capsys.readouterr().out.splitlines()[1:]
    assert "score (mean)" in head
    assert "kept model" in head
    assert head.split()[3] == "deviation"
    assert row.split() == ["0", "0.4", "0.28284", "0.6", "1", "a"]


def test_long_tables_are_not_cut_to_the_terminals_width(capsys):
    def function(hp):
        return sum(hp.Float(f"a_rather_long_name_{i}", 0, 1) for i in range(20))

    show_results(fakes.search(function, max_trials=1), 5, where="s")
    assert "a_rather_long_name_19" in capsys.readouterr().out


def test_a_study_without_a_finished_trial_says_so(capsys):
    def function(hp):
        raise RuntimeError

    show_results(fakes.search(function, max_trials=1), 5, where="s")
    assert "no finished trial" in capsys.readouterr().out


@pytest.mark.parametrize(
    "expected",
    [
        "kind    Choice   a, b, c           a",
        "only_a  Int      1 to 2            1        kind in ['a']",
        "not_a   Choice   0.1, 0.2, 0.3     0.1      kind in ['b', 'c']",
        "only_c  Boolean  False, True       False    kind in ['c']",
        "rate    Float    0.001 to 1.0, log 0.001",
        "units   Int      8 to 64, step 8   8",
    ],
)
def test_the_table_of_the_space_shows_domains_defaults_and_conditions(expected, capsys):
    def function(hp):
        fakes.declared(hp)
        hp.Float("rate", 1e-3, 1.0, sampling="log")
        hp.Int("units", 8, 64, step=8)
        return 1.0

    show_space(fakes.search(function, Grid(points=1), max_trials=None).space)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert " ".join(expected.split()) in shown


def test_a_choice_of_many_values_is_cut_and_counted(capsys):
    show_space(fakes.search(lambda hp: hp.Choice("x", list(range(10_000))), max_trials=1).space)
    line = capsys.readouterr().out.splitlines()[2]
    assert "18, 19, ... (10000 values)" in line
    assert len(line) < 200


def wide(hp):
    return sum(hp.Float(f"a_rather_long_name_{i}", 0, 1) for i in range(9)) + hp.Choice("学习率", [1, 2])


def test_on_a_terminal_a_wide_table_takes_several_lines_per_row_and_loses_nothing():
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    trials = fakes.search(wide, max_trials=2).trials
    write(terminal, trial_table(trials))
    lines = terminal.file.getvalue().splitlines()
    assert [line.startswith("trial ") for line in lines] == 2 * [True, False, False, False, False]
    assert max(map(cell_len, lines)) <= 80
    assert " ".join(lines).count("a_rather_long_name_8 ") == 2
    assert " ".join(lines).count("学习率 ") == 2


def hostile(hp):
    hp.Choice("name\x1b[2J\nof\u202e lines", ["\x1b]0;title\x07", "\x9b2J", "\ud800\r"])
    raise ValueError("reason\x1b]0;t\x07\u2066")


def test_what_a_terminal_would_obey_is_shown_as_an_escape(capsys):
    history = fakes.search(hostile, Grid(), max_trials=None, max_consecutive_failed_trials=None)
    show_results(history, 5, where="a\x1b[2J\nstudy")
    show_space(history.space)
    terminal = Console(file=io.StringIO(), force_terminal=True, width=40)
    write(terminal, trial_table(history.trials))
    for shown in (capsys.readouterr().out, terminal.file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")):
        assert all(line.isprintable() for line in shown.split("\n"))
        assert r"name\x1b[2J\nof\u202e lines" in shown
