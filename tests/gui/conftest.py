"""Fixtures of the window's tests: real and fake backends, a studio, pictures, a short run."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.platform.garbage_collector import GarbageCollector
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.workspace.studio import Studio
from tests import narrow
from tests.gui.fake_backend import FakeBackend
from tests.recipe import PAPER


@pytest.fixture
def fake(qtbot: QtBot) -> FakeBackend:
    """A fake backend whose jobs the test finishes itself."""
    backend = FakeBackend()
    backend.start()
    return backend


@pytest.fixture(autouse=True, scope="module")
def _collected_between(no_automatic_collection: None) -> None:
    """Apply ``no_automatic_collection`` to each module of tests with Qt."""


@pytest.fixture(autouse=True, scope="session")
def _nothing_copied_at_the_end() -> Iterator[None]:
    """Clear the clipboard at the end of the session.

    Without a desktop, its contents would be destroyed after the interpreter has ended.
    """
    yield
    if QApplication.instance() is not None:
        QApplication.clipboard().clear()


@pytest.fixture(autouse=True)
def _own_folders(own_folders: None) -> None:
    """Give each test its own folders for cache, runs and settings."""


@pytest.fixture
def backend(
    qtbot: QtBot, narrow_network: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backend]:
    from ddpm_studio.jobs.machine import speed_benchmark

    # Only the tests of the speed measurement itself should wait for it.
    monkeypatch.setattr(speed_benchmark, "PRESETS", ())
    # Destroy what earlier tests left behind.
    gc.collect()
    # What the collector freezes outlives the test: keep it frozen, so that later tests skip it.
    monkeypatch.setattr(gc, "unfreeze", lambda: None)
    collector = GarbageCollector()
    service = Backend()
    service.start()
    yield service
    ended = service.shutdown(60)
    collector.stop()
    assert ended


@pytest.fixture
def studio(backend: Backend) -> Studio:
    return Studio(backend)


@pytest.fixture
def theme(qtbot: QtBot) -> Iterator[Theme]:
    """The dark theme; its style sheet is removed afterwards, for the tests of other folders."""
    made = Theme("dark")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    made.apply(app)
    yield made
    app.setStyleSheet("")


@pytest.fixture
def pictures() -> Pictures:
    """Twelve different 8×8 RGB pictures."""
    return np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve 16-px RGB pictures, each of a different soft blob."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    grid = np.mgrid[0:16, 0:16]
    for k in range(12):
        centre = np.array([4 + k % 4 * 2, 4 + k // 4 * 3]).reshape(2, 1, 1)
        blob = np.exp(-((grid - centre) ** 2).sum(0) / 12)
        colour = np.array([k * 20, 255 - k * 20, 128])
        Image.fromarray((blob[..., None] * colour).round().astype(np.uint8)).save(
            folder / f"{k:02}.png"
        )
    return folder


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, picture_folder: Path) -> Path:
    """A run of a few real steps on 16-px pictures, T = 20."""
    from ddpm_studio.jobs import train
    from ddpm_studio.requests import PrepareOptions, TrainRequest

    run = tmp_path_factory.mktemp("runs") / "tiny"
    request = TrainRequest(
        **PAPER, steps=4, batch_size=4, timesteps=20, sample_count=2, device="cpu"
    )
    with narrow.network():
        for _ in train([picture_folder], run, request, PrepareOptions()):
            pass
    return run


@pytest.fixture(autouse=True)
def nothing_kept_before(request: pytest.FixtureRequest) -> None:
    """Empty the shared run's gallery before each test that uses the run.

    What a test draws on purpose is kept in the run, which all tests share.
    """
    if "tiny_run" in request.fixturenames:
        run: Path = request.getfixturevalue("tiny_run")
        shutil.rmtree(run / "samples" / "gallery", ignore_errors=True)
