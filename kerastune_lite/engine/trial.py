"""KerasTuner's import path of `Trial`."""

from kerastune_lite.kerastuner.trial_view import TrialStatus, TrialView

Trial = TrialView

__all__ = ["Trial", "TrialStatus"]
