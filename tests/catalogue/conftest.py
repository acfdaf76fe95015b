from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogue.installing import install_toy, seen
from tests.cli.conftest import pictures, terminal, trained
from tests.gui.conftest import backend

__all__ = ["backend", "pictures", "terminal", "trained"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site directory in which the toy package is installed."""
    return install_toy(tmp_path_factory.mktemp("site"))


@pytest.fixture
def toy(site: Path) -> Iterator[Path]:
    """Make the toy package visible to this process, as if it were installed next to the program."""
    with seen(site):
        yield site
