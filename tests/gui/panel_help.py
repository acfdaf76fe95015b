"""What the tests of the drawing tabs have in common."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec, Lane
from ddpm_studio.backend.spec import DeviceSteps
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event
from ddpm_studio.progress import Progress

T = 20
WAIT = 60_000


def opened(qtbot: QtBot, backend: Backend, run: Path | None = None) -> MainWindow:
    """Open the window, tools and all, and a run in it."""
    window = MainWindow(Studio(backend), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    qtbot.waitExposed(window)
    if run is not None:
        open_run(qtbot, window.studio, run)
    return window


def open_run(qtbot: QtBot, studio: Studio, run: Path) -> None:
    with qtbot.waitSignal(studio.run_changed, timeout=WAIT):
        studio.open_run(run)
    assert studio.can_draw


def endless(title: str, lane: Lane = Lane.BACKGROUND) -> JobSpec[None]:
    """A job of the device's thread that goes on until it is cancelled."""

    def steps(_: object) -> Generator[Event, None, None]:
        done = 0
        while True:
            done = min(done + 1, 50)
            # The window needs the interpreter too.
            time.sleep(0.002)
            yield Progress(done, 100, "Working")

    return JobSpec(title, DeviceSteps(steps), lane)


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def hover(widget: QWidget, mime: QMimeData) -> bool:
    """Do what Qt does when the mouse comes with something; returns whether it may be dropped."""
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(QPoint(9, 9), copy, mime, left, none)
    event.setAccepted(False)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Do what Qt does when the mouse lets go; returns whether it was taken."""
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    hover(widget, mime)
    event = QDropEvent(QPointF(9, 9), copy, mime, left, none)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def fitted(slot: SourceSlot) -> Pictures:
    """The picture of a slot, as the model takes it."""
    assert slot.fitted is not None
    return slot.fitted


def spread(pictures: Pictures) -> float:
    """How much pictures (N, H, W, C) differ from each other, in levels of 256."""
    return float(np.asarray(pictures, float).std(axis=0).mean())


def at(slider: Slider, share: float) -> QPoint:
    """The place in the groove at which the handle's middle stands for a share of the range."""
    half = slider.handle.width() / 2
    return QPoint(round(half + share * (slider.width() - 2 * half)), slider.height() // 2)
