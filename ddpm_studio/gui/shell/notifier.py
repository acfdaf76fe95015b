"""Desktop notification when a long job has ended and nobody was looking."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from ddpm_studio.backend import Backend, JobHandle, State
from ddpm_studio.gui.widgets.layout.eta import duration
from ddpm_studio.gui.workspace.settings import Preferences

Send = Callable[[str, str], None]
"""Shows a title and a text to a person who looks elsewhere."""


class Notifier(QObject):
    """Follows all listed jobs.

    Args:
        backend: whose jobs.
        preferences: whether to tell, and from which duration on.
        window: the one that may be in front.
        send: tells; None: by the desktop.
    """

    def __init__(
        self,
        backend: Backend,
        preferences: Preferences,
        window: QWidget,
        send: Send | None = None,
    ) -> None:
        super().__init__(window)
        self._preferences, self._window = preferences, window
        self._send = send or DesktopNotices(window).send
        self._since: dict[JobHandle[object], float] = {}
        backend.started.connect(self._on_started)

    def _on_started(self, job: JobHandle[object]) -> None:
        if job.spec.listed:
            self._since[job] = time.monotonic()
            job.ended.connect(self._on_ended)

    def _on_ended(self) -> None:
        job = self.sender()
        if not isinstance(job, JobHandle):
            return
        took = time.monotonic() - self._since.pop(job, time.monotonic())
        now = self._preferences.now
        if not now.notify or took < now.notify_after or self._window.isActiveWindow():
            return
        if job.state is State.DONE:
            self._send(job.spec.title, self.tr("Done after {time}.").format(time=duration(took)))
        elif job.failure is not None:
            self._send(job.spec.title, job.failure.line)


class DesktopNotices(QObject):
    """From the tray; by ``notify-send`` on a desktop without one; else by the task bar alone."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def send(self, title: str, text: str) -> None:
        """Tell a person who looks elsewhere; nothing happens where there is no way to."""
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._by_tray(title, text)
        elif program := shutil.which("notify-send"):
            words = ["--app-name", QApplication.applicationName(), "--", title, text]
            QProcess.startDetached(program, words)

    def _by_tray(self, title: str, text: str) -> None:
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.setToolTip(QApplication.applicationName())
            self._tray.messageClicked.connect(self._come_to_front)
            self._tray.activated.connect(self._come_to_front)
        # A message needs an icon that is seen; it goes when the window is looked at.
        self._tray.show()
        self._tray.showMessage(title, text, QApplication.windowIcon())

    def _come_to_front(self) -> None:
        if self._tray is not None:
            self._tray.hide()
        self._window.raise_()
        self._window.activateWindow()
