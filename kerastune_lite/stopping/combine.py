"""Policies made of others."""

from dataclasses import dataclass
from typing import final

from kerastune_lite.errors import UsageError
from kerastune_lite.stopping.protocol import Stop, StoppingPolicy
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


@final
@dataclass(frozen=True)
class AnyOf:
    """Stops a trial as soon as one of several policies does. Made by `any_of`."""

    policies: tuple[StoppingPolicy, ...]

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """The first verdict to stop."""
        verdicts = (policy(trial, history) for policy in self.policies)
        return next((verdict for verdict in verdicts if verdict is not None), None)

    def notice(self, history: History) -> str | None:
        """What the policies say about the search."""
        asked = [policy.notice(history) for policy in self.policies if hasattr(policy, "notice")]
        return "; ".join(text for text in asked if text is not None) or None


def any_of(*policies: StoppingPolicy) -> AnyOf:
    """A policy that stops a trial as soon as one of `policies` does.

    Raises:
        UsageError: There are none, or one of them is no policy.

    Example:
        >>> from kerastune_lite import stopping
        >>> policy = stopping.any_of(stopping.ASHA(eta=4), stopping.CurveForecast())
    """
    if not policies:
        raise UsageError("any_of() needs at least one policy")
    for policy in policies:
        if not callable(policy) or isinstance(policy, type):
            raise UsageError(f"any_of({policy!r}): give instances of stopping policies, such as kt.stopping.ASHA()")
    return AnyOf(policies)
