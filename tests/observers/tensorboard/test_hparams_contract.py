"""What the HParams tab shows, asked of the plugin itself."""

import math

import pytest

from kerastune_lite.errors import Infeasible, StudyWriteError
from kerastune_lite.observers.tensorboard import EventFile, SearchBoard, columns
from kerastune_lite.space.kinds import Int
from kerastune_lite.strategies import Grid
from kerastune_lite.study.events import Ended, SearchStarted, Stamp, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import identity, trial_name
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests import fakes
from tests.fakes import SCORE
from tests.observers.tensorboard.hparams_page import Page


@pytest.fixture
def watch(tmp_path):
    """Searches with a board beside it, and gives the history and what TensorBoard shows then."""

    def run(function, strategy=None, *, store=None, **options):
        observers = [SearchBoard(tmp_path)]
        options = {"objective": Objective("val_accuracy", "max"), "reports": True, "max_trials": 4, **options}
        history = fakes.search(function, strategy, store=store, observers=observers, **options)
        return history, Page(tmp_path)

    return run


def train(hp, report, values=(0.5, 0.9, 0.7)):
    """Peaks in the second epoch, higher with more units."""
    units = hp.Choice("units", [16, 32])
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    for epoch, value in enumerate(values, start=1):
        if report(epoch, {"loss": 1 / epoch, "val_accuracy": value + units / 1000}):
            return


def test_the_search_is_declared_with_domains_types_and_the_objective_first(watch):
    _, page = watch(train)
    assert page.columns["units"] == {"type": "text", "domain": ["16", "32"], "differs": True, "shown as": "units"}
    assert page.columns["rate"]["domain"] == (1e-4, 1e-1)
    assert page.metrics == [
        ("objective/best", "best"),
        ("validation/accuracy", "val_accuracy"),
        ("train/loss", "loss"),
    ]


def test_every_trial_is_a_session_with_what_it_read(watch):
    history, page = watch(train)
    sessions = page.sessions()
    assert sorted(sessions) == ["trial_0000", "trial_0001", "trial_0002", "trial_0003"]
    for trial in history.trials:
        values = {**trial.values, "units": str(trial.values["units"])}
        assert sessions[trial_name(trial.number)].values == values
        assert sessions[trial_name(trial.number)].status == "success"


def test_the_best_epochs_value_stands_beside_the_last_ones(watch):
    _, page = watch(train, Grid(points=1))
    session = page.sessions()["trial_0000"]
    assert session.metrics["objective/best"] == 0.916
    assert session.metrics["validation/accuracy"] == 0.716


def test_sorting_by_the_best_value_gives_the_ranking_of_the_results(watch):
    def function(hp, report):
        for epoch in (1, 2):
            report(epoch, {"val_accuracy": hp.Float("x", 0, 1) / epoch})

    history, page = watch(function, max_trials=8)
    ranked = [trial_name(trial.number) for trial in history.ranked()]
    assert list(page.sessions(order_by="objective/best")) == ranked


def test_an_objective_to_minimise_is_ranked_upwards(watch):
    def function(hp, report):
        report(1, {"val_loss": hp.Float("x", 0, 1)})

    history, page = watch(function, objective=Objective("val_loss", "min"), max_trials=8)
    ranked = [trial_name(trial.number) for trial in history.ranked()]
    assert list(page.sessions(order_by="objective/best", descending=False)) == ranked


def test_metrics_are_grouped_by_side_and_run_over_epochs(watch):
    _, page = watch(train, Grid(points=1), max_trials=1)
    assert page.curve("trial_0000", "train/loss") == [(1, 1), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [step for step, _ in page.curve("trial_0000", "validation/accuracy")] == [1, 2, 3]
    best = [value for _, value in page.curve("trial_0000", "objective/best")]
    assert best == pytest.approx([0.516, 0.916, 0.916])


def test_one_run_a_trial_and_one_event_file_a_run(watch, tmp_path):
    _, page = watch(train)
    assert page.runs() == {"_schema_2", "_search", "_tuning", *map(trial_name, range(4))}
    assert [len(list((tmp_path / run).iterdir())) for run in page.runs()] == [1] * 7


def test_a_trial_that_fails_in_its_first_line_is_a_session_that_failed(watch):
    def function(hp, report):
        if hp.Choice("kind", ["good", "bad"]) == "bad":
            raise RuntimeError("out of luck")
        report(1, {"val_accuracy": 0.5})

    history, page = watch(function, Grid(), max_trials=None)
    assert [(row.values, row.outcome, row.status) for row in page.sessions().values()] == [
        ({"kind": "good"}, "completed", "success"),
        ({"kind": "bad"}, "failed", "failure"),
    ]
    assert "RuntimeError: out of luck" in page.text("trial_0001", "trial")
    assert history[1].status == "failed"


def test_a_trial_that_fails_before_it_reads_anything_is_a_session(watch):
    def function(hp, report):
        raise RuntimeError("nothing works")

    _, page = watch(function, max_trials=1)
    assert [(row.values, row.outcome, row.status) for row in page.sessions().values()] == [({}, "failed", "failure")]


def test_an_infeasible_trial_is_visible_and_says_why(watch):
    def function(hp, report):
        if hp.Choice("size", ["small", "huge"]) == "huge":
            raise Infeasible("too many parameters")
        report(1, {"val_accuracy": 0.5})

    _, page = watch(function, Grid(), max_trials=None)
    assert page.sessions()["trial_0001"].outcome == "infeasible"
    assert "too many parameters" in page.text("trial_0001", "trial")


def test_a_trial_stopped_early_is_a_success_with_its_reason(watch):
    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": 0.5, "loss": 1.0})
        report(2, {"val_accuracy": 0.6, "loss": math.inf})

    _, page = watch(function, Grid(), max_trials=1)
    assert page.sessions()["trial_0000"].outcome == "stopped"
    assert "the loss became inf in epoch 2" in page.text("trial_0000", "trial")


def test_a_trial_is_unfinished_while_it_runs(watch, tmp_path):
    seen = []

    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": 0.5})
        seen.append(Page(tmp_path).sessions()["trial_0000_unfinished"])

    _, page = watch(function, max_trials=1)
    assert (seen[0].values, seen[0].outcome, seen[0].status) == ({"kind": "a"}, "unfinished", "unknown")
    assert seen[0].metrics["objective/best"] == 0.5
    assert {name: row.outcome for name, row in page.sessions().items()} == {"trial_0000": "completed"}


def test_what_is_not_finite_is_nan_and_never_the_best(watch):
    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": -math.inf})
        report(2, {"val_accuracy": 0.25})
        report(3, {"val_accuracy": math.nan})

    _, page = watch(function, Grid(), max_trials=1)
    session = page.sessions()["trial_0000"]
    assert session.metrics == {"objective/best": 0.25, "validation/accuracy": "NaN"}
    assert page.curve("trial_0000", "objective/best") == [(2, 0.25), (3, 0.25)]


def test_a_space_that_grows_is_declared_anew_in_the_one_schema_run(watch, tmp_path):
    def function(hp, report):
        if hp.Choice("kind", ["plain", "deep"]) == "deep":
            hp.Int("depth", 2, 5)
        report(1, {"val_accuracy": 0.5})

    _, page = watch(function, Grid(), max_trials=None)
    assert page.columns["depth"]["domain"] == ["2", "3", "4", "5"]
    assert len([run for run in page.runs() if run.startswith("_schema")]) == 1
    assert [row.values for row in page.sessions().values()][:2] == [{"kind": "plain"}, {"kind": "deep", "depth": "2"}]


def test_metrics_that_appear_late_join_the_columns(watch):
    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": 0.5})
        report(2, {"val_accuracy": 0.5, "f1": 0.3})

    _, page = watch(function, Grid(), max_trials=1)
    assert ("train/f1", "f1") in page.metrics


def test_an_inactive_hyperparameter_has_no_value(watch):
    def function(hp, report):
        fakes.declared(hp)
        report(1, {"val_accuracy": 0.5})

    history, page = watch(function, Grid(), max_trials=None)
    sessions = page.sessions()
    assert [set(sessions[trial_name(t.number)].values) for t in history.trials] == [
        set(t.values) for t in history.trials
    ]


def test_values_of_every_kind_are_shown_as_what_they_are(watch):
    def function(hp, report):
        hp.Boolean("flag")
        hp.Choice("words", ["one", "two"])
        hp.Choice("mixed", [1, None, "auto"])
        hp.Choice("shapes", [(1, 2), (3, 4)])
        hp.Fixed("batch", 32)
        report(1, {"val_accuracy": 0.5})

    _, page = watch(function, Grid(), max_trials=1)
    values = {"flag": False, "words": "one", "mixed": "1", "shapes": "(1, 2)", "batch": "32"}
    assert page.sessions()["trial_0000"].values == values
    assert page.columns["flag"]["type"] == "boolean"
    assert page.columns["mixed"] | {"differs": None} == {
        "type": "text",
        "domain": ["1", "None", "auto"],
        "differs": None,
        "shown as": "mixed",
    }
    assert not page.columns["batch"]["differs"]


def test_a_name_of_two_kinds_has_two_columns(watch):
    def function(hp, report):
        if hp.Choice("how", ["words", "number"]) == "words":
            hp.Choice("rate", ["slow", "fast"])
        else:
            hp.Float("rate", 0, 1)
        report(1, {"val_accuracy": 0.5})

    _, page = watch(function, Grid(points=1), max_trials=None)
    assert {"rate", "rate (Float)"} <= set(page.columns)
    assert page.sessions()["trial_0002"].values == {"how": "number", "rate (Float)": 0}


def test_later_executions_have_tags_of_their_own_and_the_best_is_their_mean(watch):
    scores = iter([0.2, 0.6])

    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": next(scores)})

    _, page = watch(function, Grid(), max_trials=1, executions=2)
    assert page.curve("trial_0000", "validation/accuracy") == [(1, pytest.approx(0.2))]
    assert page.curve("trial_0000", "execution_2/validation/accuracy") == [(1, pytest.approx(0.6))]
    assert page.sessions()["trial_0000"].metrics["objective/best"] == pytest.approx(0.4)


def test_the_deviation_over_executions_is_a_column_beside_the_best(watch):
    scores = iter([0.2, 0.6, 0.1, 0.3])

    def function(hp, report):
        hp.Choice("kind", ["a", "b"])
        report(1, {"val_accuracy": next(scores)})

    _, page = watch(function, Grid(), max_trials=2, executions=2)
    assert page.metrics[:2] == [("objective/best", "best"), ("objective/deviation", "deviation")]
    sessions = page.sessions().values()
    assert [row.metrics["objective/deviation"] for row in sessions] == pytest.approx([0.282843, 0.141421])
    assert "| deviation | 0.283 over 2 executions |" in page.text("trial_0000", "trial")
    assert page.text("_search", "search/leaderboard").splitlines()[1].split()[2] == "deviation"


def test_a_search_of_one_execution_has_no_column_for_the_deviation(watch):
    _, page = watch(train)
    assert "objective/deviation" not in dict(page.metrics)


def test_trials_of_a_resumed_search_with_more_executions_get_a_column_for_the_deviation(watch):
    def function(hp, report):
        report(1, {"val_accuracy": hp.Choice("x", [0.5, 0.3])})

    store = MemoryStore()
    watch(function, Grid(), store=store, max_trials=1)
    _, page = watch(function, Grid(), store=store, max_trials=2, executions=2)
    assert [row.metrics.get("objective/deviation") for row in page.sessions().values()] == [None, 0.0]


def test_a_duplicate_leaves_no_run(tmp_path):
    board, history = SearchBoard(tmp_path), History()
    for event in (
        fakes.opened(),
        Started(trial=0, attempt=1, values={"x": 1}),
        fakes.reads(0, (Int("x", 1, 9), 1)),
        Ended(trial=0, outcome="duplicate"),
    ):
        history.apply(event)
        board(event, history)
    board.close()
    assert Page(tmp_path).sessions() == {}
    assert not (tmp_path / "trial_0000").exists()


def test_the_search_run_tells_scores_and_the_best_so_far(watch):
    def function(hp, report):
        report(1, {"val_accuracy": hp.Choice("x", [0.5, 0.25, 0.75])})

    _, page = watch(function, Grid(), max_trials=None)
    assert page.curve("_search", "search/score") == [(1, 0.5), (2, 0.25), (3, 0.75)]
    assert page.curve("_search", "search/best") == [(1, 0.5), (2, 0.5), (3, 0.75)]
    assert page.text("_search", "search/leaderboard").splitlines() == [
        "```",
        "trial  val_accuracy  epoch     x",
        "    2          0.75      1  0.75",
        "    0           0.5      1   0.5",
        "    1          0.25      1  0.25",
        "```",
    ]
    assert "| objective | val_accuracy (max), best epoch |" in page.text("_search", "search/settings")


def test_a_study_gone_on_with_is_shown_as_one(watch):
    def function(hp, report):
        report(1, {"val_accuracy": hp.Choice("units", [0.5, 0.25])})
        report(2, {"val_accuracy": 0.3})

    store = MemoryStore()
    watch(function, Grid(), store=store, max_trials=1)
    _, page = watch(function, Grid(), store=store, max_trials=2)
    assert page.curve("_search", "search/best") == [(1, 0.5), (2, 0.5)]
    rows = page.sessions().values()
    assert [(row.metrics["objective/best"], row.status) for row in rows] == [(0.5, "success"), (0.3, "success")]


def test_a_trial_whose_process_died_before_its_end_was_written_is_written_anew(watch, tmp_path):
    store = MemoryStore()
    watch(train, store=store, max_trials=1)
    before = Page(tmp_path).sessions()["trial_0000"]
    (file,) = (tmp_path / "trial_0000").iterdir()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    _, page = watch(train, store=store, max_trials=1)
    assert page.sessions()["trial_0000"] == before


def test_a_retried_trial_shows_its_last_attempt(watch):
    calls = []

    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": 0.1 * (len(calls) + 1)})
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")

    _, page = watch(function, Grid(), max_trials=1, max_retries_per_trial=1)
    session = page.sessions()["trial_0000"]
    assert (session.status, session.metrics["objective/best"]) == ("success", 0.2)
    assert len(page.curve("trial_0000", "validation/accuracy")) == 1


def test_an_interrupted_trial_is_unfinished(watch, tmp_path):
    def function(hp, report):
        hp.Choice("kind", ["a"])
        report(1, {"val_accuracy": 0.5})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(function, max_trials=1)
    sessions = Page(tmp_path).sessions()
    assert {name: (row.values, row.outcome) for name, row in sessions.items()} == {
        "trial_0000_unfinished": ({"kind": "a"}, "unfinished")
    }


def test_bringing_a_board_up_to_date_needs_only_the_record(tmp_path):
    store = MemoryStore()
    history = fakes.search(train, store=store, reports=True, objective=Objective("val_accuracy", "max"), max_trials=3)
    opened = next(event for event in store.events() if isinstance(event, SearchStarted))
    board = SearchBoard(tmp_path)
    board(opened, History(store.events()))
    board.close()
    sessions = Page(tmp_path).sessions()
    assert {name: row.metrics["objective/best"] for name, row in sessions.items()} == {
        trial_name(trial.number): pytest.approx(trial.score) for trial in history.trials
    }


def test_a_place_that_cannot_be_written_ends_the_search_with_its_path(tmp_path):
    (tmp_path / "board").write_text("in the way")
    with pytest.raises(StudyWriteError, match=r"cannot write .*board: .*; choose another|part of the path is a file"):
        fakes.search(train, observers=[SearchBoard(tmp_path / "board")], reports=True)


def test_two_studies_below_one_directory_have_rows_and_values_of_their_own(tmp_path):
    for study, score in (("first", 0.25), ("second", 0.75)):

        def function(hp, report, study=study, score=score):
            hp.Choice("kind", [study])
            report(1, {SCORE.name: score})

        fakes.search(function, Grid(), observers=[SearchBoard(tmp_path / study / "tensorboard")], reports=True)
    rows = Page(tmp_path).sessions()
    assert {name: (row.values["kind"], row.metrics["objective/best"]) for name, row in rows.items()} == {
        "first/tensorboard/trial_0000": ("first", 0.25),
        "second/tensorboard/trial_0000": ("second", 0.75),
    }


def test_each_ended_trial_is_visible_at_once_and_joins_the_leaderboard(tmp_path):
    seen = []

    def function(hp, report):
        value = hp.Choice("x", [0.75, 0.25, 0.5])
        if value != 0.75:
            page = Page(tmp_path)
            seen.append((page.curve("_search", "search/best"), page.text("_search", "search/leaderboard")))
        if value == 0.25:
            raise Infeasible("not this one")
        report(1, {SCORE.name: value})

    fakes.search(
        function,
        Grid(),
        objective=Objective(SCORE.name, "max"),
        observers=[SearchBoard(tmp_path)],
        reports=True,
        max_trials=None,
    )
    assert [curve for curve, _ in seen] == [[(1, 0.75)], [(1, 0.75), (2, 0.75)]]
    assert all("    0   0.75" in board for _, board in seen)
    assert "    2    0.5" in Page(tmp_path).text("_search", "search/leaderboard")


def score_x(hp, report):
    report(1, {SCORE.name: hp.Choice("x", [0.5, 0.25, 0.75])})


def searched(directory, function=score_x, *, store=None, shared_by=None, **options):
    options = {"reports": True, "max_trials": None, **options}
    board = SearchBoard(directory, shared_by=shared_by)
    return fakes.search(function, Grid(), store=store, observers=[board], **options)


def test_an_open_page_takes_the_status_of_a_trial_that_ends(tmp_path):
    seen = []

    def function(hp, report):
        x = hp.Choice("x", [0.5, 0.25])
        report(1, {SCORE.name: x})
        seen.append(Page(tmp_path))

    searched(tmp_path, function)
    for page in seen:
        page.reload()
        assert {name: row.outcome for name, row in page.sessions().items()} == {
            "trial_0000": "completed",
            "trial_0001": "completed",
        }


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "doubled", "of an earlier version"])
def test_a_damaged_run_is_written_again_and_others_are_left(tmp_path, damage):
    store = MemoryStore()
    searched(tmp_path, store=store)
    files = [next((tmp_path / trial_name(number)).iterdir()) for number in range(3)]
    before, content = Page(tmp_path).sessions(), files[1].read_bytes()
    match damage:
        case "cut":
            files[1].write_bytes(content[:-1])
        case "flipped":
            files[1].write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        case "gone":
            files[1].unlink()
        case "doubled":
            files[1].with_name(files[1].name.replace(".000.", ".001.")).write_bytes(content)
        case "of an earlier version":
            files[1].rename(files[1].with_name(files[1].name.partition(".000.")[0] + ".0"))
    searched(tmp_path, store=store)
    assert Page(tmp_path).sessions() == before
    (written,) = (tmp_path / "trial_0001").iterdir()
    assert written.read_bytes() == content
    assert files[0].exists()
    assert files[2].exists()


def test_runs_of_trials_that_the_record_has_not_are_deleted(tmp_path):
    whole, short = MemoryStore(), MemoryStore()
    searched(tmp_path, store=whole)
    for event in whole.events():
        if getattr(event, "trial", None) in (None, 0):
            short.append(event)
    searched(tmp_path, store=short, max_trials=1)
    assert list(Page(tmp_path).sessions()) == ["trial_0000"]


def test_runs_of_a_deleted_study_are_deleted_in_the_studys_own_directory_alone(tmp_path):
    for directory, study in ((tmp_path / "own", None), (tmp_path / "shared", tmp_path / "study")):
        searched(directory, shared_by=study)
        searched(directory, shared_by=study, max_trials=1)
    assert list(Page(tmp_path / "own").sessions()) == ["trial_0000"]
    assert len(Page(tmp_path / "shared").sessions()) == 4


def test_studies_that_share_a_directory_keep_their_runs_also_when_they_resume(tmp_path):
    stores = [MemoryStore(), MemoryStore()]
    for max_trials in (1, 2):
        for store in stores:
            searched(tmp_path, store=store, shared_by=tmp_path / "study", max_trials=max_trials)
    created = [History(store.events()).created for store in stores]
    assert set(Page(tmp_path).sessions()) == {
        f"study-{identity(one)}/trial_{number:04d}" for one in created for number in range(2)
    }


def test_runs_that_earlier_versions_wrote_among_those_of_other_studies_move(tmp_path):
    store = MemoryStore()
    searched(tmp_path, store=store)
    EventFile(tmp_path / "trial_0007", 1.0, "another").close()
    searched(tmp_path, store=store, shared_by=tmp_path / "study")
    study = f"study-{identity(History(store.events()).created)}"
    assert {path.name for path in tmp_path.iterdir()} == {"trial_0007", study}
    assert {path.name for path in (tmp_path / study).glob("trial_*")} == {"trial_0000", "trial_0001", "trial_0002"}


def test_a_run_of_which_only_the_directory_is_left_is_deleted(tmp_path):
    store = MemoryStore()
    searched(tmp_path, store=store)
    (tmp_path / "trial_0000_unfinished").mkdir()
    searched(tmp_path, store=store)
    assert not (tmp_path / "trial_0000_unfinished").exists()


def test_what_the_user_keeps_beside_the_runs_stays(tmp_path):
    (tmp_path / "trial_0007").mkdir()
    (tmp_path / "trial_0007" / "notes.txt").touch()
    (tmp_path / "trial_0008").touch()
    (tmp_path / "_schema_old").mkdir()
    (tmp_path / "_schema_4").touch()
    mine = sorted(tmp_path.rglob("*"))
    searched(tmp_path)
    searched(tmp_path)
    assert set(mine) <= set(tmp_path.rglob("*"))


def test_lone_surrogates_are_shown_as_escapes(tmp_path):
    def function(hp, report):
        hp.Choice("na\ud800me", ["val\udfffue", "b"])
        report(1, {SCORE.name: 0.5, "met\ud800ric": 1.0})
        raise RuntimeError("err\ud800or")

    searched(tmp_path, function, max_trials=1)
    page = Page(tmp_path)
    assert page.sessions()["trial_0000"].values == {"na\\ud800me": "val\\udfffue"}
    assert "err\\ud800or" in page.text("trial_0000", "trial")
    assert page.curve("trial_0000", "train/met\\ud800ric") == [(1, 1.0)]


def test_a_hyperparameter_that_some_trials_lack_is_not_said_to_differ(tmp_path):
    def function(hp, report):
        if hp.Choice("kind", ["plain", "deep"]) == "deep":
            hp.Int("depth", 2, 5)
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function)
    shown = Page(tmp_path).columns
    assert {name: column["differs"] for name, column in shown.items()} == {
        "(status)": True,
        "depth": False,
        "kind": True,
    }


def test_few_integers_read_as_they_are_and_are_sorted_by_size(tmp_path):
    def function(hp, report):
        hp.Choice("units", [8, 16, 128])
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function)
    cells = [row.values["units"] for row in Page(tmp_path).sessions().values()]
    assert [cell.strip() for cell in cells] == ["8", "16", "128"]
    assert sorted(cells) == cells


def test_many_integers_and_negative_ones_stay_numbers(tmp_path):
    def function(hp, report):
        hp.Int("units", 1, 512)
        hp.Int("shift", -2, 2)
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function, max_trials=1)
    shown = Page(tmp_path).columns
    assert (shown["units"]["type"], shown["units"]["domain"]) == ("number", (1, 512))
    assert shown["shift"]["type"] == "number"


def test_of_a_long_choice_the_first_values_are_declared(tmp_path):
    def function(hp, report):
        hp.Choice("word", [f"w{number}" for number in range(10_000)])
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function, max_trials=1)
    assert len(Page(tmp_path).columns["word"]["domain"]) == 100


def test_a_hyperparameter_called_status_has_a_column_of_its_own(tmp_path):
    def function(hp, report):
        hp.Choice("(status)", ["a"])
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function, max_trials=1)
    assert set(Page(tmp_path).columns) == {"(status)", "(status) (Choice)"}


def test_a_trial_that_fails_between_its_reads_and_is_tried_again_is_shown(tmp_path):
    calls = []

    def function(hp, report):
        hp.Choice("first", ["a"])
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        hp.Choice("second", ["b"])
        report(1, {SCORE.name: 0.5})

    searched(tmp_path, function, max_trials=1, max_retries_per_trial=1)
    (row,) = Page(tmp_path).sessions().values()
    assert (row.values, row.outcome) == ({"first": "a", "second": "b"}, "completed")


def test_a_column_that_becomes_a_number_is_one_in_every_row(tmp_path):
    events = [fakes.opened()]
    for trial, high in enumerate((4, 400)):
        events += [
            Started(trial=trial, attempt=1, values={"x": 3}),
            fakes.reads(trial, (Int("x", 1, high), 3)),
            Ended(trial=trial, outcome="failed"),
        ]
    board, history = SearchBoard(tmp_path), History()
    for event in events:
        history.apply(event)
        board(event, history)
    board.close()
    assert [row.values["x"] for row in Page(tmp_path).sessions().values()] == [3, 3]


def test_an_unfinished_run_that_a_kill_left_beside_the_ended_one_is_deleted(tmp_path):
    store = MemoryStore()
    searched(tmp_path, store=store)
    (tmp_path / "trial_0001").rename(tmp_path / "trial_0001_unfinished")
    searched(tmp_path, store=store)
    assert list(Page(tmp_path).sessions()) == ["trial_0000", "trial_0001", "trial_0002"]


def test_the_columns_are_computed_once_for_a_space_that_stays(tmp_path, monkeypatch):
    computed, compute = [], columns.columns
    monkeypatch.setattr(columns, "columns", lambda space: computed.append(space) or compute(space))
    searched(tmp_path)
    assert len(computed) == 1


def test_overwriting_deletes_runs_of_earlier_versions_by_the_second_they_began(tmp_path):
    event = fakes.opened(stamp=Stamp(wall=5.5))
    for name, second in (("trial_0000", 5), ("trial_0001", 6)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"events.out.tfevents.{second:010d}.kerastune_lite.0").touch()
    SearchBoard(tmp_path, shared_by=tmp_path / "study").delete_runs([event])
    assert [path.name for path in tmp_path.iterdir()] == ["trial_0001"]
