"""Whether processes live; on Linux."""

import contextlib
import os
import select
from pathlib import Path


def children(process):
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def alive(process):
    """Whether it has not ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def gone(processes):
    """Waits until none of the processes is alive; False if one still is after a minute."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process)
            select.select([descriptor], [], [], 60)
            os.close(descriptor)
    return not any(map(alive, processes))
