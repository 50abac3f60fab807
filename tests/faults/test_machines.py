import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.journal_machine import JournalMachine
from tests.faults.loop_machine import LoopMachine

FEW = settings(
    max_examples=25,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("machine", [JournalMachine, LoopMachine])
def test_what_was_recorded_is_what_a_simple_model_says(machine):
    run_state_machine_as_test(machine, settings=FEW)
