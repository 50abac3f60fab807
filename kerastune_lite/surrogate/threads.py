"""Runs BLAS on one thread: for the small matrices of a surrogate, more threads are slower."""

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context manager that limits BLAS to one thread."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limited


@lru_cache(maxsize=1)
def _libraries() -> "ThreadpoolController":
    import scipy.linalg  # noqa: F401, PLC0415 - only loaded libraries are found
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return ThreadpoolController()
