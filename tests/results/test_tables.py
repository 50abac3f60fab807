import pytest

from kerastune_lite.results.tables import show_results, show_space
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
    assert row.split() == ["0", "0.4", "0.6", "1", "a"]


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
