"""Faults at counted moments: does a study that met one end as the uninterrupted one?

`python -m benchmarks.soak --faults 1000` plays them and prints what came of each kind of fault and of each script, then
each case that did not end equal. `--examples 1000` also lets the state machines of the journal and of the loop run
longer than in the tests. `--deaths 100` kills workers, or the driver, of as many searches with three workers.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.measure import machine, table
from tests.faults import deaths
from tests.faults.cases import Verdict, play, spread

HEAVY = 0.12  # the share of faults in Keras searches, which take far longer than the others
OUTCOMES = ("equal", "marked", "lost", "other error")
HEADS = ("injected", "resumed equal", "marked", "lost", "other error")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=1000, help="how many to inject")
    parser.add_argument("--seed", type=int, default=0, help="which of all the moments")
    parser.add_argument("--examples", type=int, default=0, help="how many examples of each state machine")
    parser.add_argument("--deaths", type=int, default=0, help="how many searches with workers lose a process")
    arguments = parser.parse_args()
    wrong = killed(arguments.deaths, arguments.seed) if arguments.deaths else 0
    if not arguments.faults:
        return int(wrong > 0)
    verdicts = faults(arguments.faults, arguments.seed)
    print(machine("kerastune-lite", "keras", "tensorflow", "tensorboard"), end="\n\n")
    print(counts("fault", verdicts, lambda verdict: verdict.case.fault), end="\n\n")
    print(counts("script", verdicts, lambda verdict: verdict.case.scenario), end="\n\n")
    bad = [verdict for verdict in verdicts if verdict.outcome not in ("equal", "marked")]
    for verdict in bad:
        print(str(verdict)[:400])
    if arguments.examples:
        machines(arguments.examples)
    return 1 if bad or wrong else 0


def killed(count: int, seed: int) -> int:
    """Kills processes of searches with workers, prints what came of it, and returns how many ended otherwise."""
    deaths.undisturbed()  # before the first measurement of time
    began = time.monotonic()
    found = [(death, deaths.play(death)) for death in deaths.deaths(count, seed)]
    seconds = time.monotonic() - began
    print(machine("kerastune-lite"), end="\n\n")
    rows = [["killed", "searches", "ended as undisturbed ones"]]
    for victim in deaths.VICTIMS:
        outcomes = [wrong for death, wrong in found if death.victim == victim]
        rows.append([victim, str(len(outcomes)), str(outcomes.count(""))])
    print(f"{deaths.WORKERS} workers, {deaths.TRIALS} trials a search, {seconds:.0f} s\n\n{table(rows)}")
    bad = [(death, wrong) for death, wrong in found if wrong]
    for death, wrong in bad:
        print(f"{death}: {wrong}")
    return len(bad)


def faults(count: int, seed: int) -> list[Verdict]:
    """Plays the cases; those without TensorFlow first, since a process that has loaded it must not fork."""
    heavy = round(count * HEAVY)
    cases = [*spread(count - heavy, heavy=False, seed=seed), *spread(heavy, heavy=True, seed=seed)]
    verdicts = []
    began = time.monotonic()
    for number, case in enumerate(cases, start=1):
        verdicts.append(play(case))
        if number % 100 == 0 or number == len(cases):
            seconds = time.monotonic() - began
            print(f"{number} of {len(cases)} faults, {seconds:.0f} s", file=sys.stderr, flush=True)
    return verdicts


def counts(head: str, verdicts: Sequence[Verdict], of: Callable[[Verdict], str]) -> str:
    """A table with a row for each value of `of`, and the sum."""
    names = sorted({of(verdict) for verdict in verdicts})
    rows = [[head, *HEADS]]
    for name in (*names, "all"):
        found = Counter(verdict.outcome for verdict in verdicts if name in (of(verdict), "all"))
        rows.append([name, *(str(number) for number in (found.total(), *(found[outcome] for outcome in OUTCOMES)))])
    return table(rows)


def machines(examples: int) -> None:
    """Lets the state machines search for a history that the journal or the loop gets wrong."""
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.faults.journal_machine import JournalMachine
    from tests.faults.loop_machine import LoopMachine

    for each in (JournalMachine, LoopMachine):
        limits = settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(each, settings=limits)
        print(f"{each.__name__}: {examples} histories of up to 50 steps, none of them wrong")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
