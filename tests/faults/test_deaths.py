"""Workers and drivers that are killed at counted events."""

import pytest

from tests.faults.deaths import EVENTS, VICTIMS, Death, deaths, play


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("share", [0.15, 0.6])
def test_a_death_loses_nothing_and_leaves_nothing_behind(victim, share):
    assert play(Death(victim, int(share * EVENTS))) == ""


def test_deaths_spread_over_victims_and_moments():
    found = deaths(30)
    assert {death.victim for death in found} == set(VICTIMS)
    assert max(death.moment for death in found) < EVENTS
    assert len({death.moment for death in found}) > 20
