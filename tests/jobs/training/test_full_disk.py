"""Training on a full disk: short form of ``python -m tests.endurance full_disk``."""

from __future__ import annotations

import pytest

from tests.endurance.forms import full_disk


@pytest.mark.slow
@pytest.mark.skipif(full_disk.unshared() is None, reason="no program may mount a disk of its own")
def test_a_training_outlives_a_disk_that_is_full_for_a_while() -> None:
    outcome = full_disk.endure(0.1)
    assert outcome.passed, outcome.figures
