"""What the tests of all folders have in common: one thread a worker, folders of their own."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

# Before torch and Qt are imported, for this process and those that tests start: the workers of
# pytest-xdist have a core each, and need no screen.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from tests import machine, narrow

_MOST_WORKERS = 8


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Take the options of pyproject.toml also where ``-p no:xdist`` leaves nobody to heed them."""
    if not pluginmanager.hasplugin("xdist"):
        for name in ("--numprocesses", "--dist"):
            parser.addoption(name, help="ignored: pytest-xdist is not loaded")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker for each core; each may need a gigabyte of memory."""
    return min(machine.cores(), _MOST_WORKERS)


@pytest.fixture(autouse=True, scope="session")
def _no_folders_of_a_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let nothing of the tests reach the runs, settings, cache and trash of who starts them."""
    root = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CACHE", "RUNS", "CONFIG"):
            patch.setenv(f"DDPM_STUDIO_{name}", str(root / name.lower()))
        yield


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, runs and settings of the test's own."""
    for name in ("CACHE", "RUNS", "CONFIG"):
        monkeypatch.setenv(f"DDPM_STUDIO_{name}", str(tmp_path / name.lower()))


@pytest.fixture(scope="module")
def narrow_network() -> Iterator[None]:
    """As :func:`tests.narrow.network`."""
    with narrow.network():
        yield


@pytest.fixture(autouse=True, scope="module")
def _what_is_imported_stays() -> None:
    """Let the collector look at what tests make alone, not at a million imported objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def no_automatic_collection() -> Iterator[None]:
    """Collect garbage between tests with Qt alone; see ``ddpm_studio.gui.platform.collector``.

    pytest and pytest-qt destroy what a test has left after its fixtures have ended.
    """
    gc.disable()
    yield
    gc.enable()
