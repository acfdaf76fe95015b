"""Names as long as a file system allows make nothing wider than the window."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.panels.training_status import TrainingStatus
from ddpm_studio.gui.widgets.message_bar import MessageBar
from tests.gui.panel_help import open_run, opened

WIDTH, HEIGHT = 1100, 700
NAMES = ("w" * 224, "ü" * 100)


def widest(widget: QWidget) -> list[str]:
    """Say who asks for how much, from a widget down to its widest part."""
    told = []
    at: QWidget | None = widget
    while at is not None:
        told.append(f"{type(at).__name__} {at.objectName()} {at.minimumSizeHint().width()}")
        inner = [c for c in at.findChildren(QWidget) if c.parent() is at and not c.isWindow()]
        at = max(inner, key=lambda c: c.minimumSizeHint().width(), default=None)
    return told


@pytest.mark.parametrize("name", NAMES)
def test_a_long_name_makes_the_window_no_wider(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path, name: str
) -> None:
    run = tmp_path / name
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend)
    window.resize(WIDTH, HEIGHT)
    open_run(qtbot, window.studio, run)
    window.training.findChildren(TrainingStatus)[0].tell_other(name)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        for bar in window.findChildren(MessageBar):
            bar.show_message(
                f"{name} is called {name} now.",
                remedy=f"Look into {run}.",
                details=name,
                action="Bring it back",
                callback=lambda: None,
            )
        qtbot.wait(20)
        assert window.minimumSizeHint().width() <= WIDTH, widest(window)
        assert window.width() == WIDTH
    window.actions_["file.start"].trigger()
    qtbot.wait(20)
    assert window.minimumSizeHint().width() <= WIDTH, widest(window)
    assert window.width() == WIDTH
