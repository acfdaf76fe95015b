from __future__ import annotations

from pathlib import Path

import pytest

from ddpm_studio.data import preview, previewing
from ddpm_studio.data.samples import sample_sets
from ddpm_studio.requests import PrepareOptions


def test_a_busy_machine_makes_no_set_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview shows at least one picture, even if its time is over once the files are listed."""
    monkeypatch.setattr(previewing, "_MAX_SECONDS", -1.0)
    source: Path = sample_sets()[0].path
    assert len(preview([source], PrepareOptions(), 4).pictures) == 1
