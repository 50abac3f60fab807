"""A user's observer that fails costs the search nothing."""

import pytest

from kerastune_lite.observers.guarded import GuardedObserver
from kerastune_lite.study.events import Ended
from kerastune_lite.study.history import History


class Odd:
    """Raises, as do its texts."""

    def __init__(self, error):
        self.error, self.calls = error, 0

    def __call__(self, event, history):
        self.calls += 1
        raise self.error

    def __repr__(self):
        raise RuntimeError


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), GeneratorExit(), Unprintable()])
def test_it_is_called_no_more_and_a_warning_is_given(error):
    observer = Odd(error)
    guarded = GuardedObserver(observer)
    with pytest.warns(RuntimeWarning, match=f"observer Odd raised .*{type(error).__name__}"):
        guarded(Ended(trial=0), History())
    guarded(Ended(trial=1), History())
    assert observer.calls == 1


def test_where_warnings_are_errors_the_warning_is_printed(capsys):
    GuardedObserver(Odd(ValueError("no")))(Ended(trial=0), History())
    assert "RuntimeWarning: observer Odd raised ValueError: no" in capsys.readouterr().err


def test_ctrl_c_is_not_caught():
    with pytest.raises(KeyboardInterrupt):
        GuardedObserver(Odd(KeyboardInterrupt()))(Ended(trial=0), History())
