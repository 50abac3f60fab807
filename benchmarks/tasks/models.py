"""Searches over the hyperparameters of scikit-learn's models; some with names and ranges as in Bayesmark."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.tasks.data import split
from benchmarks.tasks.network import WORST, Data
from benchmarks.tasks.recipe import (
    Recipe,
    Values,
    category,
    flat,
    floating,
    integer,
    log_floating,
    log_integer,
    ordinal,
)

Make = Callable[[Values, int], Any]
Loss = Callable[[Any, Data], float]


def _error(model: Any, data: Data) -> float:
    return float(np.mean(model.predict(data.held_inputs) != data.held_targets))


def _log_loss(model: Any, data: Data) -> float:
    shares = np.clip(np.nan_to_num(model.predict_proba(data.held_inputs)), 1e-4, 1)
    columns = np.searchsorted(model.classes_, data.held_targets)
    return float(-np.mean(np.log(shares[np.arange(len(shares)), columns])))


def _deviation(model: Any, data: Data) -> float:
    errors = model.predict(data.held_inputs).astype(float) - data.held_targets
    loss = float(np.sqrt(np.mean(errors**2)))
    return min(loss, WORST) if np.isfinite(loss) else WORST


def _fitted(data: Callable[[], Data], loss: Loss, make: Make) -> Callable[[Values, int], float]:
    def fit(values: Values, seed: int) -> float:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return loss(make(values, seed).fit(data().inputs, data().targets), data())

    return fit


def _svm_digits() -> Recipe:
    """Ranges that are far too wide."""
    from sklearn.svm import SVC

    fit = _fitted(lambda: split("digits", 200, 200), _error, lambda values, _: SVC(**values, max_iter=2000))
    return flat(fit, log_floating("C", 1e-6, 1e8), log_floating("gamma", 1e-9, 1e3))


def _svm_bayesmark() -> Recipe:
    from sklearn.svm import SVR

    fit = _fitted(lambda: split("friedman", 200, 300), _deviation, lambda values, _: SVR(**values, max_iter=4000))
    ranges = [log_floating("C", 1.0, 1e3), log_floating("gamma", 1e-4, 1e-3), log_floating("tol", 1e-5, 1e-1)]
    return flat(fit, *ranges)


def _svm_kernels() -> Recipe:
    """Each kernel with what it has."""
    from sklearn.svm import SVC

    def read(ask: Any) -> Values:
        kernel = ask(category("kernel", "linear", "poly", "rbf", "sigmoid"))
        values = {"kernel": kernel, "C": ask(log_floating("C", 1e-4, 1e4))}
        if kernel != "linear":
            values["gamma"] = ask(log_floating(f"gamma_{kernel}", 1e-5, 10.0))
        if kernel in ("poly", "sigmoid"):
            values["coef0"] = ask(floating(f"coef0_{kernel}", 0.0, 2.0))
        return {**values, "degree": ask(integer("degree", 2, 5))} if kernel == "poly" else values

    make = lambda values, _: SVC(**values, max_iter=2000)  # noqa: E731
    return Recipe(read, None, _fitted(lambda: split("clusters", 250, 250), _error, make))


def _sgd() -> Recipe:
    from sklearn.linear_model import SGDClassifier

    def make(values: Values, seed: int) -> Any:
        return SGDClassifier(loss="log_loss", penalty="elasticnet", max_iter=20, tol=None, random_state=seed, **values)

    return flat(
        _fitted(lambda: split("breast_cancer", 200, 300), _log_loss, make),
        log_floating("alpha", 1e-8, 10.0),
        floating("l1_ratio", 0.0, 1.0),
        category("learning_rate", "constant", "invscaling", "optimal", "adaptive"),
        log_floating("eta0", 1e-5, 10.0),
    )


def _elastic_net() -> Recipe:
    from sklearn.linear_model import ElasticNet

    data = lambda: split("sparse", 70, 300)  # noqa: E731
    fit = _fitted(data, _deviation, lambda values, _: ElasticNet(**values, max_iter=300))
    return flat(fit, log_floating("alpha", 1e-7, 1e3), floating("l1_ratio", 0.0, 1.0))


def _tree_ranges() -> list[Any]:
    shares = [("min_samples_split", 0.01, 0.99), ("min_samples_leaf", 0.01, 0.49)]
    shares += [
        ("min_weight_fraction_leaf", 0.01, 0.49),
        ("max_features", 0.01, 0.99),
        ("min_impurity_decrease", 0, 0.5),
    ]
    return [integer("max_depth", 1, 15), *(floating(*share) for share in shares)]


def _tree_bayesmark() -> Recipe:
    from sklearn.tree import DecisionTreeRegressor

    make = lambda values, seed: DecisionTreeRegressor(**values, random_state=seed)  # noqa: E731
    return flat(_fitted(lambda: split("friedman", 400, 400), _deviation, make), *_tree_ranges(), draws=800)


def _forest_bayesmark() -> Recipe:
    from sklearn.ensemble import RandomForestClassifier

    make = lambda values, seed: RandomForestClassifier(10, **values, random_state=seed)  # noqa: E731
    return flat(_fitted(lambda: split("wine", 90, 88), _log_loss, make), *_tree_ranges())


def _extra_trees() -> Recipe:
    from sklearn.ensemble import ExtraTreesClassifier

    return flat(
        _fitted(
            *(lambda: split("digits", 300, 200), _log_loss),
            lambda values, seed: ExtraTreesClassifier(**values, random_state=seed),
        ),
        integer("n_estimators", 2, 40),
        log_floating("max_features", 0.02, 1.0),
        integer("min_samples_leaf", 1, 30),
        integer("max_depth", 1, 20),
        category("criterion", "gini", "entropy"),
        category("bootstrap", False, True),  # noqa: FBT003
    )


def _boosting() -> Recipe:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return flat(
        _fitted(
            *(lambda: split("friedman", 300, 400), _deviation),
            lambda values, seed: HistGradientBoostingRegressor(**values, early_stopping=False, random_state=seed),
        ),
        integer("max_iter", 5, 50),
        log_floating("learning_rate", 1e-3, 1.0),
        log_integer("max_leaf_nodes", 2, 64),
        integer("min_samples_leaf", 1, 100),
        log_floating("l2_regularization", 1e-6, 1e4),
    )


def _neighbours() -> Recipe:
    from sklearn.neighbors import KNeighborsClassifier

    fit = _fitted(lambda: split("digits", 200, 100), _error, lambda values, _: KNeighborsClassifier(**values))
    weights = category("weights", "uniform", "distance")
    return flat(fit, integer("n_neighbors", 1, 50), weights, integer("p", 1, 4))


def _mlp_bayesmark() -> Recipe:
    from sklearn.neural_network import MLPClassifier

    def make(values: Values, seed: int) -> Any:
        return MLPClassifier(**values, max_iter=8, early_stopping=True, random_state=seed)

    return flat(
        _fitted(lambda: split("digits", 400, 300), _error, make),
        integer("hidden_layer_sizes", 50, 200),
        log_floating("alpha", 1e-5, 10.0),
        integer("batch_size", 10, 250),
        log_floating("learning_rate_init", 1e-5, 0.1),
        log_floating("tol", 1e-5, 0.1),
        floating("validation_fraction", 0.1, 0.9),
        floating("beta_1", 0.5, 0.99),
        floating("beta_2", 0.9, 0.999999),
        log_floating("epsilon", 1e-9, 1e-6),
    )


def _logistic() -> Recipe:
    from sklearn.linear_model import LogisticRegression

    return flat(
        _fitted(
            *(lambda: split("digits", 120, 300), _log_loss),
            lambda values, _: LogisticRegression(**values),
        ),
        log_floating("C", 1e-8, 1e6),
        log_floating("tol", 1e-5, 1.0),
        integer("max_iter", 1, 40),
    )


def _ridge() -> Recipe:
    """Polynomial features and a ridge; the degree and the penalty depend on one another."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    def make(values: Values, _: int) -> Any:
        crossed = PolynomialFeatures(values["degree"], interaction_only=values["interaction_only"])
        return make_pipeline(crossed, Ridge(values["alpha"]))

    return flat(
        _fitted(lambda: split("friedman", 120, 300), _deviation, make),
        integer("degree", 1, 5),
        log_floating("alpha", 1e-8, 1e5),
        category("interaction_only", False, True),  # noqa: FBT003
    )


def _adaboost() -> Recipe:
    from sklearn.ensemble import AdaBoostClassifier

    make = lambda values, seed: AdaBoostClassifier(**values, random_state=seed)  # noqa: E731
    fit = _fitted(lambda: split("breast_cancer", 120, 300), _log_loss, make)
    return flat(fit, integer("n_estimators", 10, 100), log_floating("learning_rate", 1e-4, 10.0), draws=300)


def _pipeline() -> Recipe:
    """A scaler and a model, each model with what it has."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    scalers = {"none": None, "standard": StandardScaler(), "minmax": MinMaxScaler(), "unit_norm": Normalizer()}
    models = {"logistic": LogisticRegression, "neighbors": KNeighborsClassifier, "tree": DecisionTreeClassifier}

    def read(ask: Any) -> Values:
        values = {"scaler": ask(category("scaler", *scalers)), "model": ask(category("model", *models))}
        if values["model"] == "logistic":
            return {**values, "C": ask(log_floating("C", 1e-6, 1e6)), "max_iter": ask(log_integer("max_iter", 1, 100))}
        if values["model"] == "neighbors":
            values["weights"] = ask(category("weights", "uniform", "distance"))
            return {**values, "n_neighbors": ask(integer("n_neighbors", 1, 60)), "p": ask(ordinal("p", 1, 2))}
        values |= {"max_depth": ask(integer("max_depth", 1, 12)), "ccp_alpha": ask(log_floating("ccp_alpha", 1e-5, 1))}
        return {**values, "min_samples_leaf": ask(integer("min_samples_leaf", 1, 40))}

    def make(values: Values, _: int) -> Any:
        own = {key: value for key, value in values.items() if key not in ("scaler", "model")}
        fixed = {"random_state": 0} if values["model"] == "tree" else {}
        return make_pipeline(scalers[values["scaler"]], models[values["model"]](**own, **fixed))

    return Recipe(read, None, _fitted(lambda: split("wine", 60, 118, scaled=False), _log_loss, make))


_RECIPES = {
    "svm_digits": _svm_digits,
    "svm_bayesmark": _svm_bayesmark,
    "svm_kernels": _svm_kernels,
    "sgd_breast_cancer": _sgd,
    "elastic_net_sparse": _elastic_net,
    "tree_bayesmark": _tree_bayesmark,
    "forest_bayesmark": _forest_bayesmark,
    "extra_trees_digits": _extra_trees,
    "boosting_friedman": _boosting,
    "neighbors_digits": _neighbours,
    "mlp_bayesmark": _mlp_bayesmark,
    "logistic_digits": _logistic,
    "ridge_polynomial": _ridge,
    "adaboost_bayesmark": _adaboost,
    "pipeline_wine": _pipeline,
}
NAMES = list(_RECIPES)


def recipe(name: str) -> Recipe:
    return _RECIPES[name]()
