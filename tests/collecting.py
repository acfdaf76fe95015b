"""Garbage of tests with Qt is collected between them, as the program does in its own way."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def no_automatic_collection() -> Iterator[None]:
    """Collect nothing by itself; see :mod:`ddpm_studio.gui.platform.collector`.

    pytest and pytest-qt destroy what a test has left after its fixtures have ended.
    """
    gc.disable()
    yield
    gc.enable()
