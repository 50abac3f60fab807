"""Every executor of the package conforms. A new one joins by a line in EXECUTORS."""

import pytest

from kerastune_lite.executors import InProcess
from kerastune_lite.testing import ExecutorConformance

EXECUTORS = [InProcess]


class TestExecutors(ExecutorConformance):
    @pytest.fixture(params=EXECUTORS, ids=lambda kind: kind.__name__)
    def make_executor(self, request):
        return request.param
