"""Set-up shared by all tests: one thread per worker, temporary folders for runs and settings."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

# Set before torch and Qt are imported, and inherited by the processes that tests start: each worker
# of pytest-xdist has one core, and needs no screen.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from tests import machine, narrow

_MOST_WORKERS = 8


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Accept the xdist options of pyproject.toml under ``-p no:xdist`` as well, and ignore them."""
    if not pluginmanager.hasplugin("xdist"):
        for name in ("--numprocesses", "--dist"):
            parser.addoption(name, help="ignored: pytest-xdist is not loaded")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers for ``-n auto``: one per core, at most 8.

    Each worker may need a gigabyte of memory.
    """
    return min(machine.cores(), _MOST_WORKERS)


@pytest.fixture(autouse=True, scope="session")
def _no_folders_of_a_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the runs, settings, cache and trash of the user who starts them."""
    root = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CACHE", "RUNS", "CONFIG"):
            patch.setenv(f"DDPM_STUDIO_{name}", str(root / name.lower()))
        yield


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a cache, runs folder and settings folder that no other test uses."""
    for name in ("CACHE", "RUNS", "CONFIG"):
        monkeypatch.setenv(f"DDPM_STUDIO_{name}", str(tmp_path / name.lower()))


@pytest.fixture(scope="module")
def narrow_network() -> Iterator[None]:
    """Narrow the small presets for a module's tests; see :func:`tests.narrow.network`."""
    with narrow.network():
        yield


@pytest.fixture(autouse=True, scope="module")
def _what_is_imported_stays() -> None:
    """Freeze imported objects, so that garbage collection scans only those that tests create."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def no_automatic_collection() -> Iterator[None]:
    """Disable automatic garbage collection during tests with Qt.

    See ``ddpm_studio.gui.platform.garbage_collector`` for the reason. pytest and pytest-qt destroy
    the objects that a test leaves, after its fixtures have been torn down.
    """
    gc.disable()
    yield
    gc.enable()
