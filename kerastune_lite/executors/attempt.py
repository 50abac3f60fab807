"""Runs one task: the only place where the errors of a user's trial are caught."""

import re
import traceback

from kerastune_lite.errors import Infeasible, KerastuneError
from kerastune_lite.study.task import Ending, HasEnded, Send, Task, TrialFunction

# Keras prints its errors in bold; on record, in a table or a file, that is noise.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_attempt(function: TrialFunction, task: Task, send: Send) -> None:
    """Calls `function` and sends how it ended; every way of ending is a message, none an exception."""
    fatal = None
    try:
        ending = function(task, send) or Ending()
    except Infeasible as error:
        ending = Ending("infeasible", str(error) or "infeasible")
    except KerastuneError as error:
        ending, fatal = Ending("interrupted", str(error)), error
    except KeyboardInterrupt:
        ending = Ending("interrupted", "interrupted by the user")
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is the trial's failure
        reason = "".join(traceback.format_exception_only(error)).strip()
        ending = Ending("failed", _COLOURS.sub("", reason), _COLOURS.sub("", traceback.format_exc()))
    send(HasEnded(task.number, ending, fatal))
