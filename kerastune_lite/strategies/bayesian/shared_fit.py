"""Fits that several proposals share: those for workers that are idle at the same time, made from the same trials.

A fit is a function of its arguments, so the proposals are the same with and without what is kept here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from kerastune_lite.surrogate.covariance import Features, Parameters
from kerastune_lite.surrogate.process import FittedProcess, Observations

# How many are kept: a proposal needs up to four (two models of the objective, feasibility, duration), two searches of
# one process twice as many.
_KEPT = 8


@dataclass(frozen=True)
class _Fit:
    """The arguments of a fit; equal if their digests are."""

    digest: str
    features: Features = field(compare=False)
    known: Observations = field(compare=False)
    starts: Sequence[Parameters] = field(compare=False)
    iterations: int = field(compare=False)
    linear: bool = field(compare=False)


def shared_fit(
    features: Features,
    known: Observations,
    starts: Sequence[Parameters] = (),
    iterations: int = 60,
    *,
    linear: bool = True,
) -> FittedProcess:
    """`FittedProcess.fit`, which is not repeated for arguments that it has had recently."""
    arguments = (astuple(features), astuple(known), [astuple(start) for start in starts], iterations, linear)
    return _fitted(_Fit(digest(arguments), features, known, starts, iterations, linear))


@lru_cache(maxsize=_KEPT)
def _fitted(fit: _Fit) -> FittedProcess:
    return FittedProcess.fit(fit.features, fit.known, fit.starts, fit.iterations, linear=fit.linear)


def digest(value: Any) -> str:
    """A digest of arrays and numbers in nested sequences: equal only for equal values."""
    found = hashlib.blake2b(digest_size=16)
    _add(found, value)
    return found.hexdigest()


def _add(found: "hashlib.blake2b", value: Any) -> None:
    if isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (list, tuple)):
        found.update(f"[{len(value)}".encode())
        for item in value:
            _add(found, item)
    else:
        found.update(f"{value!r},".encode())
