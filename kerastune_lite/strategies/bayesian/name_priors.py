"""Name priors: the effect that a hyperparameter is expected to have, given its name.

Over the ranges that are usually searched, with the length of training fixed, the error on held-out data mostly falls
with capacity and rises with regularization: Goodfellow, Bengio and Courville, "Deep Learning" (2016), table 11.1. High
momentum mostly helps: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).
Learning rates, batch sizes and numbers of layers have no name prior, since the better direction depends on the range.

A name prior is part of the prior mean (`surrogate.prior_mean`), with a coefficient that the trials correct. Its
benefits and costs are in docs/decisions/0008-names-tell-what-to-expect.md and 0009.
"""

import re

# The expected difference between the ends of a range, in standard deviations of the minimized values.
_EFFECT = 0.5

_FALLS = re.compile(r"(unit|neuron|filter|channel|width|momentum)s?(?![a-z])|hidden(?!_?layer)")
_RISES = re.compile(r"drop_?out|weight_?decay|regulari[sz]|(?<![a-z0-9])l[12](?![a-z0-9])(?!_?ratio)")


def name_prior(name: str) -> float:
    """How much the minimized value is expected to rise along a range, in standard deviations; 0 if nothing is expected.

    Example:
        >>> name_prior("dropout_2"), name_prior("hiddenUnits"), name_prior("learning_rate")
        (0.5, -0.5, 0.0)
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _RISES.search(words):
        return _EFFECT
    return -_EFFECT if _FALLS.search(words) else 0.0
