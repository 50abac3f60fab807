"""How workers share the machine: threads and GPUs, by environment variables that are set before TensorFlow starts."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}


def cores() -> int:
    """How many cores this process may use: those it is bound to, and no more than its container's CPU quota."""
    from joblib import cpu_count  # noqa: PLC0415 - takes a while, and only pools need it

    found: int = cpu_count()
    return found


def visible_gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> list[str]:
    """The GPUs that `CUDA_VISIBLE_DEVICES` names, or all that the machine has.

    Example:
        >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "1,3"})
        ['1', '3']
    """
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name and name != "-1"]
    numbers = (re.fullmatch(r"nvidia(\d+)", path.name) for path in devices.glob("nvidia*"))
    return sorted((found[1] for found in numbers if found is not None), key=int)


def share(
    number: int, workers: int, threads: int, environment: Mapping[str, str], gpus: Sequence[str]
) -> dict[str, str]:
    """The environment of worker `number`, from 0: that of the driver with the worker's share of the machine.

    Each worker has its share of the threads, unless the driver's environment sets their number. It has GPUs of its own
    if there are enough; otherwise several workers use one GPU, and each takes memory only as it needs it.

    Example:
        >>> share(2, 4, 8, {}, ["0", "1"])["CUDA_VISIBLE_DEVICES"]
        '0'
        >>> share(0, 4, 8, {"OMP_NUM_THREADS": "1"}, [])["OMP_NUM_THREADS"]
        '1'
    """
    own = {**_QUIET, **dict.fromkeys(_THREADS, str(max(1, threads // workers))), **environment}
    if not gpus:
        return own
    if workers <= len(gpus):
        return {**own, "CUDA_VISIBLE_DEVICES": ",".join(gpus[number::workers])}
    return {**own, "CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)], _GROWTH: "true"}


def leave_gpus_to_workers(environment: MutableMapping[str, str]) -> None:
    """Makes this process, which builds a model to see what it reads, take GPU memory only as it needs it."""
    if visible_gpus(environment):
        environment.setdefault(_GROWTH, "true")
