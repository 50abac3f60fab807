import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kerastune_lite as kt
from kerastune_lite.errors import SearchError, UsageError
from tests import tiny

X, Y = tiny.X, tiny.Y


def logistic(hp):
    return LogisticRegression(C=hp.Choice("C", [1e-4, 1.0]))


@pytest.fixture
def tuner(tmp_path):
    def make(build=logistic, **options):
        options = {"max_trials": None, "strategy": kt.strategies.Grid(), "directory": tmp_path, **options}
        return kt.SklearnTuner(build, tensorboard=False, **options)

    return make


def test_the_score_is_the_mean_over_the_folds(tuner):
    folds = KFold(3)
    results = tuner(cv=folds).search(X, Y, verbose=0)
    model = LogisticRegression(C=1.0)
    scores = [model.fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in folds.split(X)]
    assert (results.best.values, results.best.score) == ({"C": 1.0}, pytest.approx(np.mean(scores)))


def test_the_best_estimators_are_fitted_to_all_rows(tuner):
    a_tuner = tuner()
    a_tuner.search(X, Y, verbose=0)
    first, second = a_tuner.get_best_models(2)
    assert (first.C, second.C) == (1.0, 1e-4)
    assert first.predict(X) == pytest.approx(LogisticRegression(C=1.0).fit(X, Y).predict(X))


def test_without_a_search_in_this_process_there_are_no_estimators(tuner):
    tuner().search(X, Y, verbose=0)
    again = tuner()
    assert again.get_best_hyperparameters()[0].values == {"C": 1.0}
    with pytest.raises(SearchError, match=r"call search\(X, y\) first"):
        again.get_best_models()


def test_a_scoring_and_metrics_are_recorded(tuner):
    def error(model, x, y):
        return 1 - model.score(x, y)

    a_tuner = tuner(objective=kt.Objective("error", "min"), scoring=error, metrics=[accuracy_score])
    best = a_tuner.search(X, Y, verbose=0).best
    assert best.metrics["accuracy_score"] == pytest.approx(1 - best.score)


def test_data_frames_are_split_by_rows(tuner):
    frame, target = pd.DataFrame(X, index=range(100, 100 + len(X))), pd.Series(Y, index=range(100, 100 + len(X)))
    assert tuner().search(frame, target, verbose=0).best.score == pytest.approx(
        tuner(project_name="arrays").search(X, Y, verbose=0).best.score
    )


def test_weights_reach_estimators_and_scores(tuner):
    weight = (Y == 1) * 1.0
    results = tuner(lambda hp: DummyClassifier(strategy=hp.Fixed("strategy", "most_frequent")), cv=KFold(4)).search(
        X, 1 - Y, sample_weight=weight, verbose=0
    )
    assert results.best.score == 1.0


def test_an_estimator_that_takes_no_weights_is_fitted_without(tuner):
    results = tuner(
        lambda hp: make_pipeline(StandardScaler(), LogisticRegression(C=hp.Choice("C", [1.0]))),
        scoring=make_scorer(accuracy_score),
    ).search(X, Y, sample_weight=np.ones(len(X)), verbose=0)
    assert 0.5 < results.best.score <= 1


def test_groups_reach_the_splitter(tuner):
    groups = np.arange(len(X)) // 24
    assert len(tuner(cv=GroupKFold(4)).search(X, Y, groups=groups, verbose=0)) == 2


def test_an_oracle_may_say_it_all(tmp_path):
    tuner = kt.SklearnTuner(
        kt.oracles.RandomSearchOracle(max_trials=2, seed=1),
        lambda hp: Ridge(hp.Float("alpha", 1e-3, 1)),
        directory=tmp_path,
        tensorboard=False,
    )
    assert len(tuner.search(X, Y, verbose=0)) == 2
    assert (tuner.objective.name, tuner.objective.direction) == ("score", "max")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: kt.SklearnTuner(oracle="mine", hypermodel=logistic), "oracle='mine' must be one of kt.oracles"),
        (lambda: kt.SklearnTuner(max_trials=3), "give hypermodel"),
        (lambda: kt.SklearnTuner(oracle=kt.oracles.GridSearchOracle()), "give hypermodel"),
    ],
)
def test_impossible_arguments_are_refused(make, said):
    with pytest.raises(UsageError, match=said):
        make()
