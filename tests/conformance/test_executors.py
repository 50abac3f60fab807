"""Every executor of the package conforms. A new one joins by a line in EXECUTORS."""

import pytest

from kerastune_lite.executors import InProcess, Pool
from kerastune_lite.testing import ExecutorConformance

EXECUTORS = [InProcess, Pool(1), Pool(2)]


class TestExecutors(ExecutorConformance):
    @pytest.fixture(params=EXECUTORS, ids=str)
    def make_executor(self, request):
        return request.param
