"""Helpers shared by the tests of the drawing tabs: opening runs, drops, endless jobs."""

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
    """Open the main window with all its tools, and a run in it if one is given."""
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
    """Return a job for the device's thread that runs until it is cancelled."""

    def steps(_: object) -> Generator[Event, None, None]:
        done = 0
        while True:
            done = min(done + 1, 50)
            # Release the GIL, which the window's thread needs too.
            time.sleep(0.002)
            yield Progress(done, 100, "Working")

    return JobSpec(title, DeviceSteps(steps), lane)


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def hover(widget: QWidget, mime: QMimeData) -> bool:
    """Send the event of a drag entering a widget; returns whether the widget accepts it."""
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(QPoint(9, 9), copy, mime, left, none)
    event.setAccepted(False)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Send the events of a drag and drop on a widget; returns whether the drop is accepted."""
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    hover(widget, mime)
    event = QDropEvent(QPointF(9, 9), copy, mime, left, none)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def fitted(slot: SourceSlot) -> Pictures:
    """Return the picture of a slot, fitted to the model's shape."""
    assert slot.fitted is not None
    return slot.fitted


def spread(pictures: Pictures) -> float:
    """Return the mean standard deviation between pictures (N, H, W, C), in levels of 256."""
    return float(np.asarray(pictures, float).std(axis=0).mean())


def at(slider: Slider, share: float) -> QPoint:
    """Return the position in the groove of the handle's centre at a share of the range."""
    half = slider.handle.width() / 2
    return QPoint(round(half + share * (slider.width() - 2 * half)), slider.height() // 2)
