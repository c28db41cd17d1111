"""Hypothesis draws the same examples on every run, and takes its time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],  # two busy cores are no fault of a test
)
settings.load_profile("repeatable")
