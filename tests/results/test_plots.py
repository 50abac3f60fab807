"""Plots: what they draw, and that they draw in every state of a study."""

import sys

import matplotlib as mpl
import pytest

mpl.use("agg")
from matplotlib import pyplot as plt

from kerastune_lite.errors import UsageError
from kerastune_lite.results.results import Results
from kerastune_lite.strategies import Grid
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

LOSS = Objective("loss", "min")
PLOTS = [
    Results.plot_history,
    Results.plot_edf,
    Results.plot_importance,
    Results.plot_parallel_coordinates,
    Results.plot_slice,
    Results.plot_contour,
    Results.plot_curves,
    Results.plot_timeline,
]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def conditional(hp):
    rate, units = hp.Float("rate", 1e-4, 1, sampling="log"), hp.Int("units", 1, 64)
    if hp.Choice("kind", ["a", "b"]) == "a":
        hp.Float("momentum", 0.5, 0.99, sampling="reverse_log")
    if rate > 0.5:
        raise ValueError("diverged")
    return units / 64 - rate + hp.Boolean("flag")


def broken(hp):
    hp.Float("rate", 0, 1)
    raise ValueError("no")


def diverging(hp):
    rate = hp.Float("rate", 0, 1)
    return 1e5 if rate > 0.9 else rate + hp.Float("other", 0, 1)


def hostile(hp):
    return hp.Float("$\\frac$ x_{\n<b>", 0, 1) + hp.Choice("_$", ["$\\frac", "\x1b[2J"]).count("$")


def searched(function, trials, **options):
    return Results(fakes.search(function, max_trials=trials, max_consecutive_failed_trials=None, **options))


STATES = {
    "never searched": lambda: Results(History()),
    "no trial": lambda: Results(History([fakes.opened()])),
    "one trial": lambda: searched(conditional, 1),
    "three trials": lambda: searched(conditional, 3),
    "all failed": lambda: searched(broken, 4),
    "conditional": lambda: searched(conditional, 60),
    "minimised": lambda: searched(conditional, 20, objective=LOSS),
    "diverged": lambda: searched(diverging, 30, objective=LOSS),
    "equal scores": lambda: searched(lambda hp: 0 * hp.Float("x", 0, 1), 12),
    "hostile names": lambda: searched(hostile, 12),
    "many trials": lambda: searched(conditional, 500),
    "nothing to tune": lambda: searched(lambda hp: 1.0, 1),
    "one hyperparameter": lambda: searched(lambda hp: hp.Int("n", 1, 30), 25),
}


@pytest.fixture(scope="module")
def studies():
    return {name: make() for name, make in STATES.items()}


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
@pytest.mark.parametrize("state", STATES)
def test_a_plot_can_be_drawn_in_any_state_of_a_study(state, plot, studies):
    axes = plt.subplots()[1]
    assert plot(studies[state], ax=axes) is axes
    axes.figure.canvas.draw()


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_without_axes_a_plot_has_a_figure_of_its_own(plot, studies):
    assert plot(studies["three trials"]).figure is not plot(studies["three trials"]).figure


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_without_matplotlib_a_plot_says_what_to_install(plot, studies, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"plots need matplotlib: pip install 'kerastune-lite\[plots\]'"):
        plot(studies["three trials"])


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def line(axes, label):
    return axes.get_lines()[[found.get_label() for found in axes.get_lines()].index(label)]


def ladder(scores):
    """Trials with these scores, in order; None fails."""

    def function(hp):
        score = scores[hp.Choice("at", list(range(len(scores))))]
        if score is None:
            raise ValueError("no")
        return score

    return lambda objective: Results(
        fakes.search(function, Grid(), max_trials=None, objective=objective, max_consecutive_failed_trials=None)
    )


def test_the_best_so_far_is_a_line_to_the_last_trial():
    axes = ladder([0.2, 0.6, None, 0.4])(fakes.SCORE).plot_history()
    assert line(axes, "best so far").get_xydata().tolist() == [[0, 0.2], [1, 0.6], [3, 0.6], [3, 0.6]]
    assert {"failed (1)", "best: 0.6 (trial 1)"} <= set(labels(axes))


def test_failures_are_marked_at_the_side_of_the_bad_scores():
    for objective, side in ((fakes.SCORE, 0), (LOSS, 1)):
        axes = ladder([0.2, 0.6, None, 0.4])(objective).plot_history()
        assert line(axes, "failed (1)").get_ydata()[0] == pytest.approx(side, abs=0.05)


def test_a_diverged_trial_does_not_flatten_the_others_and_is_marked():
    axes = ladder([0.2, 1e5, 0.3, 0.4])(LOSS).plot_history()
    low, high = axes.get_ylim()
    assert low < 0.2
    assert 0.4 < high < 1
    assert "beyond the axis (1)" in labels(axes)


def test_time_has_a_readable_unit():
    axes = ladder([0.2, 0.3])(LOSS).plot_history(by_time=True)
    assert axes.get_xlabel() == "time since the start (s)"


def test_the_distribution_falls_with_better_scores_to_maximise():
    axes = ladder([0.2, 0.6, 0.4])(fakes.SCORE).plot_edf()
    points = axes.get_lines()[0].get_xydata()[:-1].tolist()
    assert points == [[0.6, 0], [0.6, pytest.approx(1 / 3)], [0.4, pytest.approx(2 / 3)], [0.2, 1]]


def test_two_distributions_in_the_same_axes_are_both_within_and_in_different_colours():
    axes = ladder([0.2, 0.6, 0.4])(fakes.SCORE).plot_edf()
    ladder([0.8, 0.9, 0.7])(fakes.SCORE).plot_edf(axes)
    low, high = axes.get_xlim()
    assert low < 0.2
    assert high > 0.9
    assert axes.lines[0].get_color() != axes.lines[1].get_color()


def test_a_confirmed_trial_is_marked_as_the_best_one():
    values = iter([0.9, 0.6, 0.5, 0.1])  # confirmed, the first trial has a mean of 0.5

    def function(hp):
        hp.Choice("x", [1, 2])
        return next(values, 0.5)

    results = Results(fakes.search(function, Grid(), max_trials=2, confirm=1))
    assert "best: 0.5 (trial 0)" in labels(results.plot_history())


def test_importance_has_a_bar_for_each_hyperparameter_the_largest_at_the_top(studies):
    axes = studies["conditional"].plot_importance()
    found = studies["conditional"].importance()
    assert [label.get_text() for label in axes.get_yticklabels()] == list(found)
    assert [bar.get_width() for bar in axes.patches] == list(found.values())
    assert axes.yaxis_inverted()


def test_a_plot_without_enough_trials_says_so(studies):
    axes = studies["three trials"].plot_importance()
    assert "importance needs 10 trials with a score, there are 3" in axes.texts[0].get_text()


def test_a_line_of_parallel_coordinates_goes_to_na_where_a_hyperparameter_is_not_read(studies):
    axes = studies["conditional"].plot_parallel_coordinates()
    assert "n/a" in [text.get_text() for text in axes.texts]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["rate", "units", "kind", "flag", "momentum", "score"]
    best = studies["conditional"].best
    (drawn,) = [found.get_ydata() for found in axes.get_lines() if len(found.get_ydata()) == 6]
    assert (drawn[4] < 0) == ("momentum" not in best.values)
    assert drawn[5] == 1
    (others,) = axes.collections
    assert len(others.get_segments()) == sum(trial.succeeded for trial in studies["conditional"]) - 1


def test_a_slice_has_the_scale_of_its_hyperparameter(studies):
    assert studies["conditional"].plot_slice("rate").get_xscale() == "log"
    assert studies["conditional"].plot_slice("units").get_xscale() == "linear"
    axes = studies["conditional"].plot_slice("kind")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]


def test_a_slice_shows_the_trials_that_read_the_hyperparameter(studies):
    axes = studies["conditional"].plot_slice("momentum")
    read = [trial for trial in studies["conditional"] if trial.succeeded and "momentum" in trial.values]
    assert len(line(axes, "trials").get_xdata()) == len(read)
    assert "model" in labels(axes)


def test_the_most_important_hyperparameter_is_sliced_by_default(studies):
    assert studies["conditional"].plot_slice().get_xlabel() == next(iter(studies["conditional"].importance()))


@pytest.mark.parametrize("plot", [Results.plot_slice, Results.plot_contour])
def test_an_unknown_hyperparameter_is_answered_with_those_there_are(plot, studies):
    with pytest.raises(UsageError, match=r"no hyperparameter 'rat' is tuned .*did you mean 'rate'\?"):
        plot(studies["conditional"], "rat")


def test_a_contour_has_the_hyperparameters_asked_for(studies):
    axes = studies["conditional"].plot_contour("units", "rate")
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("units", "rate", "log")


def test_a_contour_of_one_hyperparameter_takes_the_most_important_one_read_with_it(studies):
    axes = studies["conditional"].plot_contour(y="momentum")
    others = [name for name in studies["conditional"].importance() if name != "momentum"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (others[0], "momentum")


def test_a_contour_of_one_hyperparameter_with_itself_is_refused(studies):
    with pytest.raises(UsageError, match="needs two hyperparameters, got 'rate' twice"):
        studies["conditional"].plot_contour("rate", "rate")


def test_values_that_are_lists_are_levels_too():
    def function(hp):
        return len(hp.Choice("layers", [[8], [8, 8], [8, 8, 8]])) * hp.Float("x", 0, 1)

    axes = searched(function, 12).plot_contour("layers", "x")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["[8]", "[8, 8]", "[8, 8, 8]"]


def test_a_stopped_curve_ends_where_it_was_stopped():
    def function(hp, report):
        level = hp.Choice("level", [1, 2])
        for epoch in range(1, 4 + level):
            report(epoch, {"score": level * epoch})

    axes = Results(fakes.search(function, Grid(), max_trials=None, reports=True)).plot_curves()
    (other,) = axes.collections[0].get_segments()
    assert (other[-1][0], line(axes, "best (trial 1)").get_xdata()[-1]) == (4, 5)
    assert labels(axes) == ["completed", "best (trial 1)"]


def test_several_executions_have_a_band():
    values = iter([0.1, 0.2])

    def function(hp):
        hp.Choice("x", [1])
        return next(values)

    axes = Results(fakes.search(function, max_trials=1, executions=2)).plot_curves()
    assert len(axes.collections) == 1


def test_the_timeline_has_a_bar_for_each_attempt(studies):
    axes = studies["conditional"].plot_timeline()
    failed = sum(trial.status == "failed" for trial in studies["conditional"])
    bars = {found.get_label(): len(found.get_paths()) for found in axes.collections}
    assert bars == {"completed": 60 - failed, "failed": failed}


def test_a_notebook_shows_the_history_above_the_table(studies):
    shown = studies["three trials"]._repr_html_()
    assert shown.startswith("<svg ")
    assert shown.count("<svg ") == shown.count("<table ") == 1


def test_a_notebook_without_matplotlib_shows_the_table(studies, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert studies["three trials"]._repr_html_().startswith("<table ")


def test_names_in_a_notebooks_picture_are_no_markup():
    function = Objective("<img onerror=x>$", "max")
    history = fakes.search(lambda hp: {"<img onerror=x>$": hp.Float("x", 0, 1)}, max_trials=2, objective=function)
    assert "<img" not in Results(history)._repr_html_()
