from collections import Counter

from kerastune_lite.strategies import Bayesian
from kerastune_lite.strategies.bayesian.conditional_space import MOST_LEVELS
from kerastune_lite.testing.searches import search


def test_a_good_level_among_very_many_is_tried_again_with_other_values():
    values = [f"v{index}" for index in range(MOST_LEVELS + 100)]

    def function(hp):
        good = int(hp.Choice("many", values)[1:]) % 4 == 0
        return 5.0 * good - (hp.Float("x", 0, 1) - 0.3) ** 2

    history = search(function, Bayesian(initial=6), max_trials=16)
    value, often = Counter(trial.values["many"] for trial in history.trials).most_common(1)[0]
    assert often >= 3
    assert int(value[1:]) % 4 == 0
