"""Strategies propose the next point: functions of the history and a generator, with no state of their own."""

from kerastune_lite.strategies.bayesian.strategy import Bayesian
from kerastune_lite.strategies.grid import Grid
from kerastune_lite.strategies.protocol import Proposal, Strategy, fingerprint
from kerastune_lite.strategies.random import Random
from kerastune_lite.strategies.skopt import Skopt

__all__ = ["Bayesian", "Grid", "Proposal", "Random", "Skopt", "Strategy", "fingerprint"]
