"""What a hyperparameter usually does, told by its name.

In a training of a given length, a loss on held-out data mostly falls with capacity, and rises with what takes capacity
away, over the ranges that people search: Goodfellow, Bengio and Courville, "Deep Learning" (2016), table 11.1. Momentum
near 1 mostly helps: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013). No
more is said here: a learning rate matters most of all, but which way is better depends on the range; so it does for
the size of a batch and for depth.

It is an expectation before the first trial, with a coefficient that trials correct (`surrogate/prior_mean`); what it
brings and costs is in docs/decisions/0008-names-tell-what-to-expect.md and 0009.
"""

import re

# How far a loss is expected to go from one end of a range to the other, in standard deviations of all losses.
_USUAL = 0.5

_FALLS = re.compile(r"(unit|neuron|filter|channel|width|momentum)s?(?![a-z])|hidden(?!_?layer)")
_RISES = re.compile(r"drop_?out|weight_?decay|regulari[sz]|(?<![a-z0-9])l[12](?![a-z0-9])(?!_?ratio)")


def name_prior(name: str) -> float:
    """How much a loss is expected to rise along the range of a hyperparameter, in standard deviations; 0: no idea."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _RISES.search(words):
        return _USUAL
    return -_USUAL if _FALLS.search(words) else 0.0
