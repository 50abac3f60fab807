"""A process that dies at a counted moment: at the n-th change of its files, wherever in the program that is.

What a crash leaves behind is decided by which changes of the files were done; moments between two of them are all
alike. So a kill is placed by counting changes, never by the clock: the same count on an idle and on a busy machine.
"""

import os
import signal

# What journals, checkpoints and event files change by. `os.write` alone can be done in part.
_CHANGES = ("write", "fsync", "ftruncate", "replace", "link", "unlink")


def die_at(moment):
    """Kills this process, as `kill -9` would, at change number `moment`, from 1: before it, or in the middle of it."""
    count = 0

    def counted(name):
        change = getattr(os, name)

        def changes(*args, **kwargs):
            nonlocal count
            count += 1
            if count == moment:
                if name == "write" and moment % 2:
                    change(args[0], args[1][: len(args[1]) // 2])  # a torn line
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **kwargs)

        return changes

    for name in _CHANGES:
        setattr(os, name, counted(name))
