"""Strategies: functions that propose the next point, given the history and a random generator; they keep no state."""

from kerastune_lite.strategies.bayesian.strategy import Bayesian
from kerastune_lite.strategies.grid import Grid
from kerastune_lite.strategies.halving import Halving
from kerastune_lite.strategies.protocol import Proposal, Strategy, fingerprint
from kerastune_lite.strategies.random import Random
from kerastune_lite.strategies.skopt import Skopt
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

__all__ = ["Bayesian", "Grid", "Halving", "History", "Proposal", "Random", "Skopt", "Strategy", "Trial", "fingerprint"]
