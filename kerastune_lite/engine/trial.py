"""KerasTuner's path to trials."""

from kerastune_lite.kerastuner.trial_view import TrialStatus, TrialView

Trial = TrialView

__all__ = ["Trial", "TrialStatus"]
