"""The numbers that Python and the page of the Tuning tab both show, on the same studies: `views.json` has both."""

import json
from pathlib import Path

import pytest

from kerastune_lite.analysis.progress import edf, progress, score_range
from kerastune_lite.study.events import Ended, Reported, Stamp, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes

CASES = json.loads((Path(__file__).parent / "views.json").read_text())


def history_of(case):
    """A study with the trials of a case."""
    objective = Objective("score", case["direction"])
    history = History([fakes.opened(objective=objective, stamp=Stamp(wall=case["started"]))])
    for trial in case["trials"]:
        number, end = trial["number"], Stamp(wall=trial["ended"])
        history.apply(Started(trial=number, attempt=1, values={}))
        if trial["score"] is not None:
            history.apply(Reported(trial=number, execution=0, epoch=1, metrics={"score": trial["score"]}))
        history.apply(Ended(trial=number, outcome=trial["status"], stamp=end))
    return history


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_python_has_the_numbers_of_the_file(case):
    history = history_of(case)
    scores = [step.score for step in progress(history) if step.score is not None]
    shown = score_range(scores, history.objective)
    assert {
        "best": [[step.trial, step.score, step.best] for step in progress(history)],
        "best_by_time": [[step.trial, step.seconds, step.best] for step in progress(history, by_time=True)],
        "edf": [list(point) for point in edf(history)],
        "range": shown and list(shown),
        "leaderboard": [trial.number for trial in history.ranked()],
    } == {name: case[name] for name in ("best", "best_by_time", "edf", "range", "leaderboard")}
