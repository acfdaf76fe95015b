"""Killed trainings resume: short forms of ``python -m tests.endurance kill rank_kill``."""

from __future__ import annotations

import os

import pytest

from tests.endurance.forms import kill, rank_kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked"),
]


def test_a_training_killed_at_any_moment_goes_on_to_the_same_bytes() -> None:
    outcome = kill.endure(0.03)
    assert outcome.passed, outcome.figures


def test_a_training_that_loses_a_rank_goes_on_to_the_same_bytes() -> None:
    outcome = rank_kill.endure(0.1)
    assert outcome.passed, outcome.figures
