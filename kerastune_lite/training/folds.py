"""Cross-validation: execution k of a trial trains on all rows but those of fold k, and validates on these."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from kerastune_lite.errors import DataError, UsageError
from kerastune_lite.space.number import whole

_ROWS = ("x", "y", "sample_weight")


@final
@dataclass(frozen=True, eq=False)
class Fold:
    """The rows of one execution, as arrays of indices.

    Attributes:
        train: The rows to train on.
        test: The rows to validate on.
    """

    train: Any
    test: Any

    def select(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `fit` with the rows to train on, and those to validate on as `validation_data`."""
        given = {name: arguments[name] for name in _ROWS if arguments.get(name) is not None}
        train, test = ({name: _take(data, rows) for name, data in given.items()} for rows in (self.train, self.test))
        held_out = tuple(test.get(name) for name in _ROWS[: 1 + max(map(_ROWS.index, test))])
        return {**arguments, **train, "validation_data": held_out}


@final
class Folds:
    """The folds of a search: a function of its seed, the same for all trials.

    Args:
        cv: A number of folds or a splitter of scikit-learn, or a list of pairs of indices.
        arguments: The arguments of `fit` by name.
        groups: A label per row, for splitters that keep the rows of a group together; None for none.

    Raises:
        DataError: The data is not arrays, or cannot be split.
    """

    def __init__(self, cv: Any, arguments: Mapping[str, Any], groups: Any = None) -> None:
        self._cv = cv
        _check_alone(arguments)
        given = {name: arguments[name] for name in _ROWS if arguments.get(name) is not None}
        self._count = _count(given)
        self._x, self._y = _single(given["x"]), given.get("y")
        self._labels = None if self._y is None else class_labels(self._y)
        self._groups = None if groups is None else _checked_groups(groups, cv, self._count)
        self._by_seed: dict[int, Sequence[Fold]] = {}
        example = self._split(0)
        self._length, self._digest = len(example), _digest(example)
        self._name = type(self._splitter(0)).__name__

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        """For the record: two searches with equal text and seed have the same folds."""
        return f"{self._name}, {len(self)} folds of {self._count} rows ({self._digest})"

    def of(self, seed: int) -> Sequence[Fold]:
        """The folds of the study with this seed, split once."""
        if seed not in self._by_seed:
            self._by_seed[seed] = self._split(seed)
        return self._by_seed[seed]

    def _split(self, seed: int) -> Sequence[Fold]:
        x = np.zeros((self._count, 1)) if self._x is None else self._x
        y = _single(self._y) if self._labels is None else self._labels
        try:
            pairs = list(self._splitter(seed).split(x, y, self._groups))
        except (TypeError, ValueError) as error:
            hint = "; give them to search(x, y, groups=...)" if self._groups is None and "groups" in str(error) else ""
            raise DataError(f"cv={self._cv!r} cannot split the {self._count} rows: {error}{hint}") from error
        if not pairs:
            raise DataError(f"cv={self._cv!r} gives no fold")
        return [Fold(*(self._indices(rows, number) for rows in pair)) for number, pair in enumerate(pairs)]

    def _splitter(self, seed: int) -> Any:
        """A splitter whose folds are a function of the seed, unless it has a random state of its own."""
        from sklearn import model_selection  # noqa: PLC0415 - heavy: loaded for cross-validation only

        state = seed % 2**32  # what scikit-learn takes
        count = whole(self._cv)
        if count is not None:
            kind = model_selection.StratifiedKFold if self._stratified(count) else model_selection.KFold
            return kind(count, shuffle=True, random_state=state)
        splitter = copy.deepcopy(model_selection.check_cv(self._cv))
        if getattr(splitter, "random_state", 0) is None:
            splitter.random_state = state
        return splitter

    def _stratified(self, count: int) -> bool:
        if self._labels is None:
            return False
        _, rows = np.unique(self._labels, return_counts=True)
        return len(rows) > 1 and bool(rows.min() >= count)

    def _indices(self, rows: Any, number: int) -> Any:
        indices = np.asarray(rows)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.astype(np.int64)
        if not len(indices) or indices.min() < 0 or indices.max() >= self._count:
            raise DataError(f"cv={self._cv!r}: fold {number} has no rows, or others than 0 to {self._count - 1}")
        return indices


def _check_alone(arguments: Mapping[str, Any]) -> None:
    for name in ("validation_data", "validation_split"):
        given = arguments.get(name)
        if given is not None and not (isinstance(given, (int, float)) and given == 0):
            raise DataError(f"give cv or {name}, not both: each fold is the validation data of one execution")


def class_labels(y: Any) -> Any:
    """The class of each row as a vector, if `y` is one column of whole numbers or texts, or one-hot; else None."""
    labels = _single(y)
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf" and _one_hot(labels):
        return labels.argmax(axis=1)
    if labels.ndim != 1 or (labels.dtype.kind == "f" and not np.equal(np.mod(labels, 1), 0).all()):
        return None
    return labels.astype(str) if labels.dtype.kind == "O" else labels


def _one_hot(rows: Any) -> bool:
    return bool(np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) == 1).all())


def _single(data: Any) -> Any:
    """The array of a nest that has only one; else None."""
    leaves = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    if len(leaves) != 1:
        return None
    return leaves[0].numpy() if tf.is_tensor(leaves[0]) and hasattr(leaves[0], "numpy") else leaves[0]


def _count(given: Mapping[str, Any]) -> int:
    """The number of rows of all arrays.

    Raises:
        DataError: Something is not an array, or the arrays differ in length.
    """
    lengths = {}
    for name, data in given.items():
        for leaf in keras.tree.flatten(data):
            if leaf is not None and not _has_rows(leaf):
                raise DataError(
                    f"cv splits arrays by rows, but {name} is a {type(leaf).__name__}; give x, y and sample_weight as "
                    "arrays, or leave out cv and give validation_data="
                )
        lengths[name] = {int(leaf.shape[0]) for leaf in keras.tree.flatten(data) if leaf is not None}
    if len(set().union(*lengths.values())) != 1:
        rows = ", ".join(f"{name} has {' and '.join(map(str, sorted(found)))}" for name, found in lengths.items())
        raise DataError(f"x, y and sample_weight must have the same number of rows: {rows}")
    return int(min(lengths["x"]))


def _has_rows(leaf: Any) -> bool:
    return hasattr(leaf, "__getitem__") and len(getattr(leaf, "shape", ())) > 0


def _checked_groups(groups: Any, cv: Any, count: int) -> Any:
    if whole(cv) is not None:
        raise UsageError(
            f"cv={cv!r} does not use groups, so rows of a group would be in several folds; give "
            f"cv=sklearn.model_selection.GroupKFold({cv!r})"
        )
    groups = np.asarray(groups)
    if len(groups) != count:
        raise DataError(f"groups has {len(groups)} labels for {count} rows; give one for each row of x")
    return groups


def _take(data: Any, rows: Any) -> Any:
    """Selects rows of all arrays in a nest."""
    return keras.tree.map_structure(lambda leaf: None if leaf is None else _rows(leaf, rows), data, none_is_leaf=True)


def _rows(leaf: Any, rows: Any) -> Any:
    if tf.is_tensor(leaf):
        return tf.gather(leaf, rows)
    return leaf.iloc[rows] if hasattr(leaf, "iloc") else leaf[rows]


def _digest(folds: Sequence[Fold]) -> str:
    digest = hashlib.blake2b(digest_size=4)
    for fold in folds:
        for rows in (fold.train, fold.test):
            digest.update(len(rows).to_bytes(8, "little") + rows.tobytes())
    return digest.hexdigest()
