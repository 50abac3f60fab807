"""Conformance suites for pytest: what every strategy, stopping policy, executor and observer must do.

Subclass a suite, name the subclass `Test...` and define the fixture that it asks for:

    import pytest
    from kerastune_lite.testing import StrategyConformance

    class TestMine(StrategyConformance):
        @pytest.fixture
        def strategy(self):
            return Mine()
"""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{suite}" for suite in ("executors", "observers", "stopping", "strategies"))
)

from kerastune_lite.testing.executors import ExecutorConformance  # noqa: E402 - after the rewriting of its asserts
from kerastune_lite.testing.observers import ObserverConformance  # noqa: E402
from kerastune_lite.testing.searches import search, search_started  # noqa: E402
from kerastune_lite.testing.stopping import StoppingPolicyConformance  # noqa: E402
from kerastune_lite.testing.strategies import StrategyConformance  # noqa: E402

__all__ = [
    "ExecutorConformance",
    "ObserverConformance",
    "StoppingPolicyConformance",
    "StrategyConformance",
    "search",
    "search_started",
]
