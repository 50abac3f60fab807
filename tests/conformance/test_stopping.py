"""Every stopping policy of the package conforms. A new one joins by a line in POLICIES."""

import pytest

from kerastune_lite import stopping
from kerastune_lite.testing import StoppingPolicyConformance

POLICIES = {
    "ASHA": stopping.ASHA(),
    "ASHA from the first epoch on": stopping.ASHA(eta=2, first_epoch=1),
    "Hyperband": stopping.Hyperband(first_epoch=1),
    "Median": stopping.Median(startup_trials=2, first_epoch=1),
    "Percentile": stopping.Percentile(10, startup_trials=1, first_epoch=2, every=2),
    "CurveForecast": stopping.CurveForecast(every=1),
    "Auto": stopping.Auto(),
    "any_of": stopping.any_of(stopping.ASHA(), stopping.CurveForecast()),
}


class TestStopping(StoppingPolicyConformance):
    @pytest.fixture(params=POLICIES.values(), ids=POLICIES)
    def policy(self, request):
        return request.param
