"""Cross-validation: which rows each execution of a trial trains and validates on."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from kerastune_lite.errors import DataError, UsageError
from kerastune_lite.training.data_cache import DataCache
from kerastune_lite.training.folds import Folds, class_labels
from tests import tiny
from tests.training.attempts import Trial, whole

X = np.arange(24.0).reshape(12, 2)
CLASSES = np.repeat([0, 1], [8, 4])
REAL = np.linspace(0.05, 0.95, 12)


def folds(cv, y=CLASSES, *, groups=None, seed=7, **arguments):
    made = Folds(cv, {"x": X, "y": y, **arguments}, groups)
    return [(fold.train.tolist(), fold.test.tolist()) for fold in made.of(seed)]


def split(splitter, y=CLASSES, groups=None):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(X, y, groups)]


@pytest.mark.parametrize(
    "y",
    [
        CLASSES,
        CLASSES[:, None],
        CLASSES.astype("float32"),
        CLASSES.astype(bool),
        np.eye(2)[CLASSES],
        pd.Series(CLASSES),
    ],
    ids=["vector", "column", "float", "bool", "one-hot", "pandas"],
)
def test_a_number_of_folds_stratifies_class_labels_in_an_order_by_the_seed(y):
    assert folds(4, y) == split(StratifiedKFold(4, shuffle=True, random_state=7))


def test_texts_are_class_labels():
    y = np.array(["cat", "dog"])[CLASSES]
    expected = split(StratifiedKFold(4, shuffle=True, random_state=7))
    assert folds(4, y) == folds(4, y.astype(object)) == expected


@pytest.mark.parametrize(
    "y",
    [REAL, np.arange(12), np.repeat([0, 1], [10, 2]), np.ones((12, 3)), {"a": CLASSES, "b": REAL}, np.zeros(12)],
    ids=["real", "counts", "rare class", "several columns", "several outputs", "one class"],
)
def test_other_targets_are_shuffled_without_strata(y):
    assert folds(4, y) == split(KFold(4, shuffle=True, random_state=7))


def test_without_targets_rows_are_shuffled():
    assert folds(3, None) == split(KFold(3, shuffle=True, random_state=7))


def test_multiple_labels_per_row_are_no_class_labels():
    assert class_labels(np.array([[1, 1], [0, 1], [1, 0]])) is None


@pytest.mark.parametrize("splitter", [ShuffleSplit(3), KFold(3, shuffle=True), RepeatedKFold(n_splits=3, n_repeats=2)])
def test_a_splitter_without_a_random_state_takes_the_seed_and_is_not_changed(splitter):
    assert folds(splitter) == folds(splitter)
    assert folds(splitter) != folds(splitter, seed=8)
    assert splitter.random_state is None


def test_a_splitter_keeps_a_random_state_of_its_own():
    splitter = KFold(3, shuffle=True, random_state=1)
    assert folds(splitter) == folds(splitter, seed=8) == split(splitter)


@pytest.mark.parametrize("splitter", [KFold(3), TimeSeriesSplit(3), PredefinedSplit(np.arange(12) % 3)])
def test_a_splitter_without_randomness_is_used_as_it_is(splitter):
    assert folds(splitter) == split(splitter)


@pytest.mark.parametrize("splitter", [GroupKFold(3), LeaveOneGroupOut()])
def test_groups_are_kept_together(splitter):
    groups = np.arange(12) % 4
    assert folds(splitter, groups=list(groups)) == split(splitter, groups=groups)


def test_pairs_of_indices_or_of_masks_are_folds():
    first = np.arange(12) < 4
    assert folds([(~first, first), ([0, 1], [2, 3])]) == [(list(range(4, 12)), [0, 1, 2, 3]), ([0, 1], [2, 3])]


def test_a_seed_of_any_size_is_taken():
    assert folds(3, seed=2**40 + 7) == folds(3, seed=7)


def test_the_description_tells_the_folds_apart():
    texts = {str(Folds(cv, {"x": X, "y": CLASSES})) for cv in (3, 4, KFold(3), KFold(3, shuffle=True, random_state=1))}
    assert len(texts) == 4
    assert str(Folds(3, {"x": X, "y": CLASSES})).startswith("StratifiedKFold, 3 folds of 12 rows (")
    assert str(Folds(3, {"x": X, "y": CLASSES})) == str(Folds(3, {"x": X + 1, "y": CLASSES}))


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, CLASSES


@pytest.mark.parametrize(
    ("cv", "arguments", "message"),
    [
        (3, {"validation_data": (X, CLASSES)}, "give cv or validation_data, not both"),
        (3, {"validation_split": 0.2}, "give cv or validation_split, not both"),
        (3, {"x": tf.data.Dataset.from_tensors((X, CLASSES)), "y": None}, "x is a .*Dataset; give .* arrays, or leave"),
        (3, {"x": Sequence(), "y": None}, "x is a Sequence; give"),
        (3, {"x": lambda: X}, "x is a function; give"),
        (3, {"y": CLASSES[:-1]}, "the same number of rows: x has 12, y has 11"),
        (3, {"x": [X, X[:-1]]}, "x has 11 and 12"),
        (3, {"sample_weight": REAL[:-1]}, "sample_weight has 11"),
        (13, {}, r"cv=13 cannot split the 12 rows: .*13.* greater than the number of samples"),
        (GroupKFold(3), {}, "cannot split the 12 rows: The 'groups' parameter should not be None.*; give them"),
        (StratifiedKFold(3), {"y": REAL}, "cannot split the 12 rows: Supported target types"),
        ([([0], [12])], {}, "fold 0 has no rows, or others than 0 to 11"),
        ([([0, 1], [2]), ([], [1])], {}, "fold 1 has no rows"),
        ([], {}, "gives no fold"),
    ],
)
def test_what_cannot_be_split_is_an_error_with_its_reason(cv, arguments, message):
    with pytest.raises(DataError, match=message):
        Folds(cv, {"x": X, "y": CLASSES, **arguments})


def test_groups_of_another_length_are_an_error():
    with pytest.raises(DataError, match="groups has 11 labels for 12 rows"):
        folds(GroupKFold(3), groups=np.zeros(11))


def test_groups_that_a_number_of_folds_would_not_use_are_an_error():
    with pytest.raises(UsageError, match=r"cv=3 does not use groups.*GroupKFold\(3\)"):
        folds(3, groups=np.zeros(12))


def test_all_arrays_of_a_nest_are_split_by_rows():
    frame = pd.DataFrame({"a": X[:, 0]}, index=np.arange(12)[::-1])
    arguments = {
        "x": {"frame": frame, "pair": [X, tf.constant(X)]},
        "y": (CLASSES, None),
        "sample_weight": REAL,
        "class_weight": {0: 1.0, 1: 2.0},
    }
    (fold,) = Folds([([0, 5], [3])], arguments).of(0)
    selected = fold.select(arguments)
    assert selected["x"]["frame"]["a"].tolist() == [0, 10]
    assert [part[:, 0].tolist() for part in map(np.asarray, selected["x"]["pair"])] == [[0, 10]] * 2
    assert (selected["y"][0].tolist(), selected["y"][1]) == ([0, 0], None)
    assert selected["class_weight"] == arguments["class_weight"]
    x, y, weight = selected["validation_data"]
    assert (x["frame"]["a"].tolist(), y[0].tolist(), weight.tolist()) == ([6], [0], [REAL[3]])


def rows(dataset):
    return sorted(int(row) for batch in dataset for row in batch[1])


def test_the_data_cache_gives_each_fold_its_rows_trial_after_trial():
    cache, y = DataCache(), np.arange(12)
    made = Folds(KFold(3), {"x": X, "y": y}).of(0)
    for _ in range(2):
        for fold in made:
            arguments, pipeline, _ = cache.feed({"x": X, "y": y, "batch_size": 5}, keep=True, fold=fold)
            pipeline.begin_epoch(1, 0)
            assert rows(arguments["x"]) == fold.train.tolist()
            assert rows(arguments["validation_data"]) == fold.test.tolist()


def test_the_data_cache_reuses_the_pipelines_of_each_fold():
    cache = DataCache()
    made = Folds(3, {"x": X, "y": CLASSES}).of(0)
    first, second = ([cache.feed({"x": X, "y": CLASSES}, keep=True, fold=fold)[1] for fold in made] for _ in range(2))
    assert first == second
    assert len(set(first)) == 3


def test_data_that_is_not_cached_is_split_too():
    (fold, *_) = Folds(KFold(3), {"x": X, "y": CLASSES}).of(0)
    arguments, pipeline, _ = DataCache().feed({"x": X, "y": CLASSES, "shuffle": "batch"}, keep=True, fold=fold)
    assert pipeline is None
    assert arguments["x"].tolist() == X[4:].tolist()
    assert arguments["validation_data"][0].tolist() == X[:4].tolist()


def build(hp):
    return tiny.compiled(tiny.network(4, dropout=0.3))


def cross_validated(directory, run=Trial, **options):
    arguments = {"x": tiny.X[:36], "y": tiny.Y[:36], "validation_data": None, "epochs": 2, **options}
    return run(directory, build, executions=5, cv=5, **arguments)


@pytest.mark.parametrize("options", [{}, {"shuffle": "batch"}, {"sample_weight": np.linspace(0, 1, 36)}], ids=str)
def test_a_trial_killed_in_its_third_fold_ends_as_an_uninterrupted_one(tmp_path, options):
    uncut = cross_validated(tmp_path / "whole", whole, **options)
    trial = cross_validated(tmp_path / "cut", **options)
    assert trial.attempt(kill_at=1, execution=2)
    assert not trial.attempt()
    assert trial.places == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2)]
    assert trial.curves == uncut.curves
    assert (trial.note is None) == ("shuffle" not in options)


def test_each_execution_scores_the_rows_of_its_fold(tmp_path):
    seen = []

    class See(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((self.model.get_weights(), logs["val_loss"]))

    cross_validated(tmp_path, whole, epochs=1, callbacks=lambda: [See()])
    x, y = tiny.X[:36], tiny.Y[:36]
    made = Folds(5, {"x": x, "y": y}).of(0)
    for fold, (weights, loss) in zip(made, seen, strict=True):
        model = build(None)
        model.set_weights(weights)
        assert model.evaluate(x[fold.test], y[fold.test], verbose=0)[0] == pytest.approx(loss, rel=1e-5)
