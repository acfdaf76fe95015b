"""Mouse wheel: scrolling past a field in any tab, dock or dialog neither changes nor focuses it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.gui.features.common.animation_dialog import AnimationDialog
from ddpm_studio.gui.features.gallery.board_dialog import BoardDialog
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.preferences.dialog import SettingsDialog
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import AnimationRequest
from tests.gui.fake_backend import FakeBackend

_KINDS = (QComboBox, QAbstractSpinBox, QAbstractSlider)


def fields(*roots: QWidget) -> Iterator[QWidget]:
    for root in roots:
        for field in root.findChildren(QWidget):
            if isinstance(field, _KINDS) and not isinstance(field, QScrollBar):
                yield field


def state(field: QWidget) -> object:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    return field.text() if isinstance(field, QAbstractSpinBox) else field.value()  # type: ignore[attr-defined]


def turned_by(field: QWidget) -> bool:
    """Whether turning the wheel over a field, up or down, changes its value."""
    before = state(field)
    for notch in (120, -120):
        at = QPointF(field.rect().center())
        event = QWheelEvent(
            at,
            field.mapToGlobal(at),
            QPoint(),
            QPoint(0, notch),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        event.ignore()
        QApplication.sendEvent(field, event)
        if state(field) != before:
            return True
    return False


def test_the_wheel_changes_no_field_and_focuses_none(qtbot: QtBot, fake: FakeBackend) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.build_tools()
    learn = window.tool(LearnPanel)
    for concept in CONCEPTS:
        learn.show_concept(concept)
    settings = SettingsDialog(window.preferences, window.actions_, window)
    board = BoardDialog("Board", "Make", ["one", "two"], "one")
    animation = AnimationDialog(window.studio, list, AnimationRequest(), parent=window)
    for made in (settings, board, animation):
        qtbot.addWidget(made)
    found = list(fields(window, board))
    assert len(found) > 60
    wheel = Qt.FocusPolicy.WheelFocus
    told = [f"{type(one.parent()).__name__}: {one.accessibleName()}" for one in found]
    focused = [
        name for one, name in zip(found, told, strict=True) if one.focusPolicy() & wheel == wheel
    ]
    turned = [name for one, name in zip(found, told, strict=True) if turned_by(one)]
    assert focused == []
    assert turned == []
