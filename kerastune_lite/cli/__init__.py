"""The command line: `kerastune-lite`."""

from kerastune_lite.cli.main import main

__all__ = ["main"]
