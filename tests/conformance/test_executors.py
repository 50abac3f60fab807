"""Every executor of the package conforms. A new one joins by a line in EXECUTORS."""

import pytest

from kerastune_lite.executors import InProcess, Pool, Stacked
from kerastune_lite.testing import ExecutorConformance

EXECUTORS = [InProcess, Stacked(1), Stacked(2), Pool(1), Pool(2)]


class TestExecutors(ExecutorConformance):
    @pytest.fixture(params=EXECUTORS, ids=str)
    def make_executor(self, request):
        return request.param
