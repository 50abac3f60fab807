from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.journal_machine import JournalMachine

FEW = settings(
    max_examples=25,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_a_journal_gives_back_in_order_what_was_appended_and_is_undamaged():
    run_state_machine_as_test(JournalMachine, settings=FEW)
