"""Fixtures of the Python API's tests: those of the jobs' tests, and a tiny run opened from them."""

from __future__ import annotations

from pathlib import Path

import pytest

import ddpm_studio as ds
from tests.jobs.conftest import _narrow_network, _own_folders, class_folder, pictures, run

__all__ = ["_narrow_network", "_own_folders", "class_folder", "pictures", "run"]


@pytest.fixture
def opened(run: Path) -> ds.Run:
    return ds.open(run)
