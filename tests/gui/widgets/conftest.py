from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import Theme


@pytest.fixture
def theme(qtbot: QtBot) -> Iterator[Theme]:
    """The dark look; taken off again, for the tests of other folders."""
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


@pytest.fixture
def drop() -> Callable[[QWidget, QMimeData], bool]:
    """Drop something on the middle of a widget, with real events; tell whether it was taken."""

    def drop_on(target: QWidget, mime: QMimeData) -> bool:
        middle = target.rect().center()
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(middle), Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(target, enter)
        if not enter.isAccepted():
            return False
        fall = QDropEvent(QPointF(middle), Qt.DropAction.CopyAction, mime, buttons, keys)
        fall.setAccepted(False)
        QApplication.sendEvent(target, fall)
        return fall.isAccepted()

    return drop_on


def urls(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime
