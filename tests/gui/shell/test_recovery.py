"""After a crash the window offers to go on with what was being trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.runs import RunFolder, journal
from tests.gui.panel_help import opened


@pytest.fixture
def fallen(tiny_run: Path, tmp_path: Path) -> Path:
    """A run whose training of six steps was cut short after four."""
    run = tmp_path / "fallen"
    shutil.copytree(tiny_run, run)
    journal.begin(run, 6)
    return run


def test_it_offers_and_goes_on(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = opened(qtbot, backend)
    qtbot.waitUntil(window.messages.action_button.isVisible, timeout=20_000)
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: window.studio.training is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.studio.training is None, timeout=60_000)
    assert RunFolder.open(fallen).newest().step == 6
    assert journal.interrupted() == []


def test_sent_away_it_is_not_offered_again(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = opened(qtbot, backend)
    qtbot.waitUntil(window.messages.action_button.isVisible, timeout=20_000)
    window.messages.close_button.click()
    qtbot.waitUntil(lambda: journal.interrupted() == [], timeout=20_000)
    assert RunFolder.open(fallen).newest().step == 4


def test_without_a_crash_nothing_is_offered(qtbot: QtBot, backend: Backend, tiny_run: Path) -> None:
    window = opened(qtbot, backend)
    qtbot.waitUntil(lambda: backend.device is not None, timeout=20_000)
    qtbot.wait(300)
    assert not window.messages.isVisible()
