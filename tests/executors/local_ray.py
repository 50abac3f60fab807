"""Ray for tests: on the loopback interface alone, without a dashboard and statistics, with a token of its own."""

import os
import secrets

import pytest

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the name is Ray's: without it, Ray listens on the loopback interface
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_memory_monitor_refresh_ms": "0",  # a full machine must not fail a test
    "RAY_health_check_initial_delay_ms": "0",  # the loss of a node is noticed sooner
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "2",
}
os.environ.update(SETTINGS)  # Ray reads some of them when it is imported

ray = pytest.importorskip("ray")


def start(**options):
    """Starts a Ray on this machine."""
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR", **options)
