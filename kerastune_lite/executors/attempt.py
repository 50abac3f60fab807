"""Runs one task; only this module catches the exceptions of user code."""

import re
import traceback

from kerastune_lite.errors import FailedTrialError, Infeasible, KerastuneError, SearchError
from kerastune_lite.study.events import Ended
from kerastune_lite.study.task import Send, Task, TrialFunction

# Keras formats its errors in bold; the escape sequences are not recorded.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_attempt(function: TrialFunction, task: Task, send: Send) -> None:
    """Calls `function` and sends the `Ended` event. Only exceptions of `send` are raised."""
    send(_ended(function, task, send))


def _ended(function: TrialFunction, task: Task, send: Send) -> Ended:
    trial = task.trial
    try:
        return function(task, send) or Ended(trial=trial)
    except Infeasible as error:
        return Ended(trial=trial, outcome="infeasible", reason=str(error) or "infeasible")
    except (FailedTrialError, SearchError) as error:  # the latter comes from a search inside the trial
        return _failed(trial, str(error) or "failed", final=isinstance(error, FailedTrialError) or None)
    except KerastuneError as error:
        return Ended(trial=trial, outcome="interrupted", reason=str(error), fatal=error)
    except KeyboardInterrupt:
        return Ended(trial=trial, outcome="interrupted", reason="interrupted by the user")
    except BaseException as error:  # noqa: BLE001 - whatever user code raises fails the trial, sys.exit() included
        return _failed(trial, "".join(traceback.format_exception_only(error)).strip())


def _failed(trial: int, reason: str, *, final: bool | None = None) -> Ended:
    """The `Ended` event for the exception that is being handled."""
    text = _COLOURS.sub("", traceback.format_exc())
    return Ended(trial=trial, outcome="failed", reason=_COLOURS.sub("", reason), error=text, final=final)
