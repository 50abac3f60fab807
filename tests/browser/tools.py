"""What the browser tests need: node with its packages, and Chromium."""

import os
import shutil
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Where the tools have been installed nothing is skipped: one that is missing is a failure.
REQUIRED = os.environ.get("BROWSER_TESTS") == "required"


def missing(*, browser):
    """What is not there, and how to get it; None if all is."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FRONTEND / "node_modules" / "playwright-core").is_dir():
        return "frontend/node_modules is missing: run `npm ci` in frontend/"
    if browser and not ("CHROMIUM" in os.environ or any(map(shutil.which, BROWSERS))):
        return "no Chromium: install it (on Debian: apt-get install chromium), or name one in CHROMIUM"
    return None


def require(*, browser):
    """Skips the test loudly without the tools; where they are required it fails."""
    found = missing(browser=browser)
    if found is not None and REQUIRED:
        pytest.fail(found)
    if found is not None:
        pytest.skip(f"THE PAGE OF THE TUNING TAB IS NOT TESTED: {found}")
