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
    """A folder that the toy package is installed in."""
    return install_toy(tmp_path_factory.mktemp("site"))


@pytest.fixture
def toy(site: Path) -> Iterator[Path]:
    """The toy package, as if it were installed beside the program."""
    with seen(site):
        yield site
