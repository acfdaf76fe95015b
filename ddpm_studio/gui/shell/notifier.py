"""Desktop notification when a long job has ended while the window is not active."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from ddpm_studio.backend import Backend, JobHandle, State
from ddpm_studio.gui.widgets.layout.eta import format_duration
from ddpm_studio.gui.workspace.settings import Preferences

Send = Callable[[str, str], None]
"""Callable that shows a notification with a title and a text."""


class Notifier(QObject):
    """Notifies of the end of long jobs, among those that Jobs lists.

    Args:
        backend: the backend whose jobs are followed.
        preferences: whether to notify, and from which duration on.
        window: the window; while it is active, nothing is sent.
        send: shows a notification; None: :class:`DesktopNotifications`.
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
        self._send = send or DesktopNotifications(window).send
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
        duration = time.monotonic() - self._since.pop(job, time.monotonic())
        settings = self._preferences.now
        if not settings.notify or duration < settings.notify_after or self._window.isActiveWindow():
            return
        if job.state is State.DONE:
            self._send(
                job.spec.title, self.tr("Done after {time}.").format(time=format_duration(duration))
            )
        elif job.failure is not None:
            self._send(job.spec.title, job.failure.line)


class DesktopNotifications(QObject):
    """Desktop notifications by the system tray, else ``notify-send``, else a task bar alert."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def send(self, title: str, text: str) -> None:
        """Send a notification; only alerts in the task bar if the desktop supports no other way."""
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._send_by_tray(title, text)
        elif program := shutil.which("notify-send"):
            args = ["--app-name", QApplication.applicationName(), "--", title, text]
            QProcess.startDetached(program, args)

    def _send_by_tray(self, title: str, text: str) -> None:
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.setToolTip(QApplication.applicationName())
            self._tray.messageClicked.connect(self._activate_window)
            self._tray.activated.connect(self._activate_window)
        # A message needs a visible tray icon; a click on either hides the icon again.
        self._tray.show()
        self._tray.showMessage(title, text, QApplication.windowIcon())

    def _activate_window(self) -> None:
        if self._tray is not None:
            self._tray.hide()
        self._window.raise_()
        self._window.activateWindow()
