"""Every observer of the package conforms. A new one joins by a line in OBSERVERS."""

import io

import pytest
from rich.console import Console as Terminal

from kerastune_lite.observers.console import Console
from kerastune_lite.observers.guarded import GuardedObserver
from kerastune_lite.observers.model_files import ModelFiles
from kerastune_lite.observers.tensorboard import SearchBoard
from kerastune_lite.testing import ObserverConformance

OBSERVERS = {
    "console": lambda path: Console(2, terminal=Terminal(file=io.StringIO())),
    "guarded": lambda path: GuardedObserver(lambda event, history: None),
    "model files": ModelFiles,
    "tensorboard": SearchBoard,
}


class TestObservers(ObserverConformance):
    @pytest.fixture(params=OBSERVERS.values(), ids=OBSERVERS)
    def make_observer(self, request, tmp_path):
        return lambda: request.param(tmp_path)
