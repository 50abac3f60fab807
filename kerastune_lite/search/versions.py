"""The versions of what a search runs on, for the record."""

import sys


def versions() -> dict[str, str]:
    """Python's version, and those of the libraries loaded by now."""
    found = {"python": sys.version.split()[0]}
    for name in ("keras", "tensorflow", "numpy", "skopt"):
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return found
