"""After a crash the window offers to go on with what was being trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.main_window import MainWindow
from ddpm_studio.gui.settings import open_settings
from ddpm_studio.gui.studio import Studio
from ddpm_studio.runs import RunFolder, journal


@pytest.fixture
def fallen(tiny_run: Path, tmp_path: Path) -> Path:
    """A run whose training of six steps was cut short after four."""
    run = tmp_path / "fallen"
    shutil.copytree(tiny_run, run)
    journal.begin(run, 6)
    return run


def window_of(qtbot: QtBot, backend: Backend) -> MainWindow:
    window = MainWindow(Studio(backend), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    return window


def test_it_offers_and_goes_on(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = window_of(qtbot, backend)
    qtbot.waitUntil(window.messages.action_button.isVisible, timeout=20_000)
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: window.studio.training is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.studio.training is None, timeout=60_000)
    assert RunFolder.open(fallen).newest().step == 6
    assert journal.interrupted() == []


def test_sent_away_it_is_not_offered_again(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = window_of(qtbot, backend)
    qtbot.waitUntil(window.messages.action_button.isVisible, timeout=20_000)
    window.messages.close_button.click()
    qtbot.waitUntil(lambda: journal.interrupted() == [], timeout=20_000)
    assert RunFolder.open(fallen).newest().step == 4


def test_without_a_crash_nothing_is_offered(qtbot: QtBot, backend: Backend, tiny_run: Path) -> None:
    window = window_of(qtbot, backend)
    qtbot.waitUntil(lambda: backend.device is not None, timeout=20_000)
    qtbot.wait(300)
    assert not window.messages.isVisible()
